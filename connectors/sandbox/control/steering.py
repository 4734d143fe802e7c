"""Faults, settings, clock, reset, deliveries."""

import dataclasses
import json

from connectors.sandbox.control import shapes
from connectors.sandbox.control.requests import Ask, ControlError
from connectors.sandbox.records import Delivery, Fault, Json, Peak, Setting, Subscription, Token

_KEEPABLE = {
    "subscriptions": Subscription,
    "tokens": Token,
    "settings": Setting,
    "faults": Fault,
    "peaks": Peak,
}


def reset(ask: Ask) -> Json:
    """Back to a first start today; `keep` names what stays of subscriptions, tokens, settings, faults, peaks."""
    keep = ask.body.get("keep", [])
    if not isinstance(keep, list) or not set(keep) <= set(_KEEPABLE):
        raise ControlError(f"keep is a list of {', '.join(_KEEPABLE)}")
    world, kept = ask.world, {_KEEPABLE[name] for name in keep}
    if Peak in kept:
        world.limiter.save()
    with world.store.tx():
        for kind in world.store.tables:
            if kind not in kept:
                world.store.delete(kind, "1")
        if "settings" not in keep:
            world.change_settings(dataclasses.asdict(world.house.settings))
        world.house.plant(world.store, world.clock.now())
    if "faults" not in keep:
        world.faults.clear()
    if "peaks" not in keep:
        world.limiter.reset()
    world.queue.drop_pending()
    world.requests.clear()
    world.queue.subscriptions_changed()
    world.follow_if_stale()
    return {"ok": True, "now": world.clock.iso()}


def put_fault(ask: Ask) -> Json:
    """Set a fault; the same name again replaces it and starts its counters anew."""
    row = ask.world.faults.put(ask.params["name"], ask.body)
    ask.world.follow_if_stale()
    return shapes.fault(row)


def switch_fault(ask: Ask) -> Json:
    """Switch a fault on or off and leave its counters alone."""
    enabled = ask.body.get("enabled")
    if not isinstance(enabled, bool):
        raise ControlError("enabled is true or false")
    row = ask.world.faults.switch(ask.params["name"], enabled=enabled)
    ask.world.follow_if_stale()
    return shapes.fault(row)


def delete_fault(ask: Ask) -> Json:
    """Take one fault away."""
    removed = ask.world.faults.delete(ask.params["name"])
    ask.world.follow_if_stale()
    return {"removed": removed}


def delete_faults(ask: Ask) -> Json:
    """Take all faults away."""
    ask.world.faults.clear()
    ask.world.follow_if_stale()
    return {"ok": True}


def settings(ask: Ask) -> Json:
    """Change settings."""
    ask.world.change_settings(ask.body)
    return {"settings": dataclasses.asdict(ask.world.settings)}


def clock(ask: Ask) -> Json:
    """Move the clock: `forward` seconds from where it is, or `offset` seconds from real time."""
    current = ask.world.clock.offset
    forward, offset = ask.body.get("forward"), ask.body.get("offset")
    if forward is not None and not isinstance(forward, int | float):
        raise ControlError("forward is a number of seconds")
    if forward is None and offset is None:
        raise ControlError("forward or offset is needed")
    ask.world.change_settings({"clock_offset": offset if offset is not None else current + (forward or 0)})
    return {"now": ask.world.clock.iso(), "offset": ask.world.clock.offset}


def clear_peaks(ask: Ask) -> Json:
    """Forget the peaks and what is in the windows."""
    ask.world.limiter.reset()
    return {"ok": True}


def clear_requests(ask: Ask) -> Json:
    """Forget the request log."""
    ask.world.requests.clear()
    return {"ok": True}


def forget_tokens(ask: Ask) -> Json:
    """Revoke every token; with `quota` the day's count starts anew too."""
    tokens = ask.world.store.find(Token)
    if ask.body.get("quota"):
        ask.world.store.delete(Token, "1")
    else:
        for token in tokens:
            token.revoked = True
        ask.world.store.put_all(tokens)
    return {"revoked": len(tokens)}


def forget_subscriptions(ask: Ask) -> Json:
    """The vendor forgets every endpoint, as when an app is disconnected."""
    forgotten = ask.world.store.delete(Subscription, "1")
    ask.world.queue.subscriptions_changed()
    return {"forgotten": forgotten}


def any_webhook(ask: Ask) -> Json:
    """A webhook with whatever name and body, true or not, to every endpoint."""
    body = ask.body.get("body")
    if not isinstance(body, dict):
        raise ControlError("body is a JSON object")
    text = json.dumps(body, ensure_ascii=False)
    return {"endpoints": ask.world.queue.add_for_all(ask.need_text("event"), text)}


def redeliver(ask: Ask) -> Json:
    """Send a delivery's message once more, by delivery id or message id, or the `last` so many."""
    if last := ask.whole("last", 0):
        rows = ask.world.store.find(Delivery, order="rowid DESC", limit=last)[::-1]
    else:
        key = ask.need_text("id")
        rows = ask.world.store.find(Delivery, "id = ? OR message_id = ?", (key, key), limit=1)
        if not rows:
            raise ControlError(f"no delivery is called {key}")
    again = [ask.world.queue.redeliver(row) for row in rows]
    return {"deliveries": [shapes.delivery(ask.world.store, row, body=False) for row in again]}


def drop_pending(ask: Ask) -> Json:
    """Give up every webhook that is still owed."""
    return {"dropped": ask.world.queue.drop_pending()}
