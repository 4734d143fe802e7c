from __future__ import annotations

from collections.abc import Iterator

import pytest

from connectors.outbound import health
from connectors.pms.hostaway import Hostaway
from tests.connectors.little_server import LittleServer, little_server


@pytest.fixture
def server(settings: object) -> Iterator[LittleServer]:
    """A real HTTP server that may be called."""
    with little_server() as little:
        settings.BELLHOP_ALLOWED_PRIVATE_HOSTS = [f"127.0.0.1:{little.port}"]  # type: ignore[attr-defined]
        yield little


@pytest.fixture(autouse=True)
def _fresh_throttle() -> None:
    """Row ids repeat between tests; what this process noted about them must not."""
    health._noted.clear()


@pytest.fixture(autouse=True)
def _tokens_need_no_rest(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sandboxes of these tests are set to `token_delay` 0: nobody waits a second for each new connection."""
    if "sandbox_process" in request.fixturenames:
        monkeypatch.setattr(Hostaway, "token_rest_s", 0.0)
