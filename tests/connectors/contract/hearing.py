"""Webhooks as the PMS really sends them, and what Bellhop makes of them: twice, in another order, or odd."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bellhop.core import clock
from connectors.contract.events import Entity, EventKind
from connectors.contract.intents import SendMessage
from connectors.inbound import processing
from connectors.models import DeliveryState, WebhookDelivery
from inbox.models import Message
from reservations.models import Reservation
from tests.connectors.contract.bench import Ear
from tests.connectors.contract.trial import Trial
from tests.connectors.little_server import Seen

ODD = [b"", b"not json", b"<html>", b"[]", b"\xff\xfe"]
READ_IN_FULL = {EventKind.RESERVATION_CREATED, EventKind.RESERVATION_UPDATED}


class Hearing(Trial):
    """Over the PMS's own subscription to an endpoint of the test, then through Bellhop's intake."""

    def _row(self, ear: Ear, stay: str) -> Reservation:
        return Reservation.objects.get(connection=ear.bench.connection, remote_id=stay)

    def _move(self, ear: Ear, stay: str, in_days: int) -> str:
        arrival = clock.now().date() + timedelta(days=in_days)
        ear.bench.world.set_dates(stay, arrival.isoformat(), (arrival + timedelta(days=3)).isoformat())
        return arrival.isoformat()

    def test_a_real_delivery_is_verified_and_understood(self, ear: Ear) -> None:
        self.needs(Entity.RESERVATION, "push")
        secrets = ear.subscribe()
        self._move(ear, ear.bench.world.test_stay, 60)
        heard = ear.hear()
        assert heard
        connector = ear.bench.connector
        for one in heard:
            signed = connector.verify(one.headers, one.body, secrets, clock.now())
            assert signed is (True if secrets else None)
            if secrets:
                assert connector.verify(one.headers, one.body, ["another:one"], clock.now()) is False
                assert connector.verify({}, one.body, secrets, clock.now()) is False
        kinds = {event.kind for event in ear.events(heard)}
        assert kinds & READ_IN_FULL

    def test_our_subscription_is_found_again(self, ear: Ear) -> None:
        ear.subscribe()
        before = {one.external_id for one in ear.bench.connector.list_subscriptions(ear.bench.call)}
        ear.subscribe()
        assert {one.external_id for one in ear.bench.connector.list_subscriptions(ear.bench.call)} == before

    def test_duplicates_are_taken_once(self, ear: Ear) -> None:
        """Fault matrix: the same delivery five times."""
        self.needs(Entity.RESERVATION, "push")
        ear.subscribe()
        arrival = self._move(ear, ear.bench.world.test_stay, 61)
        heard = ear.hear()
        keys = [ear.bench.connector.delivery_key(one.headers, one.body) for one in heard]
        assert keys == [ear.bench.connector.delivery_key(one.headers, one.body) for one in heard]
        answers = ear.deliver(*(heard * 5))
        assert set(answers) == {self.connector_type.accepted_status}
        ear.work()
        assert WebhookDelivery.objects.count() == len(set(keys))
        assert str(self._row(ear, ear.bench.world.test_stay).arrival_date) == arrival

    @pytest.mark.parametrize("order", [1, -1])
    def test_the_newest_state_wins_in_any_order(self, ear: Ear, order: int) -> None:
        """Invariant 6."""
        self.needs(Entity.RESERVATION, "push")
        ear.subscribe()
        stay = ear.bench.world.book("Out Of Order")
        self._move(ear, stay, 70)
        arrival = self._move(ear, stay, 75)
        ear.bench.world.cancel(stay)
        for one in ear.hear()[::order]:
            ear.deliver(one)
            processing.drain()
        ear.work()
        row = self._row(ear, stay)
        assert (str(row.arrival_date), row.status) == (arrival, "cancelled")

    def test_a_guests_words_are_heard_once(self, ear: Ear) -> None:
        self.needs(Entity.MESSAGE, "push")
        ear.subscribe()
        for number in range(3):
            ear.bench.world.guest_writes(ear.bench.world.test_stay, f"Heard {number}")
        heard = ear.hear()
        ear.deliver(*heard[::-1], *heard)
        ear.work()
        rows = Message.objects.filter(connection=ear.bench.connection, body__startswith="Heard")
        assert sorted(rows.values_list("body", flat=True)) == ["Heard 0", "Heard 1", "Heard 2"]

    def test_our_own_message_comes_back_under_its_id(self, ear: Ear) -> None:
        """Invariant 4: the echo names what `perform` named."""
        self.needs(Entity.MESSAGE, "push")
        ear.subscribe()
        bench = ear.bench
        [talk, *_] = bench.connector.list_stay_conversations(bench.call, bench.stay())
        done = bench.connector.perform(
            bench.call, SendMessage(conversation_id=talk.external_id, body="Ready at three")
        )
        told = [event for event in ear.events(ear.hear()) if event.kind == EventKind.MESSAGE_SENT]
        assert done.remote_id in {event.record.external_id for event in told if event.record}

    def test_what_is_no_json_is_parked_and_holds_up_nothing(self, ear: Ear) -> None:
        self.needs(Entity.RESERVATION, "push")
        secrets = ear.subscribe()
        self._move(ear, ear.bench.world.test_stay, 62)
        heard = ear.hear()
        for body in ODD:
            signed = self.sign(body, secrets[0], clock.now()) if secrets else None
            ear.deliver(Seen("POST", heard[0].path, signed or {}, body, 0.0))
        ear.deliver(*heard)
        ear.work()
        states = set(WebhookDelivery.objects.values_list("state", flat=True))
        assert DeliveryState.PROCESSED in states
        assert DeliveryState.RECEIVED not in states
