"""Conversations and messages as the API shows them, with the reference's two names of one field."""

import hashlib
from datetime import timedelta
from typing import Any

from connectors.sandbox.actions.homes import CHANNEL_IDS, SENT, standing
from connectors.sandbox.actions.talk import INBOUND, OUTBOUND
from connectors.sandbox.clock import parse_iso
from connectors.sandbox.ids import seed_id
from connectors.sandbox.records import Conversation, Guest, Json, Post, Property, Stay
from connectors.sandbox.store import Store
from connectors.sandbox.wires.hostaway.answers import ACCOUNT_ID, moment, number
from connectors.sandbox.wires.hostaway.stay_shapes import listing_of, shown

_LINK_LIVES = timedelta(days=7)
_SENT_IN_SQL = (
    "(direction = 'inbound' OR json_extract(extra, '$.ends') IS NULL "
    "OR (json_extract(extra, '$.ends') = 'sent' AND json_extract(extra, '$.handed_over_at') <= ?))"
)


def spoken(now: str, *, scheduled: bool) -> tuple[str, list[Any]]:
    """The condition for messages that a list shows: those sent, and with `scheduled` all others too."""
    where = f"direction IN ('{INBOUND}', '{OUTBOUND}')"
    return (where, []) if scheduled else (f"{where} AND {_SENT_IN_SQL}", [now])


def message(store: Store, row: Post, now: str) -> Json:
    """A message as its own endpoints and webhooks have it."""
    status = standing(row, now)
    handed_over = row.extra.get("handed_over_at") or row.created_at
    value = _core(store, row, now)
    value["airbnbThreadMessageId"] = row.extra.get("thread_message_id")
    value |= {
        "communicationType": row.module,
        "status": status,
        "date": moment(row.extra.get("date") or row.created_at),
        "sentChannelDate": moment(handed_over) if status == SENT else None,
        "attachments": [_attachment(row, place, item, now) for place, item in enumerate(row.attachments)],
    }
    return value


def hook_message(store: Store, row: Post, now: str) -> Json:
    """The same in a webhook: it names the channel too."""
    stay = store.need(Stay, row.stay_id or "")
    return message(store, row, now) | {"channelId": CHANNEL_IDS.get(stay.platform, 2020)}


def _core(store: Store, row: Post, now: str) -> Json:
    talk = store.need(Conversation, row.conversation_id)
    stay = store.need(Stay, talk.stay_id or "")
    listing, _ = listing_of(store, stay)
    incoming = row.direction == INBOUND
    changed = row.extra.get("handed_over_at") or row.created_at
    return {
        "id": int(row.id),
        "accountId": ACCOUNT_ID,
        "listingMapId": int(listing.id),
        "reservationId": int(stay.id),
        "conversationId": int(talk.id),
        "communicationId": row.extra.get("communication_id"),
        "body": row.body,
        "isIncoming": int(incoming),
        "isSeen": int(incoming and talk.read),
        "sentUsingHostaway": int(not incoming and not row.extra.get("on_channel")),
        "hash": hashlib.md5(row.body.encode(), usedforsecurity=False).hexdigest(),
        "listingTimeZoneName": store.need(Property, listing.property_id).timezone,
        "communicationEvent": row.extra.get("communication_event"),
        "communicationTimeDelta": None,
        "communicationApplyListingTimeZone": None,
        "communicationAlwaysTrigger": None,
        "insertedOn": moment(row.created_at),
        "updatedOn": moment(min(changed, now) if changed > row.created_at else row.created_at),
    }


def _attachment(row: Post, place: int, item: Json, now: str) -> Json:
    """The link of a private one is made anew by every read, and is good for seven days."""
    public = bool(item.get("isPublic", 0))
    name = str(item.get("name") or item.get("title") or "file")
    extension = name.rpartition(".")[2].lower() if "." in name else ""
    picture = extension in ("jpg", "jpeg", "png", "gif", "webp")
    return {
        "accountId": ACCOUNT_ID,
        "listingMapId": None,
        "reservationId": number(row.stay_id),
        "taskId": None,
        "name": name,
        "url": item.get("url") if public else _signed(str(item.get("url")), now),
        "isPublic": int(public),
        "communicationId": None,
        "conversationMessageId": int(row.id),
        "extension": extension,
        "mimeType": item.get("mimeType") or ("image/jpeg" if picture else "application/octet-stream"),
        "isImage": int(picture),
        "id": int(row.id) * 10 + place,
    }


def _signed(url: str, now: str) -> str:
    dies = parse_iso(now) + _LINK_LIVES
    return f"{url}?expires={int(dies.timestamp())}"


def conversation(store: Store, row: Conversation, now: str, *, resources: bool) -> Json:
    """A conversation with only its latest message, and with the reservation if resources are asked for."""
    stay, guest = store.need(Stay, row.stay_id or ""), store.need(Guest, row.guest_id)
    listing, _ = listing_of(store, stay)
    where, params = spoken(now, scheduled=False)
    latest = store.find(
        Post,
        f"conversation_id = ? AND {where}",
        (row.id, *params),
        order="created_at DESC, CAST(id AS INTEGER) DESC",
        limit=1,
    )
    value: Json = {
        "accountId": ACCOUNT_ID,
        "listingMapId": int(listing.id),
        "reservationId": int(stay.id),
        "type": row.subject,
        "recipientEmail": guest.email,
        "recipientName": guest.full_name,
        "recipientPicture": None,
        "hostEmail": f"c-{seed_id('host', row.id)}@host.hostaway.example",
        "guestEmail": f"c-{seed_id('guest', row.id)}@guest.hostaway.example",
        "hasUnreadMessages": int(not row.read),
        "messageSentOn": moment(row.last_host_at),
        "messageReceivedOn": moment(row.last_guest_at),
        "conversationMessages": [_inner(store, post, now) for post in latest],
        "id": int(row.id),
    }
    if resources:
        inner = shown(store, stay, now, resources=False, payments=False)
        value["Reservation"] = inner | {"hostawayReservationId": stay.id}
    return value


def _inner(store: Store, row: Post, now: str) -> Json:
    """A message inside its conversation lacks status and type, and calls the channel's id by another name."""
    return _core(store, row, now) | {"channelThreadMessageId": row.extra.get("thread_message_id")}
