"""Meta's webhooks → events: a batch of entries, changes, and messages or statuses in them
(https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks)."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final
from urllib.parse import parse_qs

from connectors.channels.whatsapp.messages import address_of, read_echo, read_message
from connectors.channels.whatsapp.words import STATES, TEMPLATES, Next, meaning_of
from connectors.contract import phones, wire
from connectors.contract.deliveries import is_any_of, key_of, lowered
from connectors.contract.direct import (
    Address,
    AddressMovedRecord,
    AddressState,
    AlertRecord,
    Channel,
    ConsentRecord,
    Delivery,
    DeliveryReport,
    DirectRecord,
    MessageChangeRecord,
    Scope,
    TemplateRecord,
)
from connectors.contract.errors import Unreadable
from connectors.contract.events import CanonicalEvent, EventKind
from connectors.contract.wire import Wire, first, obj, objects, text

SIGNATURE: Final = "x-hub-signature-256"
_BAD_NEWS: Final = ("VIOLATION", "RESTRICT", "DISABLE", "BAN", "DELETE", "FLAGGED", "DOWNGRADE", "SUSPEND")


def verify(headers: Mapping[str, str], body: bytes, secrets: Iterable[str]) -> bool:
    """HMAC over the bytes as they came. The older header with SHA-1 counts for nothing."""
    given = lowered(headers).get(SIGNATURE, "")
    wanted = ["sha256=" + hmac.new(one.encode(), body, hashlib.sha256).hexdigest() for one in secrets if one]
    return is_any_of(given, wanted)


def answer_to(query: str, tokens: Sequence[str]) -> str | None:
    """The challenge, where the token is ours."""
    try:
        told = {name: values[0] for name, values in parse_qs(query, max_num_fields=20).items()}
    except ValueError:
        return None
    mine = is_any_of(told.get("hub.verify_token", ""), tokens)
    return told.get("hub.challenge", "") if mine and told.get("hub.mode") == "subscribe" else None


def open_delivery(body: bytes) -> list[Wire]:
    """The entries. Raises Unreadable."""
    try:
        told = json.loads(body)
    except ValueError as error:
        raise Unreadable(detail=f"Not JSON: {body[:100]!r}") from error
    entries = objects(obj(told).get("entry"))
    if not entries or text(obj(told).get("object")) != "whatsapp_business_account":
        raise Unreadable(detail="Not about a WhatsApp business account.")
    return entries


def delivery_key(body: bytes) -> str:
    """Of the messages and statuses in it, where there is nothing else; empty where nothing is readable. The same ones
    may come again in other words."""
    try:
        changes = [change for entry in open_delivery(body) for change in objects(entry.get("changes"))]
    except Unreadable:
        return ""
    keys = []
    for value in (obj(change.get("value")) for change in changes):
        items = [*objects(value.get("messages")), *objects(value.get("statuses"))]
        if not items or not all(text(item.get("id")) for item in items):
            return ""
        keys += [
            " ".join(first(item.get(name)) for name in ("id", "status", "type", "timestamp"))
            for item in items
        ]
    return key_of("\n".join(keys).encode()) if keys else ""


class Reader:
    """Reads for one number of one business account; what names another one is not ours, whoever signed it: an app may
    serve many."""

    def __init__(self, waba_id: str, number_id: str) -> None:
        self._waba_id = waba_id
        self._number_id = number_id

    def read_events(self, body: bytes) -> list[CanonicalEvent]:
        """Raises Unreadable."""
        found: list[CanonicalEvent] = []
        for entry in open_delivery(body):
            for change in objects(entry.get("changes")):
                found += self._change(entry, change)
        return found or [_ignored("empty", key_of(body), "nothing in it")]

    def _change(self, entry: Wire, change: Wire) -> Iterator[CanonicalEvent]:
        field, value = text(change.get("field")), obj(change.get("value"))
        key = key_of(json.dumps([entry.get("time"), change], sort_keys=True, default=str).encode())
        told = text(obj(value.get("metadata")).get("phone_number_id"))
        if told and self._number_id and told != self._number_id:
            yield _ignored(field, key, "another number")
        elif not told and self._waba_id and text(entry.get("id")) != self._waba_id:
            yield _ignored(field, key, "another account")
        elif (reader := _FIELDS.get(field)) is not None:
            yield from reader(value, key)
        else:
            yield _ignored(field, key, f"field {field}")


# --- messages and statuses ---
def _messages(value: Wire, key: str) -> Iterator[CanonicalEvent]:
    contacts, ours = objects(value.get("contacts")), _ours(value)
    for message in objects(value.get("messages")):
        yield _event(read_message(message, contacts, ours), message, key)
    for status in objects(value.get("statuses")):
        yield from _status(status, key)
    errors = objects(value.get("errors"))
    if errors and not value.get("messages"):
        for error in errors:
            yield _alert(error, key)


def _echoes(value: Wire, key: str) -> Iterator[CanonicalEvent]:
    for message in objects(value.get("message_echoes")):
        yield _event(read_echo(message, objects(value.get("contacts")), _ours(value)), message, key)


def _ours(value: Wire) -> str:
    digits = "".join(
        sign for sign in text(obj(value.get("metadata")).get("display_phone_number")) if sign.isdigit()
    )
    return phones.from_digits(digits) or (f"+{digits}" if digits else "")


def _event(record: DirectRecord | str, message: Wire, key: str) -> CanonicalEvent:
    mine = f"message:{first(message.get('id'), key)}"
    if isinstance(record, str):
        return _ignored("message", mine, record)
    kind = EventKind.DIRECT_MESSAGE
    if isinstance(record, MessageChangeRecord):
        kind = EventKind.MESSAGE_CHANGED
    elif isinstance(record, AddressMovedRecord):
        kind = EventKind.ADDRESS_MOVED
    return CanonicalEvent(
        kind=kind,
        dedupe_key=mine,
        direct=record,
        unknown=record.unknown,
        occurred_at=wire.epoch(message.get("timestamp")),
    )


def _status(status: Wire, key: str) -> Iterator[CanonicalEvent]:
    word, at = text(status.get("status")), wire.epoch(status.get("timestamp"))
    mine = f"report:{first(status.get('id'), key)}:{word}"
    state = STATES.get(word)
    if state is None or not text(status.get("id")):
        yield _ignored("status", mine, "unknown status", {"status": word})
        return
    errors = objects(status.get("errors"))
    code = wire.integer(errors[0].get("code")) if errors else None
    failed = state == Delivery.FAILED
    report = DeliveryReport(
        external_id=text(status.get("id")),
        channel=Channel.WHATSAPP,
        state=state,
        reference=text(status.get("biz_opaque_callback_data")),
        code="" if code is None or not failed else str(code),
        reason=meaning_of(code).text if failed else "",
        at=at,
        address=_recipient(status),
        address_state=meaning_of(code).state if failed else AddressState.FINE,
        raw=status,
    )
    yield CanonicalEvent(kind=EventKind.DELIVERY_REPORT, dedupe_key=mine, direct=report, occurred_at=at)
    if failed and meaning_of(code).next in {Next.OPERATOR, Next.CREDENTIALS}:
        yield _alert(errors[0], mine)


def _recipient(status: Wire) -> Address | None:
    return address_of(text(status.get("recipient_id")), text(status.get("recipient_user_id")))


# --- the account ---
def _alert(error: Wire, key: str) -> CanonicalEvent:
    code = wire.integer(error.get("code"))
    record = AlertRecord(
        external_id=str(code),
        title=meaning_of(code).text,
        detail=first(obj(error.get("error_data")).get("details"), error.get("message"), error.get("title")),
        code=str(code),
        raw=error,
    )
    return CanonicalEvent(kind=EventKind.ALERT, dedupe_key=f"alert:{code}:{key}"[:200], direct=record)


def _preferences(value: Wire, key: str) -> Iterator[CanonicalEvent]:
    for one in objects(value.get("user_preferences")):
        word, at = text(one.get("value")), wire.epoch(one.get("timestamp"))
        address = address_of(text(one.get("wa_id")), text(one.get("user_id")))
        granted = {"stop": False, "resume": True, "signup": True}.get(word)
        mine = f"consent:{address.value if address else ''}:{word}:{first(one.get('timestamp'))}"
        if (
            granted is None
            or address is None
            or at is None
            or text(one.get("category")) != "marketing_messages"
        ):
            yield _ignored("user_preferences", f"{mine}:{key}"[:200], "unknown preference", {"value": word})
            continue
        record = ConsentRecord(
            external_id=mine,
            channel=Channel.WHATSAPP,
            address=address,
            scope=Scope.MARKETING,
            granted=granted,
            source=first(one.get("detail"), f"WhatsApp: {word}"),
            at=at,
            raw=one,
        )
        yield CanonicalEvent(kind=EventKind.CONSENT_TOLD, dedupe_key=mine, direct=record, occurred_at=at)


def _template(value: Wire, key: str) -> Iterator[CanonicalEvent]:
    name, language = text(value.get("message_template_name")), text(value.get("message_template_language"))
    event = text(value.get("event")).upper()
    status = TEMPLATES.get(event)
    if status is None or not name:
        yield _ignored("template", f"template:{key}", "unknown event", {"event": event})
        return
    reason = text(value.get("reason"))
    record = TemplateRecord(
        external_id=f"{name}:{language}",
        name=name,
        language=language,
        status=status,
        category=text(value.get("message_template_category")).lower(),
        reason=first(obj(value.get("other_info")).get("description"), "" if reason == "NONE" else reason),
        remote_id=text(value.get("message_template_id")),
        raw=value,
    )
    yield CanonicalEvent(kind=EventKind.TEMPLATE_TOLD, dedupe_key=f"template:{key}", direct=record)


def _category(value: Wire, key: str) -> Iterator[CanonicalEvent]:
    """A step of a sequence must not go on as what it no longer is before somebody has looked."""
    yield _notice("template_category", "WhatsApp changed the category of a template.", value, key)


def _account(value: Wire, key: str) -> Iterator[CanonicalEvent]:
    event = text(value.get("event")).upper()
    if not any(word in event for word in _BAD_NEWS):
        yield _ignored("account", f"account:{key}", f"account: {event}")
        return
    yield _notice(f"account_{event.lower()}", "WhatsApp reports trouble with the account.", value, key)


def _notice(code: str, title: str, value: Wire, key: str) -> CanonicalEvent:
    plain = [f"{name}: {text(told)}" for name, told in value.items() if text(told)]
    record = AlertRecord(external_id=code, title=title, detail=", ".join(plain)[:1000], code=code, raw=value)
    return CanonicalEvent(kind=EventKind.ALERT, dedupe_key=f"alert:{key}", direct=record)


def _ignored(what: str, key: str, reason: str, unknown: Mapping[str, str] | None = None) -> CanonicalEvent:
    return CanonicalEvent(
        kind=EventKind.IGNORED, dedupe_key=f"{what}:{key}"[:200], reason=reason[:100], unknown=unknown or {}
    )


_FIELDS: Final[dict[str, Callable[[Wire, str], Iterator[CanonicalEvent]]]] = {
    "messages": _messages,
    "smb_message_echoes": _echoes,
    "user_preferences": _preferences,
    "message_template_status_update": _template,
    "template_category_update": _category,
    "account_update": _account,
    "phone_number_quality_update": _account,
}
