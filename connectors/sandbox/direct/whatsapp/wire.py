"""The wire put together: bearer token, routes below a version, uploads, errors."""

import json
import sqlite3
from collections.abc import Awaitable, Callable
from inspect import isawaitable

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from connectors.sandbox.direct.line_world import LineWorld
from connectors.sandbox.direct.records import Line
from connectors.sandbox.direct.whatsapp import account, media, send
from connectors.sandbox.direct.whatsapp.calls import Call, version_of
from connectors.sandbox.direct.whatsapp.errors import GraphError
from connectors.sandbox.direct.whatsapp.house import NUMBER, PHONE_NUMBER_ID, WABA_ID
from connectors.sandbox.records import Json, Token

Handler = Callable[[Call], "Json | Awaitable[Json]"]
_WHO: dict[str, str] = {
    "messages": PHONE_NUMBER_ID,
    "media": PHONE_NUMBER_ID,
    "message_templates": WABA_ID,
    "phone_numbers": WABA_ID,
    "subscribed_apps": WABA_ID,
}
_CALLS: tuple[tuple[str, str, Handler], ...] = (
    ("POST", "messages", send.post),
    ("GET", "message_templates", account.templates),
    ("POST", "message_templates", account.add_template),
    ("DELETE", "message_templates", account.delete_template),
    ("GET", "phone_numbers", account.numbers),
    ("GET", "subscribed_apps", account.subscribers),
    ("POST", "subscribed_apps", account.subscribe),
    ("DELETE", "subscribed_apps", account.unsubscribe),
)


class Graph:
    """The calls that concern one business account."""

    def __init__(self, world: LineWorld) -> None:
        self._world = world

    def routes(self) -> list[Route]:
        """Every call, below a version."""
        made = [Route("/lookaside", self._answering(self._lookaside))]
        for method, name, handler in _CALLS:
            endpoint = self._answering(self._json(handler, name))
            made.append(Route(f"/{{version}}/{{id}}/{name}", endpoint, methods=[method]))
        made += [
            Route("/{version}/{id}/media", self._answering(self._upload), methods=["POST"]),
            Route("/{version}/{id}", self._answering(self._json(self._object, "")), methods=["GET"]),
            Route("/{version}/{id}", self._answering(self._json(media.delete, "")), methods=["DELETE"]),
        ]
        return made

    def _answering(
        self, handler: Callable[[Request], Awaitable[Response]]
    ) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            try:
                self._authenticate(request)
                return await handler(request)
            except GraphError as error:
                return JSONResponse(error.body, error.status)
            except (sqlite3.InterfaceError, sqlite3.ProgrammingError, sqlite3.OperationalError):
                return JSONResponse(GraphError(100).body, 400)  # a value of a type that no column takes

        return endpoint

    def _authenticate(self, request: Request) -> None:
        """Raises GraphError."""
        scheme, _, code = request.headers.get("authorization", "").partition(" ")
        token = self._world.store.get(Token, code or request.query_params.get("access_token"))
        if (code and scheme.lower() != "bearer") or token is None or token.revoked:
            raise GraphError(190)
        request.state.application = token.application

    def _json(self, handler: Handler, name: str) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            self._check_path(request, name)
            answer = handler(await self._call(request))
            return JSONResponse(await answer if isawaitable(answer) else answer)

        return endpoint

    def _check_path(self, request: Request, name: str) -> None:
        """A known version, and an object of ours. Raises GraphError."""
        version_of(request.path_params["version"])
        if name and request.path_params["id"] != _WHO[name]:
            raise GraphError(100, "Object does not exist or you lack permission", subcode=33)

    async def _call(self, request: Request) -> Call:
        raw = await request.body()
        try:
            body = json.loads(raw) if raw else {}
        except ValueError:
            raise GraphError(100, "The body is not valid JSON") from None
        if not isinstance(body, dict):
            raise GraphError(100, "The body is not an object")
        params = {**request.path_params, "path": request.url.path.removeprefix("/graph")}
        return Call(self._world, params, request.query_params, body)

    def _object(self, call: Call) -> Json:
        """A number of ours, or a file."""
        if call.params["id"] == PHONE_NUMBER_ID:
            return account.number(self._world.store.need(Line, NUMBER))
        if call.params["id"] == WABA_ID:
            return {"id": WABA_ID, "name": "Harbour House", "timezone_id": "1"}
        return media.look_up(call)

    async def _upload(self, request: Request) -> Response:
        self._check_path(request, "media")
        async with request.form() as form:
            file, kind = form.get("file"), form.get("type")
            if form.get("messaging_product") != "whatsapp":
                raise GraphError(100, "The parameter messaging_product is required.")
            if not isinstance(file, UploadFile):
                raise GraphError(131008, "Parameter file is missing")
            mime = str(kind or file.content_type or "application/octet-stream")
            return JSONResponse(media.upload(self._world, mime, file.filename or "file", await file.read()))

    async def _lookaside(self, request: Request) -> Response:
        row = media.fetched(Call(self._world, {}, request.query_params, {}))
        if row is None:
            return Response("", 404)
        return Response(row.data, media_type=row.mime)
