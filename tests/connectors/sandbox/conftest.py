"""One sandbox process for all files, set back to its seed before every test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.connectors.sandbox.harness import Endpoint, Sandbox


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    sandbox = Sandbox(tmp_path_factory.mktemp("sandbox"))
    sandbox.start()
    yield sandbox
    sandbox.stop()


@pytest.fixture
def sandbox(running: Sandbox) -> Sandbox:
    running.reset()
    return running


@pytest.fixture
def own_sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    """A process of the test's own, to be stopped and started."""
    sandbox = Sandbox(tmp_path)
    sandbox.start()
    yield sandbox
    if sandbox.process.poll() is None:
        sandbox.stop()


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    endpoint = Endpoint()
    yield endpoint
    endpoint.close()
