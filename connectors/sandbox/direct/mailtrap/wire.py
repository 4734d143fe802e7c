"""The wire put together: the token, sending, and fetching what came in."""

import hmac
import json
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from connectors.sandbox.direct.esp.links import Links
from connectors.sandbox.direct.esp.reading import Part, parts
from connectors.sandbox.direct.esp.records import Received
from connectors.sandbox.direct.mail.office import parsed
from connectors.sandbox.direct.mailtrap import payloads
from connectors.sandbox.direct.mailtrap.house import API_TOKEN, INBOX_ID
from connectors.sandbox.direct.mailtrap.sending import MailtrapError, Sending
from connectors.sandbox.records import Json

_HOUR = 3_600.0
_ONE_WAY = "Only one auth mechanism allowed"
Handler = Callable[[Request], Awaitable[Response]]


class Mailtrap:
    """The calls of one account. `base` is where they are reached, without a slash at the end."""

    def __init__(self, sending: Sending, base: str) -> None:
        self._sending = sending
        self._links = Links(sending.world, base, API_TOKEN, "X-Amz-Signature")

    def routes(self) -> list[Route]:
        """Every call; what a link leads to needs no token."""
        message = "/api/inbound/inboxes/{inbox:int}/messages/{id}"
        made = [
            ("POST", "/api/send", self._send),
            ("GET", message, self._message),
            ("GET", "/api/accounts", _accounts),
        ]
        routes = [Route(path, _answering(handler), methods=[method]) for method, path, handler in made]
        return [*routes, Route("/inbound-mail/{path:path}", self._linked, methods=["GET"])]

    async def _send(self, request: Request) -> Response:
        try:
            body = json.loads(await request.body())
        except ValueError:
            body = None
        if not isinstance(body, dict):
            raise MailtrapError(400, "the body is not a JSON object")
        return JSONResponse(self._sending.send(body))

    async def _message(self, request: Request) -> Response:
        row = self._sending.world.store.get(Received, request.path_params["id"])
        if row is None or request.path_params["inbox"] != INBOX_ID:
            return JSONResponse({"error": "Not Found"}, 404)
        value = payloads.message(row)
        url, until = self._links.make(f"/inbound-mail/{row.id}/raw.eml", _HOUR)
        files = [self._with_link(row.id, about) for about in value["attachments"]]
        return JSONResponse(
            value | {"raw_message_url": url, "raw_message_expires_at": until, "attachments": files}
        )

    def _with_link(self, mail: str, about: Json) -> Json:
        url, until = self._links.make(f"/inbound-mail/{mail}/{about['attachment_id']}", _HOUR)
        return about | {"download_url": url, "download_url_expires_at": until}

    async def _linked(self, request: Request) -> Response:
        """The bytes behind a link, from S3: it refuses whoever shows a token besides."""
        path, asked = request.path_params["path"], request.query_params
        if "authorization" in request.headers:
            return Response(
                f"<Error><Message>{_ONE_WAY}</Message></Error>", 400, media_type="application/xml"
            )
        if not self._links.is_good(
            f"/inbound-mail/{path}", asked.get("Expires"), asked.get("X-Amz-Signature")
        ):
            return Response("<Error><Code>AccessDenied</Code></Error>", 403, media_type="application/xml")
        mail, _, name = path.partition("/")
        row = self._sending.world.store.get(Received, mail)
        if row is None:
            return Response("<Error><Code>NoSuchKey</Code></Error>", 404, media_type="application/xml")
        if name == "raw.eml":
            return Response(row.data, media_type="message/rfc822")
        part = _file(row, name)
        return Response(part.data, media_type=part.mime)


def _file(row: Received, name: str) -> Part:
    return parts(parsed(row.data))[int(name.removeprefix("att-")) - 1]


async def _accounts(_: Request) -> Response:
    return JSONResponse([{"id": 51_501, "name": "Harbour House", "access_levels": [1000]}])


def _answering(handler: Handler) -> Handler:
    async def endpoint(request: Request) -> Response:
        scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
        token = bearer if scheme.casefold() == "bearer" else request.headers.get("api-token", "")
        if not hmac.compare_digest(token.encode(), API_TOKEN.encode()):
            return JSONResponse({"success": False, "errors": ["Unauthorized"]}, 401)
        request.state.application = "account"
        try:
            return await handler(request)
        except MailtrapError as error:
            return JSONResponse(error.body, error.status)

    return endpoint
