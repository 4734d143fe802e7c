"""Subscriptions: one per property, object and action."""

import secrets
from urllib.parse import urlsplit

from connectors.sandbox.records import Json, Subscription
from connectors.sandbox.wires.cloudbeds.answers import NAME, Call, Refusal, ok
from connectors.sandbox.wires.cloudbeds.auth import SCOPES
from connectors.sandbox.wires.cloudbeds.events import EVENTS


def create(call: Call) -> Json:
    """`POST /postWebhook`: needs the scope to read the object."""
    place = call.place()
    call.only("object", "action", "endpointUrl")
    event, url = f"{call.need('object')}/{call.need('action')}", call.need("endpointUrl")
    if event not in EVENTS:
        raise Refusal(f"Unknown event {event}")
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise Refusal('Invalid parameter format, "endpointUrl" is a URL')
    scope = f"read:{call.need('object')}"
    scopes = SCOPES[call.application.id]
    if any(known.endswith(scope[5:]) for known in scopes) and scope not in scopes:
        raise Refusal(f"The API key lacks the scope {scope}", 403)
    with call.world.store.tx():
        for row in _mine(call):
            if row.events == [event] and row.url == url and row.extra["scope"] == place.id:
                raise Refusal("This webhook subscription already exists")
        key = secrets.token_hex(7)
        made = Subscription(key, NAME, call.application.id, url, [event], "", 0.0, extra={"scope": place.id})
        call.world.store.put(made)
    call.world.queue.subscriptions_changed()
    return ok({"subscriptionID": made.id})


def _mine(call: Call) -> list[Subscription]:
    return call.world.store.find(Subscription, "application = ?", (call.application.id,))


def find(call: Call) -> Json:
    """`GET /getWebhooks`: of one property, or of all that the key covers."""
    wanted = [place.id for place in call.places("propertyID")]
    return ok([_shape(row) for row in _mine(call) if row.extra["scope"] in wanted])


def _shape(row: Subscription) -> Json:
    entity, _, action = row.events[0].partition("/")
    return {
        "id": row.id,
        "key": {"type": "property", "id": row.extra["scope"]},
        "event": {"entity": entity, "action": action},
        "owner": {"type": "client", "id": "app_sandbox"},
        "subscriptionType": "webhook",
        "subscriptionData": {"endpoint": row.url},
    }


def delete(call: Call) -> Json:
    """`DELETE /deleteWebhook`"""
    key = call.need("subscriptionID")
    if key not in [row.id for row in _mine(call)]:
        raise Refusal("Subscription not found")
    call.world.store.delete(Subscription, "id = ?", (key,))
    call.world.queue.subscriptions_changed()
    return {"success": True}
