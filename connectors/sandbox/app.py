"""The program put together: wires, control API, console, and the loop that sends webhooks."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.routing import BaseRoute, Mount, Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from connectors.sandbox import console, control
from connectors.sandbox.misbehave import Misbehave
from connectors.sandbox.records import Unit
from connectors.sandbox.seed import plant
from connectors.sandbox.sender import Sender
from connectors.sandbox.wires.guesty import Guesty
from connectors.sandbox.world import World

_SAFE = ("GET", "HEAD", "OPTIONS")
LOOPBACK = ("127.0.0.1", "localhost", "::1")


def build(data: Path, host: str) -> ASGIApp:
    """The application over the store in `data`, reached as `host` or loopback and under no other name."""
    world = World(data)
    guesty = Guesty(world)
    world.wires.append(guesty)
    if not world.store.count(Unit):
        plant(world.store, world.clock.now())
    routes: list[BaseRoute] = [
        Route("/healthz", _healthz),
        Mount("/_control", routes=control.routes(world)),
        *console.routes(),
    ]
    app = Starlette(routes=routes, lifespan=_lifespan(world))
    wires = {"/guesty/": Misbehave(Mount("/guesty", app=Router(routes=guesty.routes())), world)}
    return Guard(_Split(app, wires), [*LOOPBACK, host])


def _lifespan(world: World) -> Callable[[Starlette], contextlib.AbstractAsyncContextManager[None]]:
    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        sending = asyncio.create_task(Sender(world).run())
        yield
        sending.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await sending
        world.close()

    return lifespan


async def _healthz(_: Request) -> JSONResponse:
    return JSONResponse({"ok": True})


class _Split:
    """Sends what begins with a wire's prefix straight to it: its answers and cuts need the server's own `send`."""

    def __init__(self, app: ASGIApp, wires: Mapping[str, ASGIApp]) -> None:
        self._app = app
        self._wires = wires

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            for prefix, wire in self._wires.items():
                if scope["path"].startswith(prefix):
                    await wire(scope, receive, send)
                    return
        await self._app(scope, receive, send)


class Guard:
    """Refuses unknown Host headers (DNS rebinding) and writes that another site's page makes a browser send."""

    def __init__(self, app: ASGIApp, hosts: Sequence[str]) -> None:
        self._app = app
        self._hosts = set(hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and (reason := self._refusal(scope)):
            await PlainTextResponse(reason, 403)(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _refusal(self, scope: Scope) -> str | None:
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        host = headers.get(b"host", "")
        if urlsplit(f"//{host}").hostname not in self._hosts:
            return "unknown host"
        origin = headers.get(b"origin")
        if origin and scope["method"] not in _SAFE and urlsplit(origin).netloc != host:
            return "foreign origin"
        return None
