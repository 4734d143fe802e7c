"""The layer between the network and a wire: logs every request and lets the request faults strike."""

import asyncio
import json
import time
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from connectors.sandbox.jsonfault import SPOILERS, spoiled
from connectors.sandbox.records import Fault
from connectors.sandbox.requestlog import Seen
from connectors.sandbox.world import World

_HTML = b"<!doctype html><html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"
_MEGABYTE = 1024 * 1024


class _Made:
    """The answer that the wire made, kept back until the faults have had their turn."""

    def __init__(self) -> None:
        self.status = 0
        self.headers: list[tuple[bytes, bytes]] = []
        self.body = b""

    async def take(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status, self.headers = message["status"], list(message["headers"])
        elif message["type"] == "http.response.body":
            self.body += message.get("body", b"")

    def is_json(self) -> bool:
        """Whether there is a body that can be spoiled as JSON; some errors are bare texts."""
        kind = dict(self.headers).get(b"content-type", b"")
        return bool(self.body) and kind.startswith(b"application/json")

    def replace(self, status: int, body: bytes, kind: str = "application/json; charset=utf-8") -> None:
        self.status, self.body = status, body
        self.headers = [(name, value) for name, value in self.headers if name != b"content-type"]
        self.headers.append((b"content-type", kind.encode()))


class Misbehave:
    """Wraps a wire. A fault before the work keeps the wire from seeing the request; one after it spoils the answer."""

    def __init__(self, app: ASGIApp, world: World) -> None:
        self._app = app
        self._world = world

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started, at = time.monotonic(), self._world.clock.iso()
        call = _Strikes(self._world, scope)
        made = _Made()
        cut = False
        try:
            cut = await self._before(call, made)
            if not cut and not made.status:
                self._lag(call, scope)
                await self._app(scope, receive, made.take)
                cut = await self._after(call, made)
        except asyncio.CancelledError:
            cut = True  # the server is stopping and doesn't wait for slow answers
        except Exception:
            made.status = 500
            raise
        finally:
            self._log(scope, call, 0 if cut else made.status, at, started)
        if cut:
            await cut_line(send)
        else:
            await _answer(made, send)

    async def _before(self, call: "_Strikes", made: _Made) -> bool:
        """Let faults strike that keep the work from being done; answers whether the line is cut."""
        errors = self._world.house.errors
        if fault := call.strike("slow"):
            await asyncio.sleep(float(fault.params["seconds"]))
        if fault := call.strike("down"):
            if fault.params["mode"] == "cut":
                return True
            made.replace(503, errors.down)
        elif fault := call.strike("too_many"):
            made.replace(429, errors.too_many)
            if errors.hints_wait and fault.params["retry_after"] is not None:
                made.headers.append((b"retry-after", str(int(fault.params["retry_after"])).encode()))
        elif fault := call.strike("html_error"):
            made.replace(int(fault.params["status"]), _HTML, "text/html")
        elif call.strike("error_in_200"):
            made.replace(200, errors.in_200)
        return False

    def _lag(self, call: "_Strikes", scope: Scope) -> None:
        if call.method == "GET" and (fault := call.strike("stale_reads")):
            scope.setdefault("state", {})["lagging"] = self._world.replica.as_of(
                float(fault.params["seconds"])
            )

    async def _after(self, call: "_Strikes", made: _Made) -> bool:
        """Let faults strike after the work was done; answers whether the line is cut."""
        for kind in SPOILERS if made.is_json() else ():
            if fault := call.strike(kind):
                made.body = spoiled(made.body.decode(), kind, fault.params).encode()
        if fault := call.strike("slow_after_work"):
            await asyncio.sleep(float(fault.params["seconds"]))
        if call.strike("cut_after_work"):
            return True
        if fault := call.strike("error_after_work"):
            made.replace(int(fault.params["status"]), self._world.house.errors.after_work)
        elif call.strike("truncated"):
            made.body = made.body[: len(made.body) // 2]
        elif made.is_json() and (fault := call.strike("huge")):
            made.body = _padded(made.body, int(float(fault.params["megabytes"]) * _MEGABYTE))
        return False

    def _log(self, scope: Scope, call: "_Strikes", status: int, at: str, started: float) -> None:
        query = scope["query_string"].decode("latin-1")
        ms = round((time.monotonic() - started) * 1000)
        application = scope.get("state", {}).get("application")
        self._world.requests.add(
            Seen(0, at, call.method, call.path, query, status, ms, application, call.hit)
        )


class _Strikes:
    """Asks for the faults that strike one request, and remembers them."""

    def __init__(self, world: World, scope: Scope) -> None:
        self._world = world
        self.method: str = scope["method"]
        self.path: str = scope["path"]
        self.hit: list[str] = []

    def strike(self, kind: str) -> Fault | None:
        fault = self._world.faults.strike_request(kind, self.method, self.path)
        if fault:
            self.hit.append(fault.id)
        return fault


def _padded(body: bytes, size: int) -> bytes:
    """The same JSON with so many bytes of padding in it."""
    value: Any = json.loads(body)
    padding = "x" * size
    if isinstance(value, list):
        value.append({"padding": padding})
    else:
        value = {"data": value} if not isinstance(value, dict) else value
        value["padding"] = padding
    return json.dumps(value, ensure_ascii=False).encode()


async def _answer(made: _Made, send: Send) -> None:
    headers = [(name, value) for name, value in made.headers if name != b"content-length"]
    if made.status != 204:
        headers.append((b"content-length", str(len(made.body)).encode()))
    await send({"type": "http.response.start", "status": made.status, "headers": headers})
    await send({"type": "http.response.body", "body": made.body})


async def cut_line(send: Send) -> None:
    """Close the TCP connection at once, without an answer; `send` is the server's own."""
    transport = getattr(getattr(send, "__self__", None), "transport", None)
    if transport is None:
        raise RuntimeError("the server doesn't show its connection")
    transport.abort()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
