"""The sandbox PMS as its own process, for tests that talk to it over HTTP only."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


class SandboxProcess:
    def __init__(self, port: int) -> None:
        self.port = port
        self.url = f"http://127.0.0.1:{port}/guesty"

    def control(self, route: str, method: str = "GET", /, **body: Any) -> Any:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/_control/{route}",
            method=method,
            data=json.dumps(body).encode() if method != "GET" else None,
            headers={"content-type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
            return json.loads(answer.read())


@contextmanager
def running_sandbox(folder: Path) -> Iterator[SandboxProcess]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "connectors.sandbox", "--port", str(port), "--data", str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    sandbox = SandboxProcess(port)
    try:
        _wait(sandbox, process)
        yield sandbox
    finally:
        process.terminate()
        process.wait(10)


def _wait(sandbox: SandboxProcess, process: subprocess.Popen[bytes]) -> None:
    pause = threading.Event()
    for _ in range(200):
        if process.poll() is not None:
            assert process.stderr is not None
            raise RuntimeError(f"The sandbox ended: {process.stderr.read().decode()[-500:]}")
        try:
            sandbox.control("state")
        except OSError:
            pause.wait(0.1)
        else:
            return
    raise RuntimeError("The sandbox did not start within 20 s.")
