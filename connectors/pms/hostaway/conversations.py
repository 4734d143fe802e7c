"""Hostaway conversations and messages → records (https://api.hostaway.com/documentation#conversations)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from connectors.contract import wire
from connectors.contract.records import (
    AttachmentRecord,
    AuthorKind,
    ConversationRecord,
    Direction,
    MessageRecord,
)
from connectors.contract.text import html_to_text
from connectors.contract.wire import Wire, first, obj, text
from connectors.pms.hostaway.stays import channel_of, guest_id
from connectors.pms.hostaway.words import (
    BY_CHANNEL,
    BY_EMAIL,
    CARRIERS,
    MUTE_CHANNELS,
    NEVER,
    NOT_YET,
    SENT,
)


def read_conversation(data: Wire) -> ConversationRecord:
    """One of a reservation's conversations. The way to answer is told by the booking's channel, until the guest
    chooses another."""
    stay = obj(data.get("Reservation"))
    reservation_id = first(data.get("reservationId"), stay.get("id"))
    moments = [wire.instant(data.get(name)) for name in ("messageSentOn", "messageReceivedOn")]
    changed = max((moment for moment in moments if moment), default=None)
    channel, channel_raw = way_to_guest(stay)
    return ConversationRecord(
        external_id=text(data.get("id")),
        version=wire.version_of(changed),
        is_guest="owner" not in text(data.get("type")).lower(),
        guest_id=guest_id(reservation_id) if reservation_id else None,
        guest_name=first(data.get("recipientName"), stay.get("guestName")),
        reservation_ids=wire.texts([reservation_id]),
        channel=channel,
        channel_raw=channel_raw,
        language=text(stay.get("guestLocale")) or None,
        changed_at=changed,
        raw=data,
    )


def way_to_guest(stay: Wire) -> tuple[str, str]:
    """(our word, `communicationType`) for a booking, or a message that names its booking's channel: its own thread for
    agencies, e-mail for direct ones, none for calendar feeds."""
    word = channel_of(stay)
    if not word or text(stay.get("channelId")) in MUTE_CHANNELS:
        return word, ""
    return ("email", BY_EMAIL) if word == "direct" else (word, BY_CHANNEL)


def read_message(data: Wire, conversation_id: str = "", channel: str = "") -> MessageRecord | None:
    """A message; `channel` is the booking's, for those that its own thread carried. None for what has no id, time or
    direction."""
    external_id, sent_at = text(data.get("id")), moment_of(data)
    incoming = wire.flag(data.get("isIncoming"))
    conversation = first(data.get("conversationId"), conversation_id)
    if not external_id or sent_at is None or incoming is None or not conversation:
        return None
    told: Any = data.get("body")
    body = told if isinstance(told, str) else text(told)
    plain = html_to_text(body)
    return MessageRecord(
        external_id=external_id,
        version=wire.version(data.get("updatedOn")),
        conversation_id=conversation,
        reservation_id=text(data.get("reservationId")) or None,
        direction=Direction.INBOUND if incoming else Direction.OUTBOUND,
        author_kind=AuthorKind.GUEST if incoming else AuthorKind.STAFF,
        body_text=plain,
        body_html=body if plain != body else "",
        sent_at=sent_at,
        sequence=wire.sequence(external_id),
        automatic=not incoming and bool(text(data.get("communicationId"))),
        attachments=read_files(data.get("attachments")),
        raw=data,
        **_way(data, channel),
    )


def moment_of(data: Wire) -> datetime | None:
    """When it was handed to the channel, else when it was meant to be, else when it was stored."""
    names = ("sentChannelDate", "date", "insertedOn")
    return next((moment for name in names if (moment := wire.instant(data.get(name)))), None)


def status_of(data: Wire) -> str:
    return text(data.get("status")).lower() or SENT


def is_under_way(data: Wire) -> bool:
    return status_of(data) in NOT_YET


def has_failed(data: Wire) -> bool:
    return status_of(data) in NEVER


def _way(data: Wire, channel: str) -> dict[str, Any]:
    told = text(data.get("communicationType")).lower()
    if told in CARRIERS:
        return {"channel": CARRIERS[told], "channel_raw": told}
    if told and told != BY_CHANNEL:
        return {"channel": "other", "channel_raw": told, "unknown": {"communicationType": told}}
    word, way = way_to_guest(data)
    word = word or channel
    return {"channel": word, "channel_raw": told or way or (BY_CHANNEL if word else "")}


def read_files(values: Any) -> tuple[AttachmentRecord, ...]:
    """Links of private ones die after seven days."""
    return tuple(
        AttachmentRecord(
            external_id=first(data.get("id"), data.get("url")),
            name=text(data.get("name")),
            url=text(data.get("url")),
            mime_type=text(data.get("mimeType")),
        )
        for data in wire.objects(values)
        if first(data.get("id"), data.get("url"))
    )


def newest_first(records: Sequence[MessageRecord]) -> list[MessageRecord]:
    """Times are whole seconds; ids are counted up."""
    return sorted(records, key=lambda record: (record.sent_at, record.sequence), reverse=True)
