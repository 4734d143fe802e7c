"""The wire put together: Basic auth, routes, errors, files behind a redirect to the storage host."""

import base64
import binascii
import hmac
import sqlite3
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from connectors.sandbox.direct.line_world import LineWorld
from connectors.sandbox.direct.records import Media
from connectors.sandbox.direct.twilio import content, create, messages, shapes
from connectors.sandbox.direct.twilio.calls import Call
from connectors.sandbox.direct.twilio.errors import TwilioError, body_of
from connectors.sandbox.direct.twilio.forms import read_form
from connectors.sandbox.direct.twilio.house import ACCOUNT, RESTRICTED_KEY
from connectors.sandbox.records import Application

Endpoint = Callable[[Request], Awaitable[Response]]
_ROOT = "/2010-04-01/Accounts/{account}/Messages"
_ONE = f"{_ROOT}/{{sid}}"
_CONTENT = "/v1/Content"
_FILE = f"{_ONE}/Media/{{media}}"


class Twilio:
    """The calls of one account."""

    def __init__(self, world: LineWorld) -> None:
        self._world = world

    def routes(self) -> list[Route]:
        """Every call; paths with `.json` go before those without."""
        calls: tuple[tuple[str, str, Callable[[Call], Response]], ...] = (
            ("POST", f"{_ROOT}.json", _create),
            ("GET", f"{_ROOT}.json", lambda call: JSONResponse(messages.find(call))),
            ("GET", f"{_ONE}/Media.json", lambda call: JSONResponse(messages.media_list(call))),
            ("GET", f"{_FILE}.json", lambda call: JSONResponse(messages.media_get(call))),
            ("DELETE", f"{_FILE}.json", _delete_file),
            ("GET", _FILE, self._to_storage),
            ("GET", f"{_ONE}.json", lambda call: JSONResponse(messages.get(call))),
            ("POST", f"{_ONE}.json", lambda call: JSONResponse(messages.update(call))),
            ("DELETE", f"{_ONE}.json", _delete),
            (
                "GET",
                f"{_CONTENT}AndApprovals",
                lambda call: JSONResponse(content.contents_and_approvals(call)),
            ),
            ("GET", _CONTENT, lambda call: JSONResponse(content.contents(call))),
            ("GET", f"{_CONTENT}/{{sid}}", lambda call: JSONResponse(content.get(call))),
            (
                "GET",
                f"{_CONTENT}/{{sid}}/ApprovalRequests",
                lambda call: JSONResponse(content.approvals(call)),
            ),
        )
        made = [Route(path, self._endpoint(handler), methods=[method]) for method, path, handler in calls]
        return [*made, Route("/storage/{key}", self._storage)]

    def _endpoint(self, handler: Callable[[Call], Response]) -> Endpoint:
        async def endpoint(request: Request) -> Response:
            try:
                self._authenticate(request)
                form = read_form(await request.body()) if request.method == "POST" else []
                store = self._world.store
                if request.method == "GET":
                    store = getattr(request.state, "lagging", None) or store
                return handler(Call(self._world, store, request.path_params, request.query_params, form))
            except TwilioError as error:
                return JSONResponse(body_of(error.code, error.status), error.status)
            except (sqlite3.InterfaceError, sqlite3.OperationalError, UnicodeDecodeError):
                return JSONResponse(body_of(20404), 404)  # a value that nothing can be found by

        return endpoint

    def _authenticate(self, request: Request) -> None:
        """Raises TwilioError."""
        scheme, _, code = request.headers.get("authorization", "").partition(" ")
        try:
            user, _, secret = base64.b64decode(code, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            raise TwilioError(20003) from None
        found = self._world.store.get(Application, user)
        if (
            scheme.lower() != "basic"
            or found is None
            or not hmac.compare_digest(found.secret.encode(), secret.encode())
        ):
            raise TwilioError(20003)
        request.state.application = user
        if request.path_params.get("account", ACCOUNT) != ACCOUNT:
            raise TwilioError(20404)
        if "account" not in request.path_params and user == RESTRICTED_KEY:
            raise TwilioError(20003, 403)

    def _to_storage(self, call: Call) -> Response:
        """The bytes are on another host, under an address that needs no password."""
        row = messages.media_row(call)
        address = self._world.address
        here, there = ("127.0.0.1", "localhost") if "//127.0.0.1" in address else ("localhost", "127.0.0.1")
        return RedirectResponse(f"{address.replace(here, there, 1)}/twilio/storage/{row.id}", 302)

    async def _storage(self, request: Request) -> Response:
        """As storage hosts do: a signed address and an Authorization header together are refused."""
        if "authorization" in request.headers:
            return Response("Only one auth mechanism allowed", 400, media_type="text/plain")
        row = self._world.store.get(Media, request.path_params["key"])
        if row is None:
            return Response("not found", 404, media_type="text/plain")
        return Response(row.data, media_type=row.mime)


def _create(call: Call) -> Response:
    return JSONResponse(shapes.message(create.create(call)), 201)


def _delete(call: Call) -> Response:
    messages.delete(call)
    return Response(status_code=204)


def _delete_file(call: Call) -> Response:
    messages.media_delete(call)
    return Response(status_code=204)
