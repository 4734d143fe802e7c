"""What the console shows, in one answer: short rows, and the thread that is open."""

from collections import Counter

from connectors.sandbox.control import shapes
from connectors.sandbox.control.requests import Ask
from connectors.sandbox.records import Conversation, Delivery, Guest, Json, Post, Stay, Unit
from connectors.sandbox.store import Store

_THREADS, _POSTS, _WIRE = 200, 200, 40


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
    chosen = store.get(Conversation, ask.query.get("thread"))
    return {
        "pms": _pms(ask),
        "now": world.clock.iso(),
        "offset": world.clock.offset,
        "units": sorted((name, key) for key, name in units.items()),
        "threads": [_thread(row, guests, unit_of.get(row.id, "")) for row in threads],
        "stays": [_stay(row, guests, units) for row in stays],
        "open": _open(store, chosen) if chosen else None,
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
        "code": row.code,
    }


def _open(store: Store, row: Conversation) -> Json:
    posts = store.find(Post, "conversation_id = ?", (row.id,), order="created_at DESC, id DESC", limit=_POSTS)
    stays = store.find(Stay, "conversation_id = ?", (row.id,), order="created_at DESC", limit=1)
    return {
        "conversation": shapes.conversation(store, row),
        "stay": shapes.stay(store, stays[0]) if stays else None,
        "posts": [shapes.post(post) for post in reversed(posts)],
    }


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
