from __future__ import annotations

import pytest

from tests import factories
from tests.factories import Desk
from tests.pms import intake_server, pms, sandbox_process

__all__ = ["intake_server", "pms", "sandbox_process"]


@pytest.fixture
def desk(transactional_db: None) -> Desk:
    """Committed, so that every connection sees it."""
    return factories.desk()
