"""Conversations, their messages, and sending."""

from connectors.sandbox.actions import homes
from connectors.sandbox.records import Conversation, Json, Post, Stay
from connectors.sandbox.store import MissingError
from connectors.sandbox.wires.hostaway import talk_shapes
from connectors.sandbox.wires.hostaway.answers import Call, Fail, listed, need_object, ok, window

TYPES = ("email", "channel", "sms", "whatsapp")
_SEND_FIELDS = ("body", "communicationType", "bookingcomSelectedOptions", "inReplyTo")


def find(call: Call) -> Json:
    """`GET /conversations`, the one with the newest message first."""
    where, params = "stay_id IS NOT NULL", []
    if (stay := call.whole("reservationId")) is not None:
        where, params = "stay_id = ?", [str(stay)]
    part = window(call)
    order = "coalesce(last_at, created_at) DESC, CAST(id AS INTEGER) DESC"
    rows = call.store.find(Conversation, where, params, order=order, limit=part.limit, skip=part.offset)
    return listed(part, [_shape(call, row) for row in rows], call.store.count(Conversation, where, params))


def of_stay(call: Call) -> Json:
    """`GET /reservations/{id}/conversations`"""
    stay = call.store.need(Stay, str(call.params["id"]))
    rows = call.store.find(Conversation, "stay_id = ?", (stay.id,), order="CAST(id AS INTEGER)")
    return listed(window(call), [_shape(call, row) for row in rows], len(rows))


def get(call: Call) -> Json:
    """`GET /conversations/{id}`"""
    return ok(_shape(call, call.store.need(Conversation, str(call.params["id"]))))


def _shape(call: Call, row: Conversation) -> Json:
    return talk_shapes.conversation(call.store, row, call.now, resources=call.flag("includeResources"))


def messages(call: Call) -> Json:
    """`GET /conversations/{id}/messages`, newest first; only what is sent unless told."""
    talk = call.store.need(Conversation, str(call.params["id"]))
    where, params = talk_shapes.spoken(call.now, scheduled=call.flag("includeScheduledMessages"))
    where, params = f"conversation_id = ? AND {where}", [talk.id, *params]
    part = window(call)
    order = "created_at DESC, CAST(id AS INTEGER) DESC"
    rows = call.store.find(Post, where, params, order=order, limit=part.limit, skip=part.offset)
    shapes = [talk_shapes.message(call.store, row, call.now) for row in rows]
    return listed(part, shapes, call.store.count(Post, where, params))


def message(call: Call) -> Json:
    """`GET /conversations/{id}/messages/{messageId}`, whatever its status."""
    row = call.store.need(Post, str(call.params["message"]))
    if row.conversation_id != str(call.params["id"]):
        raise MissingError(f"no message {row.id} here")
    return ok(talk_shapes.message(call.store, row, call.now))


def send(call: Call) -> Json:
    """`POST /conversations/{id}/messages`: by e-mail unless `communicationType` says otherwise."""
    world = call.world
    talk, body = world.store.need(Conversation, str(call.params["id"])), need_object(call)
    if unknown := sorted(set(body) - set(_SEND_FIELDS)):
        raise Fail(400, f"Unknown property {unknown[0]}")
    text, kind = body.get("body"), body.get("communicationType", "email")
    if not isinstance(text, str) or not text.strip():
        raise Fail(400, "body is required")
    if kind not in TYPES:
        raise Fail(400, f"communicationType must be one of {', '.join(TYPES)}")
    name = call.application.name
    post = homes.outgoing(world, talk, text, kind, "api", name, failing=call.failing)
    return ok(talk_shapes.message(world.store, post, call.now))
