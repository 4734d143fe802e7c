from __future__ import annotations

import pytest

from tests import factories
from tests.factories import Desk
from tests.pms import intake_server, pms, sandbox_process

__all__ = ["intake_server", "pms", "sandbox_process"]


@pytest.fixture
def desk(db: None) -> Desk:
    """One organization with a person of each role, without a PMS that runs."""
    return factories.desk()
