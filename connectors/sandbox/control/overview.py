"""What the console shows, in one answer: short rows, and the thread that is open."""

from collections import Counter

from connectors.sandbox.control import shapes
from connectors.sandbox.control.requests import Ask
from connectors.sandbox.records import Conversation, Delivery, Guest, Json, Post, Stay, Task, Unit
from connectors.sandbox.store import Store

_THREADS, _POSTS, _WIRE, _TASKS = 200, 200, 40, 30


def overview(ask: Ask) -> Json:
    """Threads, stays, faults, webhooks, requests; with `thread` that conversation and its stay."""
    world, store = ask.world, ask.world.store
    units = {row.id: row.name for row in store.find(Unit)}
    guests = {row.id: row.full_name for row in store.find(Guest)}
    today = world.clock.iso()[:10]
    stays = store.find(Stay, order="arrival, id", limit=1_000)
    stays.sort(key=lambda row: row.departure < today)
    threads = store.find(Conversation, order="modified_at DESC, id DESC", limit=_THREADS)
    unit_of = {row.conversation_id: units.get(row.unit_id, "") for row in stays}
    unit_of |= {row.id: units.get(row.unit_id, "") for row in stays}
    chosen = store.get(Conversation, ask.query.get("thread"))
    return {
        "pms": _pms(ask),
        "now": world.clock.iso(),
        "offset": world.clock.offset,
        "units": sorted((name, key) for key, name in units.items()),
        "threads": [_thread(row, guests, unit_of.get(row.stay_id or row.id, "")) for row in threads],
        "stays": [_stay(row, guests, units) for row in stays],
        "open": _open(store, chosen) if chosen else None,
        "rooms": _rooms(ask),
        "tasks": _tasks(ask),
        "faults": _faults(ask),
        "deliveries": [
            shapes.delivery(store, row, body=False)
            for row in store.find(Delivery, order="rowid DESC", limit=_WIRE)
        ],
        "owed": store.count(Delivery, "state = 'pending'"),
        "requests": world.requests.recent(_WIRE),
    }


def _pms(ask: Ask) -> Json:
    """What the page has to know of the vendor: its words, and what it lacks with the reason."""
    house = ask.world.house
    return {
        "name": house.name,
        "title": house.title,
        "sources": list(house.sources.items()),
        "statuses": house.statuses,
        "conditions": house.conditions,
        "task_statuses": house.task_statuses,
        "modules": house.modules,
        "lacks": house.lacks,
    }


def _thread(row: Conversation, guests: dict[str, str], unit: str) -> Json:
    return {
        "id": row.id,
        "guest": guests.get(row.guest_id, ""),
        "unit": unit,
        "kind": row.kind,
        "read": row.read,
        "last": row.last_body[:80],
        "at": row.modified_at,
    }


def _stay(row: Stay, guests: dict[str, str], units: dict[str, str]) -> Json:
    return {
        "id": row.id,
        "thread": row.conversation_id,
        "guest": guests.get(row.guest_id, ""),
        "unit": units.get(row.unit_id, ""),
        "status": row.status,
        "presence": row.presence,
        "arrival": row.arrival,
        "departure": row.departure,
        "code": row.code or row.id,
    }


def _open(store: Store, row: Conversation) -> Json:
    shown = "conversation_id = ? AND direction <> 'archived'"
    posts = store.find(Post, shown, (row.id,), order="created_at DESC, id DESC", limit=_POSTS)
    where = ("id = ?", (row.stay_id,)) if row.stay_id else ("conversation_id = ?", (row.id,))
    stays = store.find(Stay, *where, order="created_at DESC", limit=1)
    return {
        "conversation": shapes.conversation(store, row),
        "stay": _open_stay(store, stays[0]) if stays else None,
        "posts": [shapes.post(post) for post in reversed(posts)],
    }


def _open_stay(store: Store, row: Stay) -> Json:
    """A stay with the names of its rooms."""
    names = {unit.id: unit.name for unit in store.find(Unit)} if row.rooms else {}
    rooms = [
        {"name": names[room.get("room") or room.get("unit") or room["type"]], "state": room.get("state")}
        for room in row.rooms
    ]
    return shapes.stay(store, row) | {"room_names": rooms}


def _tasks(ask: Ask) -> list[Json]:
    """The newest tasks, short."""
    rows = ask.world.store.find(Task, order="created_at DESC, id DESC", limit=_TASKS)
    return [{"id": row.id, "title": row.title, "status": row.status, "unit_id": row.unit_id} for row in rows]


def _rooms(ask: Ask) -> list[Json]:
    """What can be clean or dirty, where the PMS keeps that."""
    if not ask.world.house.conditions:
        return []
    rows = ask.world.store.find(Unit, "kind <> 'MTL'")
    return [{"id": row.id, "name": row.name, "condition": row.cleaning} for row in rows]


def _faults(ask: Ask) -> list[Json]:
    """Every kind with its switch: on if a fault of that kind is on, hits of all of that kind."""
    hits: Counter[str] = Counter()
    enabled: set[str] = set()
    for fault in ask.world.faults.all():
        hits[fault.kind] += fault.hits
        if fault.enabled and fault.remaining != 0:
            enabled.add(fault.kind)
    return [
        {"kind": name, "label": kind.label, "side": kind.side, "on": name in enabled, "hits": hits[name]}
        for name, kind in ask.world.faults.kinds.items()
    ]
