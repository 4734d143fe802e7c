"""Unified webhooks: endpoints that get everything, what they are sent, and the log of that."""

import json
from typing import Any
from urllib.parse import urlsplit

from connectors.sandbox.happenings import Happening, MessagePosted, StayChanged
from connectors.sandbox.records import Delivery, Json, Subscription
from connectors.sandbox.wires.hostaway.answers import (
    ACCOUNT_ID,
    NAME,
    Call,
    Fail,
    listed,
    need_object,
    ok,
    window,
)
from connectors.sandbox.wires.hostaway.stay_shapes import full
from connectors.sandbox.wires.hostaway.talk_shapes import hook_message
from connectors.sandbox.world import World

CREATED, UPDATED, MESSAGE = "reservation.created", "reservation.updated", "message.received"
_FIELDS = ("url", "isEnabled", "login", "password", "alertingEmailAddress")
_MASK = "****"


def shape(row: Subscription) -> Json:
    """An endpoint; its password is not told again."""
    return {
        "id": int(row.id),
        "isEnabled": int(row.disabled_at is None),
        "url": row.url,
        "login": row.extra.get("login"),
        "password": _MASK if row.extra.get("password") else None,
        "alertingEmailAddress": row.extra.get("alertingEmailAddress"),
    }


def find(call: Call) -> Json:
    """`GET /webhooks/unifiedWebhooks`"""
    rows = call.world.store.find(Subscription, "wire = ?", (NAME,))
    return ok([shape(row) for row in rows], count=len(rows))


def _need(call: Call) -> Subscription:
    return call.world.store.need(Subscription, str(call.params["id"]))


def get(call: Call) -> Json:
    """`GET /webhooks/unifiedWebhooks/{id}`"""
    return ok(shape(_need(call)))


def create(call: Call) -> Json:
    """`POST /webhooks/unifiedWebhooks`: several for one URL are possible, and each gets everything."""
    body = need_object(call)
    if "url" not in body:
        raise Fail(400, "url is required")
    events = [CREATED, UPDATED, MESSAGE]
    row = Subscription(call.world.new_id("webhook"), NAME, call.application.id, "", events, "", 0.0)
    return _written(call, row, body)


def put(call: Call) -> Json:
    """`PUT /webhooks/unifiedWebhooks/{id}`: what is named is set; enabling forgets the failures."""
    return _written(call, _need(call), need_object(call))


def _written(call: Call, row: Subscription, body: Json) -> Json:
    _check(body)
    row.url = body.get("url", row.url)
    row.extra |= {name: body[name] for name in ("login", "password", "alertingEmailAddress") if name in body}
    login, password = row.extra.get("login"), row.extra.get("password")
    row.secret = f"{login}:{password}" if login and password else ""
    if "isEnabled" in body:
        row.disabled_at = None if body["isEnabled"] else call.world.clock.epoch()
        row.failing_since = None
    call.world.store.put(row)
    call.world.queue.subscriptions_changed()
    return ok(shape(row))


def _check(body: Json) -> None:
    if unknown := sorted(set(body) - {*_FIELDS, "id", "accountId"}):
        raise Fail(400, f"Unknown property {unknown[0]}")
    parts = urlsplit(str(body.get("url", "http://x")))
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise Fail(400, "url must be a valid URL")
    if body.get("isEnabled", 1) not in (0, 1):
        raise Fail(400, "isEnabled must be 0 or 1")
    for name in ("login", "password", "alertingEmailAddress"):
        if not isinstance(body.get(name), str | None):
            raise Fail(400, f"{name} must be a string")


def delete(call: Call) -> Json:
    """`DELETE /webhooks/unifiedWebhooks/{id}`"""
    call.world.store.delete(Subscription, "id = ?", (_need(call).id,))
    call.world.queue.subscriptions_changed()
    return ok([])


def logs(call: Call) -> Json:
    """`GET /unifiedWebhookLogs`: every attempt, newest first; filters `unifiedWebhookId`, `listingMapId`."""
    where, params = "1", list[Any]()
    if (wanted := call.whole("unifiedWebhookId")) is not None:
        where, params = "subscription_id = ?", [str(wanted)]
    listing = call.whole("listingMapId")
    deliveries = call.store.find(Delivery, where, params, order="rowid DESC", limit=1_000)
    rows = [row for delivery in deliveries for row in _attempts(call, delivery)]
    rows = [row for row in rows if listing is None or row["listingMapId"] == listing]
    part = window(call)
    return listed(part, rows[part.offset : part.offset + part.limit], len(rows))


def _attempts(call: Call, delivery: Delivery) -> list[Json]:
    target, body = call.store.get(Subscription, delivery.subscription_id), json.loads(delivery.body)
    data = body.get("data", {})
    if target is None:
        return []
    return [
        {
            "id": int(delivery.id[-8:], 16) * 10 + place,
            "accountId": ACCOUNT_ID,
            "listingMapId": data.get("listingMapId"),
            "webhookNotificationSettingId": int(target.id),
            "isEnabled": int(target.disabled_at is None),
            "url": target.url,
            "login": target.extra.get("login"),
            "password": _MASK if target.extra.get("password") else None,
            "object": body.get("object"),
            "objectId": data.get("id"),
            "event": delivery.event,
            "responseStatus": attempt["status"],
            "responseBody": attempt["error"] or "",
        }
        for place, attempt in reversed(list(enumerate(delivery.attempts)))
    ]


def payloads(world: World, happening: Happening) -> list[tuple[str, Json]]:
    """The events that a happening makes: whole objects."""
    now = world.clock.iso()
    match happening:
        case MessagePosted(post):
            at = max(now, str(post.extra.get("handed_over_at") or now))
            return [_event("conversationMessage", MESSAGE, hook_message(world.store, post, at))]
        case StayChanged(stay):
            return [
                _event("reservation", CREATED if happening.new else UPDATED, full(world.store, stay, now))
            ]
    return []


def _event(kind: str, event: str, data: Json) -> tuple[str, Json]:
    return event, {"object": kind, "event": event, "accountId": ACCOUNT_ID, "data": data}
