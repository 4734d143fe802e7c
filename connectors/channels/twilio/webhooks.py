"""Twilio's webhooks → events: messages that came in, what became of ours, and the same as Event Streams tells it.

https://www.twilio.com/docs/messaging/guides/webhook-request
https://www.twilio.com/docs/messaging/guides/track-outbound-message-status
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from urllib.parse import parse_qs

from connectors.channels.twilio import signature
from connectors.channels.twilio.words import KEYWORDS, STATES, UNDER_WAY, meaning_of
from connectors.contract import phones, wire
from connectors.contract.connector import QUERY
from connectors.contract.deliveries import lowered
from connectors.contract.direct import (
    Address,
    AddressKind,
    AddressState,
    AlertRecord,
    Channel,
    Delivery,
    DeliveryReport,
    DirectMessageRecord,
    Keyword,
)
from connectors.contract.errors import Unreadable
from connectors.contract.events import CanonicalEvent, EventKind
from connectors.contract.records import AttachmentRecord
from connectors.contract.wire import Wire, first, obj, text

REFERENCE: Final = "m"
"""The parameter of a status callback's address that holds our token."""
WHATSAPP: Final = "whatsapp:"
_MOST_FILES: Final = 10
_INBOUND: Final = "inbound-message.received"


def read_events(headers: Mapping[str, str], body: bytes) -> list[CanonicalEvent]:
    """Raises Unreadable."""
    if signature.is_json(headers):
        return [event for one in _stream(body) for event in _read_streamed(one)]
    fields: dict[str, str] = {}
    for name, value in signature.form_of(body):
        fields.setdefault(name, value)
    reference = parse_qs(lowered(headers).get(QUERY, "")).get(REFERENCE, [""])[0]
    if not text(fields.get("MessageSid")):
        raise Unreadable(detail="No MessageSid.")
    if "MessageStatus" in fields:
        return read_status(fields, reference)
    return [_message_event(read_message(fields))]


def key_of(headers: Mapping[str, str], body: bytes) -> str:
    """Message and status; empty where nothing is readable."""
    if signature.is_json(headers):
        return ""
    try:
        fields = dict(signature.form_of(body))
    except Unreadable:
        return ""
    sid, status = fields.get("MessageSid", ""), fields.get("MessageStatus", "")
    return f"{sid}:{status}" if sid and status else sid


# --- addresses ---
def address_of(given: str, name: str = "") -> Address:
    """`whatsapp:+…`, `whatsapp:US.…` (a person who hides the number), E.164, or a sender that is no phone."""
    bare = given.removeprefix(WHATSAPP).strip()
    if given.startswith(WHATSAPP) and not bare.startswith("+"):
        return Address(kind=AddressKind.WHATSAPP_USER, value=bare, name=name)
    return Address(kind=AddressKind.PHONE, value=phones.to_e164(bare) or bare, name=name)


def channel_of(*given: str) -> Channel:
    return Channel.WHATSAPP if any(one.startswith(WHATSAPP) for one in given) else Channel.SMS


# --- messages ---
def read_message(fields: Mapping[str, Any]) -> DirectMessageRecord:
    """A message of a guest. Raises Unreadable where nobody sent it."""
    sender, ours = text(fields.get("From")), text(fields.get("To"))
    user = text(fields.get("ExternalUserId"))
    if not (sender or user):
        raise Unreadable(detail="A message from nobody.")
    channel = channel_of(sender, ours, user)
    name = text(fields.get("ProfileName"))
    people = [address_of(one, name) for one in (sender, user) if one]
    body = fields.get("Body")
    words = body if isinstance(body, str) else ""
    keyword, handled = keyword_of(channel, words, text(fields.get("OptOutType")), ours)
    return DirectMessageRecord(
        external_id=text(fields.get("MessageSid")),
        channel=channel,
        guest=people[0],
        also=tuple(people[1:]),
        ours=address_of(ours).value if ours else "",
        body_text=words or _instead_of_words(fields),
        sent_at=None,
        attachments=_files(fields),
        keyword=keyword,
        handled=handled,
        raw=dict(fields),
    )


def keyword_of(channel: Channel, body: str, opt_out_type: str, ours: str) -> tuple[Keyword, bool]:
    """What it asks as Twilio understands it, and whether Twilio answers it. Without Advanced Opt-Out nothing is told:
    then single words to a number that is no short code are taken by Twilio, on SMS only."""
    if opt_out_type:
        told = {"STOP": Keyword.STOP, "START": Keyword.START, "HELP": Keyword.HELP}.get(opt_out_type.upper())
        return (told, True) if told else (Keyword.NONE, False)
    if channel != Channel.SMS or phones.is_short_code(ours):
        return Keyword.NONE, False
    found = KEYWORDS.get(body.strip().upper(), Keyword.NONE)
    return found, found != Keyword.NONE


