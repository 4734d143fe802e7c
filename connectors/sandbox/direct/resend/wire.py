"""The wire put together: the key, sending once per idempotency key, and fetching what came in."""

import hashlib
import hmac
import json
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from connectors.sandbox.direct.esp.links import Links
from connectors.sandbox.direct.esp.reading import Part
from connectors.sandbox.direct.resend import payloads
from connectors.sandbox.direct.resend.house import API_KEY, VERIFIED_DOMAIN
from connectors.sandbox.direct.resend.sending import ResendError, Sending, files_of
from connectors.sandbox.records import Json

_DAY, _HOUR = 86_400.0, 3_600.0
_LONGEST_KEY = 256
_RECEIVING = "/emails/receiving/{id}"
Handler = Callable[[Request], Awaitable[Response]]


class Resend:
    """The calls of one team. `base` is where they are reached, without a slash at the end."""

    def __init__(self, sending: Sending, base: str) -> None:
        self._sending = sending
        self._links = Links(sending.world, base, API_KEY, "Signature")

    def routes(self) -> list[Route]:
        """Every call; what a link leads to needs no key."""
        made = [
            ("POST", "/emails", self._send),
            ("GET", _RECEIVING, self._received),
            ("GET", f"{_RECEIVING}/attachments", self._attachments),
            ("GET", f"{_RECEIVING}/attachments/{{file}}", self._attachment),
            ("GET", "/domains", _domains),
        ]
        routes = [Route(path, self._answering(handler), methods=[method]) for method, path, handler in made]
        return [*routes, Route("/inbound-cdn/{path:path}", self._linked, methods=["GET"])]

    def _answering(self, handler: Handler) -> Handler:
        async def endpoint(request: Request) -> Response:
            if "user-agent" not in request.headers:
                return Response("error code: 1010", 403, media_type="text/plain")
            try:
                self._authenticate(request)
                return await handler(request)
            except ResendError as error:
                return JSONResponse(error.body, error.status)

        return endpoint

    def _authenticate(self, request: Request) -> None:
        """Raises ResendError."""
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        if scheme.casefold() != "bearer" or not key:
            raise ResendError(401, "missing_api_key", "Missing API key in the authorization header.")
        if not hmac.compare_digest(key.encode(), API_KEY.encode()):
            raise ResendError(403, "invalid_api_key", "API key is invalid")
        request.state.application = "team"

    async def _send(self, request: Request) -> Response:
        """Once per key within a day (https://resend.com/docs/dashboard/emails/idempotency-keys)."""
        raw, key = await request.body(), request.headers.get("idempotency-key")
        try:
            body = json.loads(raw)
        except ValueError:
            body = None
        if not isinstance(body, dict):
            raise ResendError(400, "validation_error", "The body is not a JSON object.")
        if key is None:
            return JSONResponse(self._sending.send(body))
        if not 0 < len(key) <= _LONGEST_KEY:
            why = "Idempotency keys, if present, must have between 1 and 256 characters."
            raise ResendError(400, "invalid_idempotency_key", why)
        digest = hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
        if known := self._sending.recall(key):
            if known.digest != digest:
                why = "This idempotency key has been used within the last 24 hours, but the request body was modified."
                raise ResendError(409, "invalid_idempotent_request", why)
            return JSONResponse(known.answer)
        answer = self._sending.send(body)
        self._sending.remember(key, digest, answer, _DAY)
        return JSONResponse(answer)

    async def _received(self, request: Request) -> Response:
        row = self._sending.mail(request.path_params["id"])
        as_cid = request.query_params.get("html_format") == "cid"
        value = payloads.whole(row, files_of(row), as_cid=as_cid)
        url, until = self._links.make(f"/inbound-cdn/{row.id}/raw", _HOUR)
        return JSONResponse(value | {"raw": {"download_url": url, "expires_at": until}})

    async def _attachments(self, request: Request) -> Response:
        row = self._sending.mail(request.path_params["id"])
        data = [self._downloadable(row.id, key, part) for key, part in files_of(row)]
        return JSONResponse({"object": "list", "has_more": False, "data": data})

    async def _attachment(self, request: Request) -> Response:
        mail, key = request.path_params["id"], request.path_params["file"]
        value = self._downloadable(mail, key, self._sending.file(mail, key))
        return JSONResponse({"object": "attachment"} | value)

    def _downloadable(self, mail: str, key: str, part: Part) -> Json:
        url, until = self._links.make(f"/inbound-cdn/{mail}/attachments/{key}", _HOUR)
        return payloads.about(key, part) | {"size": len(part.data), "download_url": url, "expires_at": until}

    async def _linked(self, request: Request) -> Response:
        """The bytes behind a link."""
        path, asked = request.path_params["path"], request.query_params
        if not self._links.is_good(f"/inbound-cdn/{path}", asked.get("Expires"), asked.get("Signature")):
            return Response("<Error><Code>AccessDenied</Code></Error>", 403, media_type="application/xml")
        mail, _, rest = path.partition("/")
        try:
            if rest == "raw":
                return Response(self._sending.mail(mail).data, media_type="message/rfc822")
            part = self._sending.file(mail, rest.removeprefix("attachments/"))
        except ResendError:
            return Response("<Error><Code>NoSuchKey</Code></Error>", 404, media_type="application/xml")
        return Response(part.data, media_type=part.mime)


async def _domains(_: Request) -> Response:
    row = {
        "id": "5a0d91cd-1176-453e-8fc1-35364d380206",
        "name": VERIFIED_DOMAIN,
        "status": "verified",
        "created_at": "2026-01-05 09:00:00.000000+00",
        "region": "us-east-1",
        "capabilities": {"sending": "enabled", "receiving": "enabled"},
    }
    return JSONResponse({"object": "list", "has_more": False, "data": [row]})
