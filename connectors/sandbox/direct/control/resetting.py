"""Back to a first start: one provider, or all with the phones and mailboxes."""

from typing import Any

from connectors.sandbox.control import steering
from connectors.sandbox.control.requests import Ask
from connectors.sandbox.desks import Desk
from connectors.sandbox.direct.control.asks import TownAsk
from connectors.sandbox.direct.line_world import LineWorld
from connectors.sandbox.direct.records import Line
from connectors.sandbox.records import Json, Subscription


def reset(ask: Ask) -> Json:
    """One provider; `keep` as with the PMSs. Who keeps `subscriptions` keeps the addresses of numbers too."""
    world, keep = ask.world, ask.body.get("keep", [])
    kept: list[list[Any]] = []
    if isinstance(keep, list) and "subscriptions" in keep:
        kept = [world.store.find(kind) for kind in (Subscription, Line) if kind in world.store.tables]
    answer = steering.reset(ask)
    for rows in kept:
        world.store.put_all(rows)
    world.queue.subscriptions_changed()
    if isinstance(world, LineWorld):
        world.stir.set()
    return answer


def reset_all(ask: TownAsk) -> Json:
    """Every provider, every phone, every mailbox."""
    for world in ask.town.worlds:
        reset(Ask(world, Desk(), {}, ask.query, ask.body))
    ask.town.phones.plant()
    return {"ok": True}
