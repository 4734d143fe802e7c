"""A small real HTTP server in a thread: answers from a function, counts what arrives and when."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Seen:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    at: float


@dataclass
class Reply:
    """`before` runs before the answer; a `status` of 0 closes the connection without one."""

    status: int = 200
    body: bytes = b"{}"
    headers: dict[str, str] = field(default_factory=dict)
    before: Callable[[], Any] | None = None
    cut: bool = False


class LittleServer:
    def __init__(self, port: int) -> None:
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self.seen: list[Seen] = []
        self.answer: Callable[[Seen], Reply | object] = lambda _: {}
        self.lock = threading.Lock()

    def peak(self, window_s: float, path: str = "") -> int:
        """The most requests that ever arrived within one window."""
        times = sorted(seen.at for seen in self.seen if path in seen.path)
        return max((sum(1 for t in times if start <= t < start + window_s) for start in times), default=0)


@contextmanager
def little_server() -> Iterator[LittleServer]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def _handle(self) -> None:
            at = time.monotonic()
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            seen = Seen(self.command, self.path, headers, body, at)
            with little.lock:
                little.seen.append(seen)
            reply = little.answer(seen)
            if not isinstance(reply, Reply):
                reply = Reply(body=json.dumps(reply).encode())
            if reply.before:
                reply.before()
            if not reply.status:
                self.close_connection = True
                return
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(reply.body)))
            self.end_headers()
            self.wfile.write(reply.body[: len(reply.body) // 2] if reply.cut else reply.body)
            self.close_connection = self.close_connection or reply.cut

        do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = _handle  # noqa: N815

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    little = LittleServer(server.server_address[1])
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield little
    finally:
        server.shutdown()
        server.server_close()
