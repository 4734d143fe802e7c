"""The direct channels as at their first start, and quick."""

import pytest

from tests.connectors.sandbox.direct.providers import Meta, Twilio
from tests.connectors.sandbox.harness import Sandbox


@pytest.fixture
def town(running: Sandbox) -> Sandbox:
    running.control("POST", "/phones/reset")
    for provider in ("twilio", "whatsapp"):
        running.control("PATCH", f"/{provider}/settings", sending_seconds=0.05)
    return running


@pytest.fixture
def twilio(town: Sandbox) -> Twilio:
    return Twilio(town)


@pytest.fixture
def meta(town: Sandbox) -> Meta:
    return Meta(town)
