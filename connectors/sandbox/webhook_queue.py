"""The webhooks that are owed: made in the transaction of the change they tell of, with the faults that strike them."""

import asyncio
import itertools
from collections import defaultdict
from collections.abc import Iterable

from connectors.sandbox.clock import Clock
from connectors.sandbox.faults import Faults
from connectors.sandbox.ids import new_id
from connectors.sandbox.jsonfault import SPOILERS, spoiled, wrapped
from connectors.sandbox.records import Delivery, Subscription
from connectors.sandbox.store import Store

PENDING, DELIVERED, FAILED, LOST, DROPPED = "pending", "delivered", "failed", "lost", "dropped"


class Queue:
    """Adds deliveries to the store and says which are due."""

    def __init__(self, store: Store, clock: Clock, faults: Faults, wake: asyncio.Event) -> None:
        self._store = store
        self._clock = clock
        self._faults = faults
        self._wake = wake
        self._held: dict[str, list[Delivery]] = defaultdict(list)
        self._subscriptions: list[Subscription] | None = None

    def subscriptions(self) -> list[Subscription]:
        """The endpoints that webhooks go to."""
        if self._subscriptions is None:
            self._subscriptions = self._store.find(Subscription, "disabled_at IS NULL")
        return self._subscriptions

    def subscriptions_changed(self) -> None:
        """Read the endpoints again."""
        self._subscriptions = None
        self._wake.set()

    def add(self, wire: str, event: str, body: str, wait: float = 0.0, scope: str = "") -> None:
        """Owe this webhook to every endpoint that subscribed to the event (of this property); due after `wait` s."""
        for subscription in self.subscriptions():
            wanted = event in subscription.events and subscription.extra.get("scope", "") == scope
            if subscription.wire == wire and wanted:
                self.owe(subscription, event, body, wait)
        self._wake.set()

    def add_for_all(self, event: str, body: str) -> int:
        """Owe this webhook to every endpoint, whatever it subscribed to; answers how many."""
        with self._store.tx():
            for subscription in self.subscriptions():
                self.owe(subscription, event, body, 0.0)
        self._wake.set()
        return len(self.subscriptions())

    def owe(
        self, subscription: Subscription, event: str, body: str, wait: float = 0.0, url: str = ""
    ) -> None:
        """Owe this webhook to one endpoint, at `url` if that isn't its own; due after `wait` s."""
        delivery = Delivery(
            id=new_id(),
            message_id=f"msg_{new_id()}",
            subscription_id=subscription.id,
            event=event,
            body=body,
            created_at=self._clock.iso(),
            due_at=self._clock.epoch() + wait,
            url=url,
        )
        self._strike(delivery)
        self._store.put(delivery)
        self._wake.set()

    def _strike(self, delivery: Delivery) -> None:
        event = delivery.event
        for kind in SPOILERS if delivery.body.startswith(("{", "[")) else ():
            if fault := self._faults.strike_webhook(kind, event):
                delivery.faults.append(fault.id)
                delivery.body = spoiled(delivery.body, kind, fault.params)
        if fault := self._faults.strike_webhook("webhook_wrapped", event):
            delivery.faults.append(fault.id)
            delivery.body = wrapped(delivery.body)
        if fault := self._faults.strike_webhook("webhook_lost", event):
            delivery.faults.append(fault.id)
            delivery.state = LOST
            return
        if fault := self._faults.strike_webhook("webhook_delay", event):
            delivery.faults.append(fault.id)
            delivery.due_at += float(fault.params["seconds"])
        if fault := self._faults.strike_webhook("webhook_duplicate", event):
            delivery.faults.append(fault.id)
            self._repeat(delivery, int(fault.params["times"]) - 1)
        if fault := self._faults.strike_webhook("webhook_reorder", event):
            delivery.faults.append(fault.id)
            self._hold(delivery, int(fault.params["batch"]), float(fault.params["seconds"]))

    def _repeat(self, delivery: Delivery, times: int) -> None:
        for _ in range(times):
            self._store.put(_again(delivery))

    def _hold(self, delivery: Delivery, batch: int, seconds: float) -> None:
        """Keep back until the batch is full, then let the newest go first, each after the one before it."""
        delivery.due_at = self._clock.epoch() + seconds
        waiting = self._held[delivery.subscription_id]
        waiting[:] = [other for other in waiting if other.due_at > self._clock.epoch()]
        waiting.append(delivery)
        if len(waiting) < batch:
            return
        newest_first = list(reversed(waiting))
        waiting.clear()
        for earlier, later in itertools.pairwise(newest_first):
            later.waits_for = earlier.id
        newest_first[0].due_at = self._clock.epoch()
        self._store.put_all(newest_first)

    def released_by(self, delivery: Delivery) -> None:
        """A delivery was tried: what was held until then may go."""
        for waiting in self._store.find(Delivery, "state = ? AND waits_for = ?", (PENDING, delivery.id)):
            waiting.due_at, waiting.waits_for = self._clock.epoch(), None
            self._store.put(waiting)
            self._wake.set()

    def due(self, subscription: Subscription, busy: Iterable[str], limit: int) -> list[Delivery]:
        """The next deliveries to this endpoint, oldest first, without those that are being sent."""
        busy_ids = tuple(busy)
        marks = ", ".join("?" for _ in busy_ids)
        return self._store.find(
            Delivery,
            f"subscription_id = ? AND state = '{PENDING}' AND due_at <= ? AND id NOT IN ({marks})",
            (subscription.id, self._clock.epoch(), *busy_ids),
            order="due_at, id",
            limit=limit,
        )

    def next_due(self) -> float | None:
        """Seconds until the next delivery that isn't due yet becomes due."""
        now = self._clock.epoch()
        found = self._store.find(
            Delivery, "state = ? AND due_at > ?", (PENDING, now), order="due_at", limit=1
        )
        return found[0].due_at - now if found else None

    def redeliver(self, delivery: Delivery) -> Delivery:
        """Send the same message once more, now."""
        again = _again(delivery)
        again.due_at = self._clock.epoch()
        self._store.put(again)
        self._wake.set()
        return again

    def drop_pending(self) -> int:
        """Give up all that is still owed; answers how many."""
        owed = self._store.find(Delivery, "state = ?", (PENDING,))
        for delivery in owed:
            delivery.state = DROPPED
        self._store.put_all(owed)
        self._held.clear()
        return len(owed)


def _again(delivery: Delivery) -> Delivery:
    return Delivery(
        id=new_id(),
        message_id=delivery.message_id,
        subscription_id=delivery.subscription_id,
        event=delivery.event,
        body=delivery.body,
        created_at=delivery.created_at,
        due_at=delivery.due_at,
        faults=list(delivery.faults),
        url=delivery.url,
    )
