"""A real sandbox process, a client for its API, and an endpoint that takes its webhooks."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlsplit

import httpx

ROOT = Path(__file__).resolve().parents[3]
FORM = {"grant_type": "client_credentials", "scope": "open-api"}
CREDENTIALS = {"client_id": "sandbox-client", "client_secret": "sandbox-secret"}
TALK = "/communication/conversations"
PICTURE = b"\x89PNG\r\n\x1a\n" + b"picture"


T = TypeVar("T")


def wait_for(question: Callable[[], T], seconds: float = 15.0) -> T:
    """The first answer that is true."""
    end = time.monotonic() + seconds
    while True:
        answer = question()
        if answer:
            return answer
        if time.monotonic() > end:
            raise AssertionError("it didn't happen in time")
        threading.Event().wait(0.02)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Sandbox:
    """One process over one folder; `control` and `api` answer parsed JSON and fail on anything but success."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.port = free_port()
        self.http = httpx.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=20, trust_env=False)
        self._token: str | None = None

    def start(self) -> None:
        command = [
            sys.executable,
            "-m",
            "connectors.sandbox",
            "--port",
            str(self.port),
            "--data",
            str(self.data),
        ]
        self.process = subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.PIPE, text=True, env=os.environ.copy()
        )
        assert self.process.stdout is not None
        self.ready_line = self.process.stdout.readline()

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(how)
        code = self.process.wait(timeout=10)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return code

    def control(self, method: str, path: str, /, **body: Any) -> Any:
        answer = self.http.request(method, f"/_control{path}", json=body or None)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def issue_token(self, **extra: str) -> httpx.Response:
        return self.http.post("/guesty/oauth2/token", data=FORM | CREDENTIALS | extra)

    def call(self, method: str, path: str, **given: Any) -> httpx.Response:
        if self._token is None:
            self._token = self.issue_token().raise_for_status().json()["access_token"]
        headers = {"authorization": f"Bearer {self._token}"}
        return self.http.request(method, f"/guesty/v1{path}", headers=headers, **given)

    def api(self, method: str, path: str, **given: Any) -> Any:
        answer = self.call(method, path, **given)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    def filtered(self, path: str, *rows: tuple[str, str, Any], **params: Any) -> Any:
        wanted = [{"field": field, "operator": operator, "value": value} for field, operator, value in rows]
        return self.api("GET", path, params={"filters": json.dumps(wanted), **params})

    def stay(self, key: str) -> Any:
        return self.control("GET", f"/reservations/{key}")

    def reset(self) -> None:
        self.control("POST", "/reset")
        self.control("PATCH", "/settings", limit_scale=1000, secret_delay=0.001)
        self._token = None


class Endpoint:
    """Takes webhooks on a free port and answers what `answer` says for each."""

    def __init__(self) -> None:
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.paths: list[str] = []
        self.verify_token = ""
        self.says = b""
        self.headers: dict[str, str] = {}
        self.answer: Callable[[int], int] = lambda _: 204
        self._lock = threading.Lock()
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                with endpoint._lock:
                    endpoint.got.append(({k.lower(): v for k, v in self.headers.items()}, body))
                    endpoint.paths.append(self.path)
                    number = len(endpoint.got)
                self.send_response(endpoint.answer(number))
                self.send_header("content-length", str(len(endpoint.says)))
                for name, value in endpoint.headers.items():
                    self.send_header(name, value)
                if endpoint.answer(number) == 302:
                    self.send_header("location", "/elsewhere")
                self.end_headers()
                self.wfile.write(endpoint.says)

            def do_GET(self) -> None:
                """Answers a subscription's challenge, and has a picture for everything else."""
                asked = dict(parse_qsl(urlsplit(self.path).query))
                good = asked.get("hub.verify_token") == endpoint.verify_token
                body = asked["hub.challenge"].encode() if "hub.challenge" in asked else PICTURE
                self.send_response(200 if good or body == PICTURE else 403)
                self.send_header("content-type", "image/png" if body == PICTURE else "text/plain")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                """Keep the test's output clean."""

        class Server(ThreadingHTTPServer):
            request_queue_size = 128
            daemon_threads = True

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/hooks"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    def bodies(self) -> list[Any]:
        with self._lock:
            return [json.loads(body) for _, body in self.got]

    def forms(self) -> list[dict[str, str]]:
        """The bodies as decoded forms."""
        with self._lock:
            return [dict(parse_qsl(body.decode(), keep_blank_values=True)) for _, body in self.got]

    def events(self, name: str) -> list[Any]:
        return [body for body in self.bodies() if body["event"] == name]
