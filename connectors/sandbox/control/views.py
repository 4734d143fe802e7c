"""Looking into the sandbox."""

from dataclasses import asdict
from typing import Any

from connectors.sandbox.actions.stays import find_stay
from connectors.sandbox.actions.talk import INBOUND, OUTBOUND
from connectors.sandbox.control import shapes
from connectors.sandbox.control.requests import Ask, ControlError
from connectors.sandbox.desks.base import posts_of
from connectors.sandbox.records import (
    Application,
    Conversation,
    Delivery,
    FieldDef,
    Guest,
    Json,
    Post,
    Property,
    Stay,
    Subscription,
    Task,
    Token,
    Unit,
)

_COUNTED = (Property, Unit, Guest, Stay, Conversation, Post, Task, Delivery, Subscription, Token)


def state(ask: Ask) -> Json:
    """Everything at a glance: clock, settings, counts, faults, endpoints, ids of units and fields."""
    world = ask.world
    by_state = {
        name: world.store.count(Delivery, "state = ?", (name,))
        for name in ("pending", "delivered", "failed", "lost", "dropped")
    }
    return {
        "pms": world.house.name,
        "now": world.clock.iso(),
        "version": world.store.version,
        "settings": asdict(world.settings),
        "counts": {kind.__name__.lower(): world.store.count(kind) for kind in _COUNTED},
        "deliveries": by_state,
        "requests": world.requests.totals(),
        "faults": [shapes.fault(row) for row in world.faults.all()],
        "subscriptions": [shapes.subscription(row) for row in world.store.find(Subscription)],
        "applications": [asdict(row) for row in world.store.find(Application)],
        "properties": [asdict(row) for row in world.store.find(Property)],
        "units": [asdict(row) for row in world.store.find(Unit)],
        "custom_fields": [asdict(row) for row in world.store.find(FieldDef)],
    }


def kinds(ask: Ask) -> Json:
    """Which faults there are."""
    return {
        "kinds": [
            {"kind": name, "label": kind.label, "side": kind.side, "defaults": kind.defaults}
            for name, kind in ask.world.faults.kinds.items()
        ]
    }


def faults(ask: Ask) -> Json:
    """The faults that are set."""
    return {"faults": [shapes.fault(row) for row in ask.world.faults.all()]}


def fault(ask: Ask) -> Json:
    """One fault; one that isn't set has no hits."""
    for row in ask.world.faults.all():
        if row.id == ask.params["name"]:
            return shapes.fault(row)
    return {"id": ask.params["name"], "enabled": False, "hits": 0, "seen": 0}


def peaks(ask: Ask) -> Json:
    """The most calls within each window, per application."""
    return {"peaks": [asdict(row) for row in ask.world.limiter.peaks()]}


def requests(ask: Ask) -> Json:
    """The recent API requests, newest first; `after` leaves out numbers up to it."""
    after = ask.query.get("after", "0")
    if not after.isdigit():
        raise ControlError("after is a number")
    log = ask.world.requests
    return {"requests": log.recent(ask.limit(), int(after)), **log.totals()}


def deliveries(ask: Ask) -> Json:
    """Webhook deliveries, newest first; filters: state, event, subscription, message_id, contains (in the body)."""
    where, params = ["1"], list[Any]()
    for name, column in (
        ("state", "state"),
        ("event", "event"),
        ("subscription", "subscription_id"),
        ("message_id",) * 2,
    ):
        if value := ask.query.get(name):
            where.append(f"{column} = ?")
            params.append(value)
    if value := ask.query.get("contains"):
        where.append("instr(body, ?) > 0")
        params.append(value)
    text, store = " AND ".join(where), ask.world.store
    rows = store.find(Delivery, text, params, order="rowid DESC", limit=ask.limit())
    with_body = ask.query.get("body", "") in ("1", "true")
    found = [shapes.delivery(store, row, body=with_body) for row in rows]
    return {"deliveries": found, "count": store.count(Delivery, text, params)}


def messages(ask: Ask) -> Json:
    """Every post, oldest first: of one conversation, or of all."""
    key = ask.query.get("conversation")
    where, params = ("conversation_id = ?", (key,)) if key else ("1", ())
    rows = ask.world.store.find(Post, where, params, order="created_at, id", limit=ask.limit(100_000))
    return {"messages": [shapes.post(row) for row in rows]}


def conversations(ask: Ask) -> Json:
    """Conversations, the one with the newest post first."""
    rows = ask.world.store.find(Conversation, order="modified_at DESC, id DESC", limit=ask.limit())
    return {"conversations": [shapes.conversation(ask.world.store, row) for row in rows]}


def conversation(ask: Ask) -> Json:
    """One conversation with all its posts."""
    row = ask.world.store.need(Conversation, ask.params["id"])
    posts = ask.world.store.find(Post, "conversation_id = ?", (row.id,), order="created_at, id")
    return shapes.conversation(ask.world.store, row) | {"messages": [shapes.post(item) for item in posts]}


def reservations(ask: Ask) -> Json:
    """Reservations by arrival; `code`, `status` and `conversation` narrow down."""
    where, params = ["1"], list[Any]()
    for name, column in (("code", "code"), ("status", "status"), ("conversation", "conversation_id")):
        if value := ask.query.get(name):
            where.append(f"{column} = ?")
            params.append(value)
    rows = ask.world.store.find(
        Stay, " AND ".join(where), params, order="arrival, id", limit=ask.limit(1_000)
    )
    return {"reservations": [shapes.stay(ask.world.store, row) for row in rows]}


def reservation(ask: Ask) -> Json:
    """One reservation, by id or confirmation code."""
    return shapes.stay(ask.world.store, find_stay(ask.world, ask.params["key"]))


def stay_messages(ask: Ask) -> Json:
    """What guest and house wrote about one stay, oldest first, as staff see it."""
    stay = find_stay(ask.world, ask.params["key"])
    rows = [row for row in posts_of(ask.world, stay) if row.direction in (INBOUND, OUTBOUND)]
    return {"messages": [shapes.post(row) for row in rows]}


def stay_notes(ask: Ask) -> Json:
    """The notes of one stay as staff see them: entries, and the text field where there is one."""
    return ask.desk.notes(ask.world, find_stay(ask.world, ask.params["key"]))


def units(ask: Ask) -> Json:
    """Units with their housekeeping state."""
    return {"units": [asdict(row) for row in ask.world.store.find(Unit)]}


def guest(ask: Ask) -> Json:
    """One guest."""
    return asdict(ask.world.store.need(Guest, ask.params["id"]))


def tasks(ask: Ask) -> Json:
    """All tasks, newest first."""
    rows = ask.world.store.find(Task, order="created_at DESC, id DESC", limit=ask.limit())
    return {"tasks": [asdict(row) for row in rows]}
