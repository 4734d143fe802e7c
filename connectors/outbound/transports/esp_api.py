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
from typing import Any
from urllib.parse import urlsplit

import requests
from anymail.exceptions import AnymailAPIError, AnymailError, AnymailRecipientsRefused
from django.core.exceptions import ImproperlyConfigured
from django.core.mail import EmailMultiAlternatives
from requests.adapters import BaseAdapter

from bellhop.core import http
from connectors.channels.mail.esps import ESPS
from connectors.outbound.transports.lines import answer

_OWN_WAY = frozenset({"host", "content-length", "accept-encoding", "connection", "transfer-encoding"})
_WRITTEN = frozenset(
    {"from", "to", "subject", "date", "reply-to", "mime-version", "content-type", "content-transfer-encoding"}
)
# What anymail or a provider's odd answer may raise beside its own errors.
_ODD = (ImproperlyConfigured, ValueError, TypeError, LookupError, AttributeError)


class _Judged(BaseAdapter):
    """What `requests` wants sent goes by our own client: judged addresses, an end to every wait, no redirects."""

    def __init__(self, max_bytes: int, before_send: Callable[[], None]) -> None:
        super().__init__()
        self._max_bytes = max_bytes
        self._before_send = before_send
        self.sent = False

    def _leaves(self) -> None:
        self._before_send()
        self.sent = True

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        body = request.body or b""
        found = http.fetch(
            request.method or "POST",
            request.url or "",
            headers={
                name.lower(): str(value)
                for name, value in request.headers.items()
                if name.lower() not in _OWN_WAY
            },
            content=body if isinstance(body, bytes) else str(body).encode(),
            max_bytes=self._max_bytes,
            before_send=self._leaves,
        )
        response = requests.Response()
        response.status_code, response.request, response.url = found.status, request, request.url or ""
        response._content = found.body  # noqa: SLF001 - there is no other way to make one
        response.headers.update(found.headers)
        return response

    def close(self) -> None:
        """Connections are kept by our own client."""


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
    way = _Judged(max_bytes, before_send)
    try:
        backend = _backend(esp, headers)
        if method == "HEAD":
            return answer(200)
        backend.open()
        backend.session.mount("https://", way)
        backend.session.mount("http://", way)
        mail = _mail(content, headers)
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
    module = import_module(f"anymail.backends.{esp}")
    return module.EmailBackend(ignore_unsupported_features=True, **settings)


def _failed(error: AnymailAPIError, way: _Judged) -> http.Answer:
    """The provider's own status; an answer that can't be read says nothing about the mail."""
    status = error.status_code
    if status is None or 200 <= status < 300:
        if way.sent:
            raise http.NoAnswer(type(error).__name__) from error
        return answer(400, code="not_possible", text=str(error)[:300])
    return answer(status, text=str(error)[:300])


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
