"""The program put together: wires, control API, console, and the loop that sends webhooks."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.routing import BaseRoute, Mount, Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from connectors.sandbox import console, control
from connectors.sandbox.direct import control as direct_control
from connectors.sandbox.direct.town import Town
from connectors.sandbox.happenings import Wire
from connectors.sandbox.house import House
from connectors.sandbox.houses.cloudbeds import CLOUDBEDS
from connectors.sandbox.houses.guesty import GUESTY
from connectors.sandbox.houses.hostaway import HOSTAWAY
from connectors.sandbox.misbehave import Misbehave
from connectors.sandbox.records import Unit
from connectors.sandbox.sender import Sender
from connectors.sandbox.website import Website
from connectors.sandbox.wires.cloudbeds import Cloudbeds
from connectors.sandbox.wires.guesty import Guesty
from connectors.sandbox.wires.hostaway import Hostaway
from connectors.sandbox.world import World


class Face(Wire, Protocol):
    """A wire that can be built over a world and mounted."""

    def __init__(self, world: World) -> None: ...

    def routes(self) -> list[Route]:
        """Its calls, without the prefix."""


_SAFE = ("GET", "HEAD", "OPTIONS")
PMSS: tuple[tuple[House, type[Face]], ...] = ((GUESTY, Guesty), (HOSTAWAY, Hostaway), (CLOUDBEDS, Cloudbeds))
"""Each is a world of its own; the first one's control API is also at `/_control`."""
LOOPBACK = ("127.0.0.1", "localhost", "::1")


def build(data: Path, host: str, port: int) -> ASGIApp:
    """The application over the stores in `data`, reached as `host` or loopback and under no other name."""
    worlds: list[World] = []
    wires: dict[str, ASGIApp] = {}
    for house, face in PMSS:
        world = World(data, house)
        wire = face(world)
        world.wires.append(wire)
        if not world.store.count(Unit):
            house.plant(world.store, world.clock.now())
        worlds.append(world)
        prefix = f"/{house.name}"
        wires[f"{prefix}/"] = Misbehave(Mount(prefix, app=Router(routes=wire.routes())), world)
    town = Town(data, host, port)
    for provider in town.providers:
        mount = Mount(provider.prefix, app=Router(routes=provider.routes))
        wires[f"{provider.prefix}/"] = Misbehave(mount, provider.world)
    steered = [
        Mount(f"/_control/{world.house.name}", routes=control.routes(world), name=world.house.name)
        for world in worlds
    ]
    routes: list[BaseRoute] = [
        Route("/healthz", _healthz),
        *steered,
        *direct_control.routes(town),
        *Website(town.phones.store).routes(),
        Mount("/_control", routes=control.routes(worlds[0])),
        *console.routes(),
    ]
    app = Starlette(routes=routes, lifespan=_lifespan(worlds, town))
    return Guard(_Split(app, wires), [*LOOPBACK, host])


def _lifespan(
    worlds: Sequence[World], town: Town
) -> Callable[[Starlette], contextlib.AbstractAsyncContextManager[None]]:
    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        town.open()
        loops = [*(Sender(world).run for world in worlds), *town.loops()]
        running = [asyncio.create_task(loop()) for loop in loops]
        yield
        for task in running:
            task.cancel()
        for task in running:
            with contextlib.suppress(asyncio.CancelledError):
                await task
        for world in worlds:
            world.close()
        town.close()

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
                if f"{scope['path']}/".startswith(prefix):
                    await wire({**scope, "path": scope["path"].ljust(len(prefix), "/")}, receive, send)
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
