"""The Hostaway of the running sandbox, as at its first start."""

import pytest

from tests.connectors.sandbox.harness import Sandbox
from tests.connectors.sandbox.worlds import Hostaway


@pytest.fixture
def hostaway(running: Sandbox) -> Hostaway:
    return Hostaway(running)
