"""Webhooks that hold a list of what has happened, and the fault that collects more into one."""

import json
from collections.abc import Callable

from connectors.sandbox.records import Delivery, Json, Subscription
from connectors.sandbox.world import World

_BATCH = "batch:"


def owe(
    world: World,
    endpoint: Subscription,
    event: str,
    value: Json,
    rows: str,
    write: Callable[[object], str] = json.dumps,
) -> None:
    """Owe one webhook with a list under `rows`, or add its rows to the batch that a fault is collecting."""
    fault = world.faults.strike_webhook("webhook_batch", event)
    if fault and _joined(world, endpoint, value[rows], rows, int(fault.params["batch"]), write):
        return
    name = _BATCH + event if fault else event
    wait = float(fault.params["seconds"]) if fault else 0.0
    if endpoint.url:
        world.queue.owe(endpoint, name, write(value), wait)


def _joined(
    world: World,
    endpoint: Subscription,
    more: list[Json],
    rows: str,
    size: int,
    write: Callable[[object], str],
) -> bool:
    """Put the rows into the batch that waits, and let it go once it is full."""
    waiting = world.store.find(
        Delivery,
        "subscription_id = ? AND state = 'pending' AND tries = 0 AND due_at > ? AND event LIKE ?",
        (endpoint.id, world.clock.epoch(), f"{_BATCH}%"),
        limit=1,
    )
    if not waiting:
        return False
    batch = waiting[0]
    value = json.loads(batch.body)
    value[rows] += more
    batch.body = write(value)
    if len(value[rows]) >= size:
        batch.due_at = world.clock.epoch()
    world.store.put(batch)
    world.wake.set()
    return True
