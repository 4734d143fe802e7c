"""The wire put together: routing, tokens, rate limits, errors."""

import json
import sqlite3
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from connectors.sandbox.happenings import Happening
from connectors.sandbox.limits import Verdict, Window
from connectors.sandbox.records import Application, Json
from connectors.sandbox.store import MissingError
from connectors.sandbox.wires.guesty import webhooks
from connectors.sandbox.wires.guesty.answers import Answer, Call, WireError, coded
from connectors.sandbox.wires.guesty.auth import NAME, bearer, issue
from connectors.sandbox.wires.guesty.routes import ROUTES, Handler
from connectors.sandbox.world import World

WINDOWS = (Window("second", 1.0, 15), Window("minute", 60.0, 120), Window("hour", 3_600.0, 5_000))
_WITH_BODY = ("POST", "PUT")
Endpoint = Callable[[Request], Awaitable[Response]]


class Guesty:
    """One vendor's face: its webhooks and its routes."""

    name = NAME

    def __init__(self, world: World) -> None:
        self._world = world

    def payloads(self, happening: Happening) -> list[tuple[str, Json]]:
        """Event names with the bodies that the vendor would post."""
        return webhooks.payloads(self._world, happening)

    def routes(self) -> list[Route]:
        """The token endpoint and every call of the API."""
        made = [Route("/oauth2/token", self._token, methods=["POST"])]
        for method, path, handler in ROUTES:
            made.append(Route(f"/v1{path}", self._endpoint(handler), methods=[method]))
        return made

    async def _token(self, request: Request) -> Response:
        try:
            answer = await issue(self._world, request)
        except WireError as error:
            answer = error.answer
        return _response(answer, {})

    def _endpoint(self, handler: Handler) -> Endpoint:
        async def endpoint(request: Request) -> Response:
            headers: dict[str, str] = {}
            try:
                application = bearer(self._world, request)
                request.state.application = application.id
                verdict = self._world.limiter.check(f"{NAME}:{application.id}", WINDOWS)
                headers = _limit_headers(verdict)
                if verdict.retry_after is not None:
                    raise coded(429, "TOO_MANY_REQUESTS", "Too many requests")
                answer = handler(await self._call(request, application))
            except WireError as error:
                answer = error.answer
            except MissingError as error:
                answer = coded(404, "NOT_FOUND", str(error)).answer
            except (sqlite3.InterfaceError, sqlite3.ProgrammingError):
                # A value of a type that no column takes: only the store notices, and nothing was written.
                answer = coded(400, "VALIDATION_ERROR", "Invalid value").answer
            return _response(answer, headers)

        return endpoint

    async def _call(self, request: Request, application: Application) -> Call:
        body: Any = None
        if request.method in _WITH_BODY:
            raw = await request.body()
            try:
                body = json.loads(raw) if raw else {}
            except ValueError:
                raise coded(400, "BAD_REQUEST", "Body is not valid JSON") from None
        store = self._world.store
        if request.method == "GET":
            store = getattr(request.state, "lagging", None) or store
        return Call(self._world, store, request.path_params, request.query_params, body, application)


def _limit_headers(verdict: Verdict) -> dict[str, str]:
    headers = {}
    for window, limit in verdict.limits.items():
        headers[f"X-ratelimit-limit-{window}"] = str(limit)
        headers[f"X-ratelimit-remaining-{window}"] = str(verdict.remaining[window])
    if verdict.retry_after is not None:
        headers["Retry-After"] = str(verdict.retry_after)
    return headers


def _response(answer: Answer, headers: dict[str, str]) -> Response:
    kind, content = answer.encoded()
    headers = headers | answer.headers | {"x-request-id": str(uuid.uuid4()), "content-type": kind}
    return Response(content, answer.status, headers)
