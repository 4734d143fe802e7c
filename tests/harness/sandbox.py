"""The sandbox PMS as a real process, with a fresh seed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.harness.processes import Program, answers, free_port
from tests.harness.waiting import eventually


class Sandbox:
    """Addresses of a running sandbox, and a client for its control API (`sandbox.control.post("/_control/…")`)."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self.api_root = f"{self.url}/guesty"
        self.control = httpx.Client(base_url=self.url, timeout=10)


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    """`python -m connectors.sandbox` on a free port; gone after the test."""
    port = free_port()
    arguments = ["--port", str(port), "--data", str(tmp_path / "sandbox")]
    with Program("connectors.sandbox", *arguments, log=tmp_path / "sandbox.log"):
        running = Sandbox(port)
        eventually(lambda: answers(running.url))
        yield running
        running.control.close()
