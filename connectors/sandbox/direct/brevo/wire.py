"""The wire put together: the key, sending, and files of what came in."""

import hmac
import json
from collections.abc import Awaitable, Callable
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from connectors.sandbox.direct.brevo.house import API_KEY
from connectors.sandbox.direct.brevo.sending import BrevoError, Sending

Handler = Callable[[Request], Awaitable[Response]]


class Brevo:
    """The calls of one account."""

    def __init__(self, sending: Sending) -> None:
        self._sending = sending

    def routes(self) -> list[Route]:
        """Every call."""
        made = [
            ("POST", "/v3/smtp/email", self._send),
            ("GET", "/v3/inbound/attachments/{token}", self._file),
            ("GET", "/v3/account", _account),
        ]
        return [Route(path, _answering(handler), methods=[method]) for method, path, handler in made]

    async def _send(self, request: Request) -> Response:
        try:
            body = json.loads(await request.body())
        except ValueError:
            body = None
        if not isinstance(body, dict):
            raise BrevoError(400, "bad_request", "Input must be a valid JSON object")
        return JSONResponse(self._sending.send(body), 201)

    async def _file(self, request: Request) -> Response:
        """https://developers.brevo.com/reference/getinboundemailattachment."""
        part = self._sending.file(request.path_params["token"])
        headers = {"content-disposition": f"attachment; filename*=utf-8''{quote(part.name)}"}
        return Response(part.data, headers=headers, media_type=part.mime)


async def _account(_: Request) -> Response:
    """https://developers.brevo.com/reference/getaccount."""
    return JSONResponse(
        {"email": "stay@harbour-house.example", "firstName": "Harbour", "lastName": "House", "plan": []}
    )


def _answering(handler: Handler) -> Handler:
    async def endpoint(request: Request) -> Response:
        key = request.headers.get("api-key", "")
        if not hmac.compare_digest(key.encode(), API_KEY.encode()):
            return JSONResponse({"code": "unauthorized", "message": "Key not found"}, 401)
        request.state.application = "account"
        try:
            return await handler(request)
        except BrevoError as error:
            return JSONResponse(error.body, error.status)

    return endpoint
