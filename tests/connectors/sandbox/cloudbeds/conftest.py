"""The Cloudbeds of the running sandbox, as at its first start."""

import pytest

from tests.connectors.sandbox.harness import Sandbox
from tests.connectors.sandbox.worlds import Cloudbeds


@pytest.fixture
def cloudbeds(running: Sandbox) -> Cloudbeds:
    return Cloudbeds(running)


@pytest.fixture
def key(cloudbeds: Cloudbeds) -> str:
    """The test stay."""
    return str(cloudbeds.stay("TEST-0003")["id"])
