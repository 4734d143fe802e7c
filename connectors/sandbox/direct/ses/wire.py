"""The wire put together: SES by JSON, SNS by query, S3 by path; every call is checked for its signature."""

import hashlib
import json
import re
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from connectors.sandbox.direct.esp.records import Sent
from connectors.sandbox.direct.ses import sigv4
from connectors.sandbox.direct.ses.errors import (
    AwsError,
    as_json,
    as_query_xml,
    as_s3_xml,
    unsigned,
    unsigned_at_s3,
)
from connectors.sandbox.direct.ses.house import REGION
from connectors.sandbox.direct.ses.keys import Notary
from connectors.sandbox.direct.ses.sending import Sending
from connectors.sandbox.records import Application, Json

_SKEW, _S3_SKEW = timedelta(minutes=5), timedelta(minutes=15)
_RANGE = re.compile(r"bytes=(\d+)-(\d*)")
_CONFIRMED: Final = (
    '<ConfirmSubscriptionResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><ConfirmSubscriptionResult>'
    "<SubscriptionArn>{arn}</SubscriptionArn></ConfirmSubscriptionResult></ConfirmSubscriptionResponse>"
)
_LEFT: Final = '<UnsubscribeResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"></UnsubscribeResponse>'
Handler = Callable[[Request], Awaitable[Response]]


class Aws:
    """The calls of one account."""

    def __init__(self, sending: Sending, notary: Notary) -> None:
        self._sending = sending
        self._notary = notary

    def routes(self) -> list[Route]:
        """Every call; what isn't one of the others is a path into the bucket."""
        return [
            Route("/v2/email/outbound-emails", _saying(as_json, self._send), methods=["POST"]),
            Route("/v2/email/account", _saying(as_json, self._account), methods=["GET"]),
            Route(f"/{self._notary.name}", self._certificate, methods=["GET"]),
            Route("/", _saying(as_query_xml, self._sns), methods=["GET", "POST"]),
            Route("/{bucket}/{key:path}", _saying(as_s3_xml, self._object), methods=["GET"]),
        ]

    async def _check(self, request: Request, service: str, skew: timedelta = _SKEW) -> None:
        """Raises SignatureError."""
        path: bytes = request.scope["raw_path"]
        call = sigv4.Call(
            request.method,
            path.decode("latin-1"),
            request.url.query,
            [(name.decode("latin-1"), value.decode("latin-1")) for name, value in request.scope["headers"]],
            await request.body(),
        )
        known = {row.id: row.secret for row in self._sending.world.store.find(Application)}
        request.state.application = sigv4.check(call, known, REGION, service, skew)

    async def _send(self, request: Request) -> Response:
        await self._signed(request)
        try:
            body = json.loads(await request.body())
        except ValueError:
            body = None
        if not isinstance(body, dict):
            raise AwsError(400, "SerializationException", "The body is not a JSON object.")
        return JSONResponse(self._sending.send(body))

    async def _account(self, request: Request) -> Response:
        """…/ses/latest/APIReference-V2/API_GetAccount.html."""
        await self._signed(request)
        count = self._sending.world.store.count(Sent)
        value: Json = {
            "DedicatedIpAutoWarmupEnabled": False,
            "EnforcementStatus": "HEALTHY",
            "ProductionAccessEnabled": True,
            "SendQuota": {"Max24HourSend": 50_000.0, "MaxSendRate": 14.0, "SentLast24Hours": float(count)},
            "SendingEnabled": True,
            "SuppressionAttributes": {"SuppressedReasons": ["BOUNCE", "COMPLAINT"]},
        }
        return JSONResponse(value)

    async def _signed(self, request: Request) -> None:
        """Raises AwsError."""
        try:
            await self._check(request, "ses")
        except sigv4.SignatureError as error:
            raise unsigned(error) from None

    async def _certificate(self, _: Request) -> Response:
        """Anybody may have it."""
        return Response(self._notary.certificate, media_type="application/x-pem-file")

    async def _sns(self, request: Request) -> Response:
        """Visiting a SubscribeURL or UnsubscribeURL needs no signature; where there is one, it has to be good."""
        if "authorization" in request.headers:
            try:
                await self._check(request, "sns")
            except sigv4.SignatureError as error:
                raise unsigned(error) from None
        asked = dict(request.query_params) | dict(
            parse_qsl((await request.body()).decode("utf-8", "replace"))
        )
        if asked.get("Action") == "Unsubscribe":
            self._sending.topics.unsubscribe(asked.get("SubscriptionArn", ""))
            return Response(_LEFT, media_type="text/xml")
        if asked.get("Action") != "ConfirmSubscription":
            raise AwsError(400, "InvalidAction", "There are ConfirmSubscription and Unsubscribe.")
        try:
            arn = self._sending.confirm(asked.get("TopicArn", ""), asked.get("Token", ""))
        except ValueError as error:
            raise AwsError(400, "InvalidParameter", str(error)) from None
        return Response(_CONFIRMED.format(arn=arn), media_type="text/xml")

    async def _object(self, request: Request) -> Response:
        """`GetObject` and `HeadObject`, whole or a range of bytes (…/AmazonS3/latest/API/API_GetObject.html)."""
        try:
            await self._check(request, "s3", _S3_SKEW)
        except sigv4.SignatureError as error:
            raise unsigned_at_s3(error) from None
        row = self._sending.object_of(request.path_params["bucket"], request.path_params["key"])
        etag = hashlib.md5(row.data).hexdigest()  # noqa: S324 - as S3 does
        headers = {"etag": f'"{etag}"', "accept-ranges": "bytes"}
        found = _RANGE.fullmatch(request.headers.get("range", ""))
        if found is None:
            return Response(row.data, headers=headers, media_type="application/octet-stream")
        first, last = int(found[1]), min(int(found[2] or len(row.data)), len(row.data) - 1)
        headers["content-range"] = f"bytes {first}-{last}/{len(row.data)}"
        return Response(row.data[first : last + 1], 206, headers, "application/octet-stream")


def _saying(say: Callable[[AwsError], Response], handler: Handler) -> Handler:
    """The handler, with its errors in the service's words."""

    async def endpoint(request: Request) -> Response:
        try:
            return await handler(request)
        except AwsError as error:
            return say(error)

    return endpoint
