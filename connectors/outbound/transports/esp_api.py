"""Sending by an e-mail provider's API as a transport: django-anymail knows their words, our own client the way.

`SEND anymail://esp/` hands over one mail as MIME in `content`; `HEAD` only sees whether the settings are complete. The
settings come with the authorisation, `x-reference` comes back in the provider's reports.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from importlib import import_module
from typing import Any, Final
from urllib.parse import urlsplit

from anymail.exceptions import AnymailAPIError, AnymailError, AnymailRecipientsRefused
from botocore.exceptions import BotoCoreError
from botocore.parsers import ResponseParserError
from django.core.exceptions import ImproperlyConfigured
from django.core.mail import EmailMultiAlternatives

from bellhop.core import http
from connectors.channels.mail.amazon import status_of
from connectors.channels.mail.esps import ESPS
from connectors.outbound.transports.esp_way import ForRequests, Way, boto_settings, lead_boto
from connectors.outbound.transports.lines import answer

_WRITTEN = frozenset(
    {"from", "to", "subject", "date", "reply-to", "mime-version", "content-type", "content-transfer-encoding"}
)
# What anymail or a provider's odd answer may raise beside its own errors.
_ODD = (
    ImproperlyConfigured,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    BotoCoreError,
    ResponseParserError,
)
SES = "amazon_ses"
_NO_KEY: Final = '"invalid_api_key"'
"""What Resend calls a key that it doesn't know; its 403 else forbids one thing (https://resend.com/docs/api-reference/errors)."""


def send(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str],
    content: bytes,
    max_bytes: int,
    before_send: Callable[[], None],
) -> http.Answer:
    esp = urlsplit(url).netloc
    if esp not in ESPS:
        raise http.AddressRefused("not a provider")
    way = Way(max_bytes, before_send)
    try:
        backend = _backend(esp, headers)
        if method == "HEAD":
            return answer(200)
        _open(backend, esp, way)
        mail = _mail(content, headers)
        if ESPS[esp].by_tag:
            mail.esp_extra = {"tags": [{"name": "reference", "value": headers.get("x-reference", "")}]}  # type: ignore[attr-defined]
        try:
            backend.send_messages([mail])
        finally:
            backend.close()
        return answer(200, message_id=_id_of(mail))
    except AnymailRecipientsRefused as error:
        return answer(422, refused="yes", text=str(error)[:300])
    except AnymailAPIError as error:
        return _failed(error, way)
    except (AnymailError, *_ODD) as error:
        if way.sent:
            raise http.NoAnswer(f"{esp}: {type(error).__name__}") from error
        return answer(400, code="not_possible", text=str(error)[:300])


def _backend(esp: str, headers: Mapping[str, str]) -> Any:
    packed = headers.get("authorization", "").removeprefix("Anymail ")
    settings = json.loads(base64.b64decode(packed)) if packed else {}
    if esp == SES:
        settings = boto_settings(settings)
    module = import_module(f"anymail.backends.{esp}")
    return module.EmailBackend(ignore_unsupported_features=True, **settings)


def _open(backend: Any, esp: str, way: Way) -> None:
    backend.open()
    if esp == SES:
        lead_boto(backend.client, way)
        return
    for scheme in ("https://", "http://"):
        backend.session.mount(scheme, ForRequests(way))


def _failed(error: AnymailAPIError, way: Way) -> http.Answer:
    """The provider's own status; an answer that can't be read says nothing about the mail."""
    if isinstance(error.response, dict):
        return _failed_at_amazon(error.response)
    status = error.status_code
    if status is None or 200 <= status < 300:
        if way.sent:
            raise http.NoAnswer(type(error).__name__) from error
        return answer(400, code="not_possible", text=str(error)[:300])
    if status == 403 and _NO_KEY in str(error):
        status = 401
    return answer(status, text=str(error)[:300])


def _failed_at_amazon(response: dict[str, Any]) -> http.Answer:
    """boto3 has opened the answer."""
    told = response.get("Error", {})
    code, status = str(told.get("Code", "")), int(response["ResponseMetadata"]["HTTPStatusCode"])
    return answer(status_of(code, status), code=code, text=f"{code}: {told.get('Message', '')}"[:300])


def _mail(content: bytes, headers: Mapping[str, str]) -> EmailMultiAlternatives:
    """As Django has mails: what it doesn't name goes along as headers."""
    told = message_from_bytes(content, policy=default)
    assert isinstance(told, EmailMessage)
    extra = {name: str(value) for name, value in told.items() if name.lower() not in _WRITTEN}
    if keeps_id := headers.get("x-keeps-id"):
        name, _, value = keeps_id.partition(":")
        extra[name] = value
    text, html = told.get_body(("plain",)), told.get_body(("html",))
    mail = EmailMultiAlternatives(
        subject=str(told["Subject"] or ""),
        body=_content(text),
        from_email=str(told["From"]),
        to=[str(told["To"])],
        reply_to=[str(told["Reply-To"])] if told["Reply-To"] else None,
        headers=extra,
    )
    if html is not None:
        mail.attach_alternative(_content(html), "text/html")
    for part in told.iter_attachments():
        raw = part.get_payload(decode=True)
        mail.attach(
            part.get_filename() or "file", raw if isinstance(raw, bytes) else b"", part.get_content_type()
        )
    mail.metadata = {"reference": headers.get("x-reference", "")}  # type: ignore[attr-defined]
    return mail


def _content(part: Any) -> str:
    return str(part.get_content()).replace("\r\n", "\n") if part is not None else ""


def _id_of(mail: EmailMultiAlternatives) -> str:
    found = mail.anymail_status.message_id  # type: ignore[attr-defined]
    return found if isinstance(found, str) else next(iter(found or ()), "")