def _instead_of_words(fields: Mapping[str, Any]) -> str:
    """What a message without words says: a pressed button, a place."""
    if button := text(fields.get("ButtonText")):
        return button
    latitude, longitude = text(fields.get("Latitude")), text(fields.get("Longitude"))
    if not (latitude and longitude):
        return ""
    place = ", ".join(wire.texts((fields.get("Label"), fields.get("Address"))))
    return f"📍 {place} ({latitude}, {longitude})" if place else f"📍 {latitude}, {longitude}"


def _files(fields: Mapping[str, Any]) -> tuple[AttachmentRecord, ...]:
    count = min(wire.integer(fields.get("NumMedia")) or 0, _MOST_FILES)
    found = []
    for number in range(count):
        url = text(fields.get(f"MediaUrl{number}"))
        if url:
            mime_type = text(fields.get(f"MediaContentType{number}"))
            found.append(AttachmentRecord(external_id=url.rsplit("/", 1)[-1], url=url, mime_type=mime_type))
    return tuple(found)


def _message_event(record: DirectMessageRecord, at: datetime | None = None) -> CanonicalEvent:
    return CanonicalEvent(
        kind=EventKind.DIRECT_MESSAGE,
        dedupe_key=f"message:{record.external_id}",
        direct=record,
        occurred_at=at,
    )


# --- reports ---
def read_status(
    fields: Mapping[str, Any], reference: str = "", at: datetime | None = None
) -> list[CanonicalEvent]:
    """What became of a message of ours. A state on the way, or one that is new to us, is no report."""
    sid, status = text(fields.get("MessageSid")), text(fields.get("MessageStatus")).lower()
    key = f"report:{sid}:{status}"
    state = STATES.get(status)
    if state is None:
        unknown = {} if status in UNDER_WAY else {"MessageStatus": status}
        reason = "on its way" if status in UNDER_WAY else "unknown status"
        return [CanonicalEvent(kind=EventKind.IGNORED, dedupe_key=key, reason=reason, unknown=unknown)]
    sender, guest = text(fields.get("From")), text(fields.get("To"))
    code = wire.integer(fields.get("ErrorCode"))
    report = report_of(
        sid, state, sender, guest, code, reference=reference, at=at, withdrawn=status == "canceled"
    )
    events = [CanonicalEvent(kind=EventKind.DELIVERY_REPORT, dedupe_key=key, direct=report, occurred_at=at)]
    if state == Delivery.FAILED and meaning_of(code).operator:
        alert = AlertRecord(external_id=str(code), title=meaning_of(code).text, code=str(code))
        events.append(CanonicalEvent(kind=EventKind.ALERT, dedupe_key=f"alert:{sid}:{code}", direct=alert))
    return events


def report_of(
    sid: str,
    state: Delivery,
    sender: str,
    guest: str,
    code: int | None,
    *,
    reference: str = "",
    at: datetime | None = None,
    withdrawn: bool = False,
) -> DeliveryReport:
    failed = state == Delivery.FAILED
    meaning = meaning_of(code, address_of(sender).value)
    return DeliveryReport(
        external_id=sid,
        channel=channel_of(guest, sender),
        state=state,
        reference=reference,
        code=str(code) if code and failed else "",
        reason=("It was withdrawn at Twilio." if withdrawn else meaning.text) if failed else "",
        at=at,
        address=address_of(guest) if guest else None,
        address_state=meaning.state if failed else AddressState.FINE,
    )


# --- Event Streams ---
def _stream(body: bytes) -> list[Wire]:
    """One event or a batch, with or without the envelope of CloudEvents. Raises Unreadable."""
    try:
        found = json.loads(body)
    except ValueError as error:
        raise Unreadable(detail=f"Not JSON: {body[:100]!r}") from error
    events = wire.objects(found if isinstance(found, list) else [found])
    if not events or not all(map(_sid, events)):
        raise Unreadable(detail="No message in it.")
    return events


def _inner(event: Wire) -> Wire:
    return obj(event.get("data")) or event


def _sid(event: Wire) -> str:
    return text(_inner(event).get("messageSid"))


def _read_streamed(event: Wire) -> list[CanonicalEvent]:
    data = _inner(event)
    kind = first(event.get("type"), data.get("eventName"))
    at = wire.instant(first(data.get("timestamp"), event.get("time")))
    fields = {name[:1].upper() + name[1:]: value for name, value in data.items()}
    if kind.endswith(_INBOUND):
        fields["NumMedia"] = 0  # the stream names no addresses of files: catching up brings them
        return [_message_event(read_message(fields), at)]
    status = first(data.get("messageStatus"), kind.rsplit(".", 1)[-1])
    return read_status({**fields, "MessageStatus": status}, at=at)
