"""Subscriptions, and the bodies that they are sent."""

import uuid
from urllib.parse import urlsplit

from connectors.sandbox.happenings import (
    GuestChanged,
    Happening,
    MessagePosted,
    StayChanged,
    TaskChanged,
    UnitChanged,
)
from connectors.sandbox.ids import new_id
from connectors.sandbox.records import Conversation, Json, Post, Stay, Subscription
from connectors.sandbox.signing import new_secret
from connectors.sandbox.wires.guesty import guests, stay_shapes, talk_shapes, tasks, units
from connectors.sandbox.wires.guesty.answers import ACCOUNT_ID, Answer, Call, coded, need_object, only
from connectors.sandbox.wires.guesty.auth import NAME
from connectors.sandbox.world import World

LEGACY = ("reservation.new", "reservation.updated")
EVENTS = (
    "reservation.messageReceived",
    "reservation.messageSent",
    "reservation.created.v2",
    "reservation.updated.v2",
    "reservation_update_shortlist",
    "guest.created",
    "guest.updated",
    "guest.deleted",
    "listing.new",
    "listing.updated",
    "listing.removed",
    "listing.calendar.updated",
    "calendar.updated.v2",
    "task.created",
    "task.updated",
    "task.deleted",
    "payments.failed",
    "payments.method.received",
)
_THREAD_LENGTH = 10


def shape(row: Subscription) -> Json:
    """A subscription as the API shows it."""
    return {"accountId": ACCOUNT_ID, "_id": row.id, "url": row.url, "events": row.events}


def find(call: Call) -> Answer:
    """`GET /webhooks`: an endpoint that was switched off is gone from here."""
    rows = call.world.store.find(Subscription, "wire = ? AND disabled_at IS NULL", (NAME,))
    return Answer([shape(row) for row in rows])


def _need(call: Call) -> Subscription:
    row = call.world.store.get(Subscription, call.params["id"])
    if row is None or row.disabled_at is not None:
        raise coded(404, "NOT_FOUND", "Webhook not found")
    return row


def get(call: Call) -> Answer:
    """`GET /webhooks/{id}`"""
    return Answer(shape(_need(call)))


def create(call: Call) -> Answer:
    """`POST /webhooks`: one subscription per URL."""
    body = need_object(call)
    only(body, "url", "events")
    url, events = body.get("url"), _events(call, body)
    if (
        not isinstance(url, str)
        or urlsplit(url).scheme not in ("http", "https")
        or not urlsplit(url).hostname
    ):
        raise coded(400, "VALIDATION_ERROR", '"url" must be a valid uri')
    with call.world.store.tx():
        call.world.store.delete(Subscription, "wire = ? AND url = ? AND disabled_at IS NOT NULL", (NAME, url))
        if call.world.store.count(Subscription, "wire = ? AND url = ?", (NAME, url)):
            raise coded(400, "VALIDATION_ERROR", "A webhook with this url already exists")
        ready = call.world.clock.epoch() + call.world.settings.secret_delay
        row = Subscription(new_id(), NAME, call.application.id, url, events, new_secret(), ready)
        call.world.store.put(row)
    call.world.queue.subscriptions_changed()
    return Answer(shape(row), 201)


def put(call: Call) -> Answer:
    """`PUT /webhooks/{id}`: the events only, the URL can't be edited."""
    body, row = need_object(call), _need(call)
    only(body, "url", "events")
    if "url" in body and body["url"] != row.url:
        raise coded(400, "VALIDATION_ERROR", "The url of a webhook can not be edited")
    row.events = _events(call, body)
    call.world.store.put(row)
    call.world.queue.subscriptions_changed()
    return Answer(shape(row))


def _events(call: Call, body: Json) -> list[str]:
    events = body.get("events")
    if not isinstance(events, list) or not events:
        raise coded(400, "VALIDATION_ERROR", '"events" must be an array with at least one event')
    known = EVENTS if call.world.settings.reservation_events == "v2" else (*EVENTS, *LEGACY)
    for event in events:
        if event not in known:
            raise coded(400, "VALIDATION_ERROR", f'event "{event}" is not supported')
    return [str(event) for event in events]


def delete(call: Call) -> Answer:
    """`DELETE /webhooks/{id}`"""
    row = _need(call)
    call.world.store.delete(Subscription, "id = ?", (row.id,))
    call.world.queue.subscriptions_changed()
    return Answer(status=204)


def secret(call: Call) -> Answer:
    """`GET /webhooks-v2/secret?url=`: 404 until the secret is ready."""
    rows = call.world.store.find(
        Subscription, "wire = ? AND url = ? AND disabled_at IS NULL", (NAME, call.query.get("url", ""))
    )
    if not rows or rows[0].secret_ready_at > call.world.clock.epoch():
        raise coded(404, "NOT_FOUND", "Endpoint not found")
    return Answer({"key": rows[0].secret})


def payloads(world: World, happening: Happening) -> list[tuple[str, Json]]:
    """The events that a happening makes, with their bodies."""
    match happening:
        case MessagePosted(post):
            return [_message(world, post)]
        case StayChanged():
            return _stay(world, happening)
        case GuestChanged(guest, verb, by):
            return [(f"guest.{verb}", {"guest": guests.shape(guest), "by": by, "event": f"guest.{verb}"})]
        case TaskChanged(task, verb, by):
            return [(f"task.{verb}", {"task": tasks.pushed(task), "by": by, "event": f"task.{verb}"})]
        case UnitChanged(unit):
            listing = units.listing(world.store, unit)
            return [("listing.updated", {"listing": listing, "event": "listing.updated"})]
    return []


def _message(world: World, post: Post) -> tuple[str, Json]:
    event = "reservation.messageReceived" if post.direction == "inbound" else "reservation.messageSent"
    talk = world.store.need(Conversation, post.conversation_id)
    thread = world.store.find(
        Post,
        "conversation_id = ? AND direction IN ('inbound', 'outbound') AND (created_at, id) <= (?, ?)",
        (talk.id, post.created_at, post.id),
        order="created_at DESC, id DESC",
        limit=_THREAD_LENGTH,
    )
    body: Json = {"event": event}
    stay = world.store.get(Stay, post.stay_id)
    if stay and stay.status != "inquiry":
        body["reservationId"] = stay.id
    body["message"] = talk_shapes.hook_message(post)
    body["conversation"] = talk_shapes.hook_conversation(world.store, talk, thread[::-1])
    body["meta"] = {"eventId": str(uuid.uuid4()), "messageId": str(uuid.uuid4())}
    return event, body


def _stay(world: World, happening: StayChanged) -> list[tuple[str, Json]]:
    made: list[tuple[str, Json]] = []
    wanted = world.settings.reservation_events
    if wanted in ("v2", "both"):
        event = "reservation.created.v2" if happening.new else "reservation.updated.v2"
        data = stay_shapes.pushed(world.store, happening.stay)
        meta = {"eventId": str(uuid.uuid4())}
        made.append((event, {"event": event, "publishedAt": happening.at, "data": data, "meta": meta}))
    if wanted in ("legacy", "both"):
        event = LEGACY[0] if happening.new else LEGACY[1]
        made.append((event, {"reservation": stay_shapes.legacy(world.store, happening.stay), "event": event}))
    return made
