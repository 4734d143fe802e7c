"""Sends the owed webhooks: many at once, retried on the vendor's schedule, switched off after long failure."""

import asyncio
import contextlib
import dataclasses
import logging
import time
from collections import defaultdict
from datetime import UTC, datetime

from connectors.sandbox.clock import iso
from connectors.sandbox.poster import Answered, Poster, PostError
from connectors.sandbox.records import Delivery, Json, Subscription
from connectors.sandbox.signing import new_secret
from connectors.sandbox.webhook_queue import DELIVERED, FAILED, PENDING
from connectors.sandbox.world import World

_PER_ENDPOINT = 32
_LONGEST_NAP = 5.0
_log = logging.getLogger(__name__)


class Sender:
    """A loop that wakes when something is due and keeps up to 32 deliveries per endpoint on the wire."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._busy: dict[str, set[str]] = defaultdict(set)
        self._tasks: set[asyncio.Task[None]] = set()
        self._poster = Poster()

    async def run(self) -> None:
        """Until cancelled. What is on the wire then stays owed and is sent again after the next start."""
        try:
            while True:
                self._world.wake.clear()
                for subscription in self._world.queue.subscriptions():
                    self._start_due(subscription)
                await self._nap()
        finally:
            for task in self._tasks:
                task.cancel()
            self._poster.close()

    async def _nap(self) -> None:
        until = self._world.queue.next_due()
        nap = _LONGEST_NAP if until is None else min(until, _LONGEST_NAP)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._world.wake.wait(), max(nap, 0.001))

    def _start_due(self, subscription: Subscription) -> None:
        busy = self._busy[subscription.id]
        room = _PER_ENDPOINT - len(busy)
        if room <= 0:
            return
        for delivery in self._world.queue.due(subscription, busy, room):
            busy.add(delivery.id)
            task = asyncio.create_task(self._send(subscription, delivery))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _send(self, subscription: Subscription, delivery: Delivery) -> None:
        try:
            attempt = await self._attempt(subscription, delivery)
            self._settle(subscription.id, delivery, attempt)
        except Exception:
            _log.exception("delivery %s could not be settled", delivery.id)
            raise
        finally:
            self._busy[subscription.id].discard(delivery.id)
            self._world.wake.set()

    async def _attempt(self, subscription: Subscription, delivery: Delivery) -> Json:
        started = time.monotonic()
        attempt: Json = {"at": self._world.clock.iso(), "status": None, "error": None}
        if fault := self._bad_signature(delivery.event):
            subscription = dataclasses.replace(subscription, secret=new_secret())
            attempt["fault"] = fault
        try:
            async with asyncio.timeout(self._world.settings.answer_seconds):
                answered = await self._post(subscription, delivery)
            attempt["status"] = answered.status
            if remark := self._world.house.postage.remark(answered):
                attempt["remark"] = remark
        except TimeoutError:
            attempt["error"] = "no answer in time"
        except PostError as error:
            attempt["error"] = str(error)
        attempt["ms"] = round((time.monotonic() - started) * 1000)
        return attempt

    async def _post(self, subscription: Subscription, delivery: Delivery) -> Answered:
        """Once, or a second time with a login if the vendor waits to be asked for it."""
        postage, url = self._world.house.postage, delivery.url or subscription.url
        body = postage.body(subscription, delivery)
        headers = postage.headers(subscription, delivery, int(self._world.clock.epoch()), body)
        answered = await self._poster.post(url, headers, body)
        login = postage.login(subscription, delivery)
        if login and answered.status == 401 and answered.challenge.casefold().startswith("basic"):
            answered = await self._poster.post(url, headers | login, body)
        return answered

    def _bad_signature(self, event: str) -> str | None:
        fault = self._world.faults.strike_webhook("webhook_bad_signature", event)
        return fault.id if fault else None

    def _settle(self, subscription_id: str, sent: Delivery, attempt: Json) -> None:
        """Note the attempt on what is stored now: meanwhile it may have been dropped or reset away."""
        store = self._world.store
        delivery = store.get(Delivery, sent.id)
        subscription = store.get(Subscription, subscription_id)
        if delivery is None:
            return
        with store.tx():
            delivery.tries += 1
            delivery.attempts.append(attempt)
            status = attempt["status"]
            if status is not None and self._world.house.postage.accepts(status):
                delivery.state = DELIVERED
                self._endpoint_works(subscription)
            else:
                self._retry_later(subscription, delivery, status)
                self._endpoint_fails(subscription)
            store.put(delivery)
            self._world.queue.released_by(delivery)

    def _retry_later(self, subscription: Subscription | None, delivery: Delivery, status: int | None) -> None:
        if delivery.state != PENDING:
            return
        postage = self._world.house.postage
        delays = postage.retries(delivery, status) if postage.retries else postage.retry_delays
        if delivery.tries > len(delays) or (status is not None and postage.is_final(status)):
            other = postage.detour(subscription, delivery) if subscription else ""
            if other:
                delivery.url, delivery.due_at = other, self._world.clock.epoch()
            else:
                delivery.state = FAILED
            return
        wait = delays[delivery.tries - 1] * self._world.settings.retry_scale
        delivery.state, delivery.due_at = PENDING, self._world.clock.epoch() + wait
        delivery.attempts[-1]["retry_at"] = iso(datetime.fromtimestamp(delivery.due_at, UTC))

    def _endpoint_works(self, subscription: Subscription | None) -> None:
        if subscription and subscription.failing_since is not None:
            subscription.failing_since = None
            self._world.store.put(subscription)

    def _endpoint_fails(self, subscription: Subscription | None) -> None:
        if subscription is None or subscription.disabled_at is not None:
            return
        now, limit = self._world.clock.epoch(), self._world.house.postage.disable_after
        if subscription.failing_since is None:
            subscription.failing_since = now
        elif limit and now - subscription.failing_since >= limit * self._world.settings.retry_scale:
            subscription.disabled_at = now
            self._world.queue.subscriptions_changed()
        else:
            return
        self._world.store.put(subscription)
