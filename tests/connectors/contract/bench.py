"""Bellhop's side of a contract test: a connection, its caller, and an endpoint that catches webhooks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import httpx

from bellhop.core import clock
from connectors.contract.base import Page
from connectors.contract.events import CanonicalEvent
from connectors.contract.records import ReservationRecord
from connectors.inbound import processing, subscriptions
from connectors.models import Connection, ConnectionHealth, DeliveryState, RateState, WebhookDelivery
from connectors.outbound import caller
from tests import factories
from tests.connectors.contract.world import World
from tests.connectors.little_server import LittleServer, Seen
from tests.harness.waiting import eventually
from tests.pms import IntakeServer

SCALE = 100


class Bench:
    """A fresh organization, connected to `world` through Bellhop's own caller."""

    def __init__(self, world: World, slug: str, credentials: Mapping[str, str]) -> None:
        self.world = world
        organization = factories.desk().organization
        self.connection: Connection = factories.connect(
            organization,
            slug=slug,
            name=slug.title(),
            base_url=world.base_url,
            credentials=dict(credentials),
            limit_scale=SCALE,
            stage="sandbox",
        )
        self.renew()

    def renew(self) -> None:
        """Forget what was learnt of limits and outages; take changed credentials and limits."""
        RateState.objects.update(hold_until=None)
        rows = ConnectionHealth.objects.filter(pk=self.connection.pk)
        rows.update(down_since=None, probe_at=None, credentials_refused_at=None)
        self.call = caller.caller_for(self.connection)
        self.connector = self.call.connector

    def use(self, **changes: Any) -> None:
        """Change the connection's own settings."""
        for name, value in changes.items():
            setattr(self.connection, name, value)
        self.connection.save()
        self.renew()

    def stay(self) -> ReservationRecord:
        """The stay that is there to be tried on."""
        return self.connector.get_reservation(self.call, self.world.test_stay)

    def everything(self, read: Callable[..., Page[Any]], *args: Any, **more: Any) -> list[Any]:
        """All items of a list, page by page."""
        found: list[Any] = []
        cursor: str | None = None
        for _ in range(500):
            page = read(self.call, *args, cursor=cursor, **more)
            found += page.items
            if (cursor := page.next_cursor) is None:
                return found
        raise AssertionError("The list does not end.")


class Ear:
    """What the PMS delivered, and Bellhop's intake to deliver it to again: late, twice, in another order."""

    def __init__(self, bench: Bench, endpoint: LittleServer, intake: IntakeServer) -> None:
        self.bench, self._endpoint, self._intake = bench, endpoint, intake

    def subscribe(self) -> list[str]:
        """As Bellhop does it. Returns the secrets that deliveries are checked with."""
        eventually(lambda: subscriptions.ensure(self.bench.connection))
        self.bench.connection.refresh_from_db()
        return self.bench.connection.secret_values()

    def hear(self) -> list[Seen]:
        """Everything that was delivered since the last time."""
        eventually(lambda: self.bench.world.owed() == 0)
        with self._endpoint.lock:
            heard, self._endpoint.seen[:] = list(self._endpoint.seen), []
        return heard

    def events(self, heard: list[Seen]) -> list[CanonicalEvent]:
        parse = self.bench.connector.parse
        return [event for one in heard for event in parse(one.headers, one.body)]

    def deliver(self, *heard: Seen) -> list[int]:
        """To Bellhop, in this order. Returns the answers' statuses."""
        with httpx.Client(base_url=self._intake.url, timeout=20) as client:
            return [client.post(one.path, content=one.body, headers=_kept(one)).status_code for one in heard]

    def work(self) -> None:
        """Process until nothing waits: what waits for its moment gets it, by Bellhop's clock."""
        for seconds in range(5, 60, 5):
            while processing.drain():
                pass
            if not WebhookDelivery.objects.filter(state=DeliveryState.RECEIVED).exists():
                return
            clock.set_offset(timedelta(seconds=seconds))
            self._intake.forget_clock()


def _kept(one: Seen) -> dict[str, str]:
    """Headers that belong to the delivery, not to the line."""
    line = {"host", "content-length", "connection", "transfer-encoding", "accept-encoding"}
    return {name: value for name, value in one.headers.items() if name not in line}
