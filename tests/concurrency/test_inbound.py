"""Webhooks at once: one effect each. The race: two workers look for the message before either has inserted it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction

from bellhop.core import clock
from connectors.contract.records import GuestRecord, ReservationRecord, StayStatus
from connectors.events import Source
from connectors.inbound import processing
from connectors.inbound.apply import apply
from connectors.models import DeliveryState
from inbox.models import Message, Thread
from reservations.models import Guest, Reservation
from tests import factories
from tests.concurrency.both import Turn, together
from tests.factories import Desk
from tests.pms import Pms


def naive(desk: Desk, thread: Thread, here: Turn, there: Turn) -> bool:
    """Look, then insert, without the thread's lock."""
    with transaction.atomic():
        known = Message.objects.filter(connection=desk.connection, remote_id="p1").exists()
        here.pass_by()
        there.reached()
        now = clock.now()
        if not known:
            Message.objects.create(
                organization=desk.organization, thread=thread, connection=desk.connection, remote_id="p1",
                direction="inbound", author="guest", body="Once", sent_at=now, created_at=now,
            )  # fmt: skip
        return known


def test_the_race_exists_without_the_lock(desk: Desk) -> None:
    """The second one crashes on the constraint, and its webhook would have to be tried again."""
    thread = factories.thread(desk)
    one, two = Turn(), Turn()
    found = together(lambda: naive(desk, thread, one, two), lambda: naive(desk, thread, two, one))
    assert [type(error) for error in found if isinstance(error, Exception)] == [IntegrityError]


def test_one_message_told_eight_times_at_once(desk: Desk) -> None:
    """Invariant 3."""
    thread = factories.thread(desk)
    found = together(*[lambda: factories.told(thread, "Once", remote_id="p1")] * 8)
    assert not [error for error in found if isinstance(error, BaseException)], found
    assert Message.objects.count() == 1


def test_a_new_conversation_told_eight_times_at_once(desk: Desk) -> None:
    """A remote conversation belongs to exactly one thread."""
    from connectors.contract.records import ConversationRecord

    record = ConversationRecord(external_id="c1", guest_name="Maria")
    found = together(*[lambda: factories.tell(desk.connection, record)] * 8)
    assert found == ["conversation"] * 8
    assert Thread.objects.count() == 1


def test_a_new_stay_told_in_several_versions_at_once(desk: Desk) -> None:
    """Invariant 6: the newest one wins, and it stands once."""
    start = datetime(2026, 11, 23, tzinfo=UTC)

    def version(n: int) -> ReservationRecord:
        return ReservationRecord(
            external_id="r1",
            version=(start + timedelta(minutes=n)).isoformat(),
            status=StayStatus.CANCELLED if n == 7 else StayStatus.CONFIRMED,
            adults=n,
            guest=GuestRecord(external_id="g1", full_name=f"Name {n}"),
        )

    def tell(n: int) -> Any:
        with transaction.atomic():
            return apply(Source(connection=desk.connection), version(n))

    found = together(*[lambda n=n: tell(n) for n in range(8)])
    assert found == ["reservation"] * 8
    stay = Reservation.objects.get()
    assert (stay.adults, stay.status) == (7, "cancelled")
    assert Guest.objects.get().full_name == "Name 7"
    assert Thread.objects.count() == 1


def test_four_workers_and_every_webhook_three_times(pms: Pms) -> None:
    """Invariants 1, 3 and 4: guests, colleagues and our own echoes, duplicated and in no order."""
    threads = pms.threads(3)
    pms.subscribe()
    pms.fault("webhook_duplicate", times=3)
    for n in range(5):
        for thread in threads:
            pms.guest_writes(thread, f"Guest {n}")
            pms.staff_writes(thread, f"Staff {n}")
            pms.reply(thread, f"Agent {n}", send_anyway=True)

    def work() -> None:
        from connectors.outbound import delivery

        delivery.drain()
        processing.drain()

    for _ in range(4):
        found = together(*[work] * 4)
        assert not [error for error in found if isinstance(error, BaseException)], found
    pms.hear()
    assert {row.state for row in pms.journal()} <= {DeliveryState.PROCESSED, DeliveryState.IGNORED}
    for thread in threads:
        remote = [post["id"] for post in pms.posts(thread) if post["body"][:5] in {"Guest", "Staff", "Agent"}]
        ours = thread.messages.filter(body__regex="^(Guest|Staff|Agent) [0-9]$")
        assert sorted(remote) == sorted(ours.values_list("remote_id", flat=True))
        assert len(remote) == 15
