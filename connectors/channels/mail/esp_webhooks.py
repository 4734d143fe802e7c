"""Webhooks of e-mail providers, checked and taken apart by django-anymail's own views. The only file of the connectors
that knows Django: anymail's views are Django's."""

from __future__ import annotations

import json
import warnings
from base64 import b64decode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from email import message_from_bytes
from importlib import import_module
from io import BytesIO
from typing import Any, Final
from urllib.parse import urlsplit

from anymail.exceptions import AnymailError
from django.core.exceptions import ImproperlyConfigured, SuspiciousOperation
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.handlers.wsgi import WSGIRequest
from django.http import QueryDict
from django.utils.datastructures import MultiValueDict

from connectors.channels.mail import sns
from connectors.channels.mail.esps import ESPS, Esp
from connectors.contract import svix, wire
from connectors.contract.connector import QUERY
from connectors.contract.deliveries import key_of, lowered
from connectors.contract.errors import Unreadable
from connectors.contract.records import AttachmentRecord
from connectors.contract.wire import Wire, first, obj, objects, text

BREVO_FILE: Final = "brevo:"
"""In front of the token by which a file is fetched."""

# Whatever a hostile body makes anymail raise.
_ODD = (
    AnymailError,
    SuspiciousOperation,
    ImproperlyConfigured,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    AssertionError,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CameIn:
    """A mail, as whole as the provider gives it, and its envelope; `files` are those that it keeps apart."""

    raw: bytes
    recipients: tuple[str, ...] = ()
    sender: str | None = None
    stripped: str = ""
    at: datetime | None = None
    files: tuple[AttachmentRecord, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Tracked:
    """What became of a mail of ours, in anymail's words. `soft`: the address itself is good."""

    kind: str
    soft: bool = False
    event_id: str = ""
    message_id: str = ""
    recipient: str = ""
    reference: str = ""
    reason: str = ""
    description: str = ""
    at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Hook:
    """One webhook's address as the provider was told it: `kind` is `inbound` or `tracking`; `logins` the HTTP Basic
    credentials of our choosing, newest first; `credentials` those of the connection."""

    esp: str
    kind: str
    url: str
    logins: Sequence[str]
    credentials: Mapping[str, str]


def is_signed(hook: Hook, headers: Mapping[str, str], body: bytes) -> bool:
    """HTTP Basic, and the provider's own signature where it has one and its key is known; but for Svix's
    (`is_sealed`)."""
    try:
        view = _view(hook)
        view.run_validators(_request(headers, body))
    except _ODD:
        return False
    return True


def is_sealed(hook: Hook, headers: Mapping[str, str], body: bytes, at: datetime) -> bool | None:
    """Svix's signature over content and time; None where it isn't the provider's, or its key isn't known."""
    esp = ESPS.get(hook.esp)
    if esp is None or not esp.svix:
        return None
    given = [hook.credentials.get(field, "") for field in esp.keys.get(hook.kind, {}).values()]
    keys = [one for one in given if one]
    return svix.verify(headers, body, keys, at) if keys else None


def read(hook: Hook, headers: Mapping[str, str], body: bytes) -> list[CameIn | Tracked]:
    """Raises Unreadable."""
    if hook.kind == "inbound" and (own := _OWN_READERS.get(hook.esp)) is not None:
        return own(hook, headers, body)
    try:
        events = _view(hook).parse_events(_request(headers, body))
        return [_came_in(one) if hasattr(one, "message") else _tracked(one) for one in events]
    except _ODD as error:
        raise Unreadable(detail=f"{type(error).__name__}: {error}"[:300]) from error


def _view(hook: Hook) -> Any:
    """Raises AnymailError, ImproperlyConfigured."""
    esp: Esp | None = ESPS.get(hook.esp)
    name = getattr(esp, hook.kind, "") if hook.kind in {"inbound", "tracking"} else ""
    if esp is None or not name:
        raise ValueError("no such webhook")
    keys = {} if esp.svix else esp.keys.get(hook.kind, {})
    wanted = {**keys, **(esp.settings if esp.api and hook.kind == "inbound" else {})}
    told: dict[str, Any] = {
        setting: hook.credentials[field] for setting, field in wanted.items() if hook.credentials.get(field)
    }
    if hook.esp == "mailgun":
        told.setdefault("webhook_signing_key", hook.credentials.get("api_key", ""))
    if hook.esp == "mandrill":
        told["webhook_url"] = hook.url
    if hook.esp == "unisender_go":
        told["api_key"] = hook.credentials.get("api_key", "")
    if hook.esp == "amazon_ses":
        told["auto_confirm_sns_subscriptions"] = False
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # anymail's advice is for those who write its settings
        return getattr(import_module(f"anymail.webhooks.{hook.esp}"), name)(
            webhook_secret=list(hook.logins), **told
        )


def _request(headers: Mapping[str, str], body: bytes) -> WSGIRequest:
    known = lowered(headers)
    kind = known.get("content-type", "")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": "/",
        "QUERY_STRING": known.get(QUERY, ""),
        "SERVER_NAME": "bellhop",
        "SERVER_PORT": "443",
        "wsgi.url_scheme": "https",
        "wsgi.input": BytesIO(body),
        "CONTENT_TYPE": kind,
        "CONTENT_LENGTH": str(len(body)),
    }
    for name, value in known.items():
        if name not in {QUERY, "content-type", "content-length"}:
            environ[f"HTTP_{name.upper().replace('-', '_')}"] = value
    request = WSGIRequest(environ)
    # Read here, and not by Django, whose limit for forms (2.5 MB) is for those of web pages.
    request._body = body  # noqa: SLF001
    post, files = _form(kind, body)
    vars(request).update(_post=post, _files=files)
    return request


def _form(kind: str, body: bytes) -> tuple[QueryDict, MultiValueDict[str, Any]]:
    post, files = QueryDict(mutable=True), MultiValueDict[str, Any]()
    if kind.startswith("application/x-www-form-urlencoded"):
        return QueryDict(body, encoding="utf-8"), files
    if not kind.startswith("multipart/form-data"):
        return post, files
    whole = message_from_bytes(b"Content-Type: " + kind.encode("latin-1", "replace") + b"\r\n\r\n" + body)
    for part in whole.walk():
        if part.is_multipart():
            continue
        name, content = part.get_param("name", header="content-disposition"), part.get_payload(decode=True)
        if not isinstance(name, str) or not isinstance(content, bytes):
            continue
        if (file_name := part.get_filename()) is None:
            post.appendlist(name, content.decode("utf-8", "replace"))
        else:
            files.appendlist(name, SimpleUploadedFile(file_name or "file", content, part.get_content_type()))
    return post, files


def _came_in(event: Any) -> CameIn:
    message = event.message
    return CameIn(
        raw=message.as_bytes(),
        recipients=(str(message.envelope_recipient),) if message.envelope_recipient else (),
        sender=None if message.envelope_sender is None else str(message.envelope_sender),
        stripped=str(message.stripped_text or ""),
        at=event.timestamp,
    )


def _tracked(event: Any) -> Tracked:
    given = obj(event.esp_event)
    tags = obj(obj(given.get("data")).get("tags"))
    return Tracked(
        kind=_MISSED.get(first(given.get("eventType"), given.get("type"), given.get("event")))
        or str(event.event_type or ""),
        soft=_is_soft(given),
        event_id=str(event.event_id or ""),
        message_id=str(event.message_id or ""),
        recipient=str(event.recipient or ""),
        reference=first(obj(event.metadata).get("reference"), tags.get("reference")),
        reason=str(event.reject_reason or ""),
        description=str(event.description or event.mta_response or "")[:300],
        at=event.timestamp,
    )


# Events that are new to anymail: of SES, Resend (https://resend.com/docs/webhooks/event-types) and Brevo
# (https://developers.brevo.com/docs/transactional-webhooks).
_MISSED: Final = {
    "DeliveryDelay": "deferred",
    "email.failed": "failed",
    "email.suppressed": "rejected",
    "email.scheduled": "queued",
    "unsubscribed": "unsubscribed",
}


def _is_soft(given: Mapping[str, Any]) -> bool:
    """A bounce of which anymail tells no more than that, though the provider knows that the address isn't to blame: SES
    and Resend by the bounce's kind, Mailjet by a flag, the others by the event's name."""
    bounce = obj(given.get("bounce")) or obj(obj(given.get("data")).get("bounce"))
    kind = first(bounce.get("bounceType"), bounce.get("type"))
    named = first(given.get("Type"), given.get("event"), given.get("type"))
    return (
        kind in {"Transient", "Undetermined"}
        or named in {"SoftBounce", "soft_bounce", "activity.soft_bounced"}
        or (named == "bounce" and given.get("hard_bounce") is False)
    )


def _brevo(hook: Hook, headers: Mapping[str, str], body: bytes) -> list[CameIn | Tracked]:
    """The mail without its files: anymail would fetch them, by a client of its own and while it is read."""
    try:
        told = json.loads(body)
        files = [one.pop("Attachments", None) or [] for one in told["items"]]
        events = _view(hook).parse_events(_request(headers, json.dumps(told).encode()))
        mails = [_came_in(one) for one in events]
    except _ODD as error:
        raise Unreadable(detail=f"{type(error).__name__}: {error}"[:300]) from error
    return [
        replace(mail, files=tuple(map(_brevo_file, objects(found))))
        for mail, found in zip(mails, files, strict=True)
    ]


def _brevo_file(given: Wire) -> AttachmentRecord:
    """https://developers.brevo.com/docs/inbound-parse-webhooks"""
    token = text(given.get("DownloadToken"))
    return AttachmentRecord(
        external_id=key_of(token.encode()),
        name=text(given.get("Name"))[:200],
        mime_type=text(given.get("ContentType")),
        size=wire.integer(given.get("ContentLength")),
        content_id=text(given.get("ContentID")).strip("<>"),
        url=f"{BREVO_FILE}{token}",
    )


def _amazon_ses(_hook: Hook, _headers: Mapping[str, str], body: bytes) -> list[CameIn | Tracked]:
    """A mail within its notification: anymail would make text of its bytes."""
    message = sns.read(body)
    told = message.ses() if message.kind == sns.NOTIFICATION else {}
    if not told:
        return []
    receipt, mail = obj(told.get("receipt")), obj(told.get("mail"))
    action = obj(receipt.get("action"))
    if told.get("notificationType") != "Received" or action.get("type") != "SNS":
        raise Unreadable(detail=f"No mail that came in: {text(told.get('notificationType'))[:60]}")
    content = str(told.get("content") or "")
    try:
        is_base64 = text(action.get("encoding")).upper() == "BASE64"
        raw = b64decode(content) if is_base64 else content.encode()
    except ValueError as error:
        raise Unreadable(detail="The mail is not base64.") from error
    found = CameIn(
        raw=raw,
        recipients=sns.recipients_of(receipt),
        sender=None if mail.get("source") is None else text(mail.get("source")),
        at=wire.instant(mail.get("timestamp")),
    )
    return [found]


def _nothing(_hook: Hook, _headers: Mapping[str, str], _body: bytes) -> list[CameIn | Tracked]:
    """Its webhooks hold no mail (`pointers`); anymail would fetch it."""
    return []


_OWN_READERS: Final = {
    "amazon_ses": _amazon_ses,
    "brevo": _brevo,
    "mailtrap": _nothing,
    "resend": _nothing,
}


def mailgun_seal(headers: Mapping[str, str], body: bytes) -> tuple[str, float]:
    """Token and Unix time that Mailgun signs; they alone, not the content. Raises Unreadable."""
    try:
        if lowered(headers).get("content-type", "").startswith("application/json"):
            told = json.loads(body)["signature"]
        else:
            told = _request(headers, body).POST
        return str(told["token"]), float(told["timestamp"])
    except _ODD as error:
        raise Unreadable(detail="No signature of Mailgun's.") from error


def with_login(url: str, login: str) -> str:
    """The address with HTTP Basic credentials in it, as it is entered at a provider."""
    parts = urlsplit(url)
    return parts._replace(netloc=f"{login}@{parts.netloc}").geturl()
