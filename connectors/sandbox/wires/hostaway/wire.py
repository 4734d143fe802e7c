"""The wire put together: routing, tokens, two limits at once, failures."""

import json
import sqlite3
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from connectors.sandbox.happenings import Happening
from connectors.sandbox.limits import Window
from connectors.sandbox.records import Application, Json
from connectors.sandbox.store import MissingError
from connectors.sandbox.wires.hostaway import webhooks
from connectors.sandbox.wires.hostaway.answers import NAME, Call, Fail
from connectors.sandbox.wires.hostaway.auth import bearer, issue, revoke
from connectors.sandbox.wires.hostaway.routes import ROUTES, Handler
from connectors.sandbox.world import World

IP_WINDOW, ACCOUNT_WINDOW = Window("ip", 10.0, 15), Window("account", 10.0, 20)
_TOO_MANY = (
    "This error occurs because a server detects that your application has exceeded the rate limits or has made "
    "too many requests in a given period of time."
)
_WITH_BODY = ("POST", "PUT")
Endpoint = Callable[[Request], Awaitable[Response]]


class Hostaway:
    """One vendor's face: its webhooks and its routes."""

    name = NAME

    def __init__(self, world: World) -> None:
        self._world = world

    def payloads(self, happening: Happening) -> list[tuple[str, Json]]:
        """Event names with the bodies that the vendor would post."""
        return webhooks.payloads(self._world, happening)

    def routes(self) -> list[Route]:
        """The token endpoint and every call of the API."""
        made = [
            Route("/v1/accessTokens", self._token, methods=["POST"]),
            Route("/v1/accessTokens", self._revoke, methods=["DELETE"]),
        ]
        for method, path, handler in ROUTES:
            made.append(Route(f"/v1{path}", self._endpoint(handler), methods=[method]))
        return made

    async def _token(self, request: Request) -> Response:
        try:
            self._limit(request, None)
            return JSONResponse(await issue(self._world, request))
        except Fail as fail:
            return JSONResponse(fail.value, fail.status)

    async def _revoke(self, request: Request) -> Response:
        try:
            self._limit(request, bearer(self._world, request))
            return JSONResponse(revoke(self._world, request.query_params.get("token")))
        except Fail as fail:
            return JSONResponse(fail.value, fail.status)

    def _endpoint(self, handler: Handler) -> Endpoint:
        async def endpoint(request: Request) -> Response:
            try:
                application = self._allowed(request)
                return JSONResponse(handler(await self._call(request, application)))
            except Fail as fail:
                return JSONResponse(fail.value, fail.status)
            except MissingError:
                return JSONResponse({"status": "fail", "result": "Resource not found"}, 404)
            except (sqlite3.InterfaceError, sqlite3.ProgrammingError, sqlite3.OperationalError):
                # A value of a type that no column takes: only the store notices, and nothing was written.
                return JSONResponse({"status": "fail", "result": "Invalid value"}, 400)

        return endpoint

    def _allowed(self, request: Request) -> Application:
        """Whose call it is; a bad token counts for the address alone. Raises Fail."""
        try:
            application = bearer(self._world, request)
        except Fail:
            self._limit(request, None)
            raise
        request.state.application = application.id
        self._limit(request, application)
        return application

    def _limit(self, request: Request, application: Application | None) -> None:
        address = request.client.host if request.client else "unknown"
        keyed = [(f"{NAME}:{address}", IP_WINDOW)]
        if application:
            keyed.append((f"{NAME}:{application.id}", ACCOUNT_WINDOW))
        if self._world.limiter.check_all(keyed).retry_after is not None:
            raise Fail(429, _TOO_MANY)

    async def _call(self, request: Request, application: Application) -> Call:
        body: Any = None
        if request.method in _WITH_BODY:
            raw = await request.body()
            try:
                body = json.loads(raw) if raw else {}
            except ValueError:
                raise Fail(400, "Body is not valid JSON") from None
        world, store = self._world, self._world.store
        if request.method == "GET":
            store = getattr(request.state, "lagging", None) or store
        failing = False
        if request.method == "POST" and request.url.path.endswith("/messages"):
            failing = world.faults.strike_request("message_fails", "POST", request.url.path) is not None
        params = request.path_params
        return Call(world, store, params, request.query_params, body, application, failing)
