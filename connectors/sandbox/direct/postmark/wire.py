"""The wire put together: the server's token, single mails and batches."""

import hmac
import json
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from connectors.sandbox.direct.postmark.house import SERVER_ID, SERVER_TOKEN
from connectors.sandbox.direct.postmark.sending import PostmarkError, Sending
from connectors.sandbox.records import Json

_MOST_BATCH = 500


class Postmark:
    """The calls of one server."""

    def __init__(self, sending: Sending) -> None:
        self._sending = sending

    def routes(self) -> list[Route]:
        """Every call."""
        return [
            Route("/email", self._endpoint(self._one), methods=["POST"]),
            Route("/email/batch", self._endpoint(self._batch), methods=["POST"]),
            Route("/server", self._endpoint(_server), methods=["GET"]),
        ]

    def _endpoint(self, handler: Callable[[object], Response]) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            token = request.headers.get("x-postmark-server-token", "")
            if not hmac.compare_digest(token.encode(), SERVER_TOKEN.encode()):
                why = (
                    "The Server Token you provided in the X-Postmark-Server-Token request header was invalid."
                )
                return JSONResponse({"ErrorCode": 10, "Message": why}, 401)
            request.state.application = "server"
            try:
                raw = await request.body()
                return handler(json.loads(raw) if raw else {})
            except PostmarkError as error:
                return JSONResponse(error.body, 422)
            except ValueError:
                return JSONResponse({"ErrorCode": 402, "Message": "Received invalid JSON input."}, 422)

        return endpoint

    def _one(self, body: object) -> Response:
        if not isinstance(body, dict):
            raise PostmarkError(403, "Incompatible JSON")
        return JSONResponse(self._sending.send(body))

    def _batch(self, body: object) -> Response:
        """Each with its own result; the answer is 200 whatever they are."""
        if not isinstance(body, list) or len(body) > _MOST_BATCH:
            raise PostmarkError(403, "Incompatible JSON")
        return JSONResponse([self._each(message) for message in body])

    def _each(self, message: object) -> Json:
        if not isinstance(message, dict):
            return PostmarkError(403, "Incompatible JSON").body
        try:
            return self._sending.send(message)
        except PostmarkError as error:
            return error.body


def _server(_: object) -> Response:
    return JSONResponse({"ID": SERVER_ID, "Name": "Harbour House", "Color": "blue", "TrackOpens": False})
