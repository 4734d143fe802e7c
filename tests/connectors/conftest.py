from __future__ import annotations

from collections.abc import Iterator

import pytest

from connectors.outbound import health
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
