"""The wire put together: routing, keys, rate, forms, errors inside 200."""

import sqlite3
import uuid
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from connectors.sandbox.actions.stays import ActionError
from connectors.sandbox.happenings import Happening
from connectors.sandbox.records import Application, Json
from connectors.sandbox.store import MissingError
from connectors.sandbox.wires.cloudbeds import events, forms
from connectors.sandbox.wires.cloudbeds.answers import NAME, Call, Refusal
from connectors.sandbox.wires.cloudbeds.auth import Access
from connectors.sandbox.wires.cloudbeds.routes import ROUTES, Handler
from connectors.sandbox.world import World

_WITH_BODY = ("POST", "PUT")
Endpoint = Callable[[Request], Awaitable[Response]]


class Cloudbeds:
    """One vendor's face: its webhooks and its routes."""

    name = NAME

    def __init__(self, world: World) -> None:
        self._world = world
        self._access = Access(world)

    def payloads(self, happening: Happening) -> list[tuple[str, Json]]:
        """Event names with the bodies that the vendor would post."""
        return events.payloads(self._world, happening)

    def routes(self) -> list[Route]:
        """Every call of the API."""
        return [
            Route(f"/api/v1.3{path}", self._endpoint(handler, scope), methods=[method])
            for method, path, scope, handler in ROUTES
        ]

    def _endpoint(self, handler: Handler, scope: str) -> Endpoint:
        async def endpoint(request: Request) -> Response:
            status = 200
            try:
                application = self._access.application(request)
                request.state.application = application.id
                self._access.check_rate(application)
                self._access.check_scope(application, scope)
                value = handler(await self._call(request, application))
            except Refusal as refusal:
                status, value = refusal.status, refusal.value
            except (ActionError, MissingError) as error:
                value = {"success": False, "message": str(error)}
            except (sqlite3.InterfaceError, sqlite3.ProgrammingError):
                # A value of a type that no column takes: only the store notices, and nothing was written.
                value = {"success": False, "message": "Invalid parameter format"}
            return JSONResponse(value, status, {"x-request-id": str(uuid.uuid4())})

        return endpoint

    async def _call(self, request: Request, application: Application) -> Call:
        form: Json = {}
        if request.method in _WITH_BODY:
            form = forms.parse(request.headers.get("content-type", ""), await request.body())
            if not form:
                raise Refusal('Please specify "propertyID" parameter for this call')
        store = self._world.store
        if request.method == "GET":
            store = getattr(request.state, "lagging", None) or store
        header = request.headers.get("x-property-id")
        host = f"{request.url.scheme}://{request.url.netloc}/{NAME}"
        return Call(self._world, store, request.query_params, form, application, header, host)
