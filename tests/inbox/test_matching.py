"""Whose conversation is it: candidates, linking, taking it back, and what the PMS tells (ux V4, V7)."""

from __future__ import annotations

import pytest
from django.core.exceptions import PermissionDenied
from django.db import transaction

from bellhop.accounts.models import AuditEntry
from connectors.contract.events import Entity
from connectors.contract.records import ConversationRecord, GuestRecord, ReservationRecord
from connectors.events import Source
from connectors.inbound import identity
from connectors.inbound.apply import apply
from inbox.models import Thread
from inbox.services import export, matching
from reservations.models import Reservation
from tests import factories
from tests.factories import Desk


def tell(desk: Desk, *records: object) -> None:
    with transaction.atomic():
        for record in records:
            apply(Source(connection=desk.connection), record)  # type: ignore[arg-type]


@pytest.fixture
def stranger(desk: Desk) -> Thread:
    return factories.thread(desk, party_name="Maria Lindqvist", property=None)


def test_candidates_say_why(desk: Desk, stranger: Thread) -> None:
    """ux V7."""
    factories.stay(desk, "Maria Lindqvist", starts_in=300, code="FAR")
    factories.stay(desk, "Maria Lindqvist", starts_in=1, code="NEAR")
    factories.stay(desk, "Maria Berg", starts_in=1, code="PART")
    factories.stay(desk, "Somebody Else", code="ELSE")
    factories.stay(desk, "Maria Lindqvist", code="OWNER", is_owner_stay=True)
    factories.stay(factories.desk("other"), "Maria Lindqvist", code="FOREIGN")
    found = [(c.stay.code, len(c.reasons)) for c in matching.candidates(desk.agent, stranger)]
    assert found == [("NEAR", 2), ("FAR", 1), ("PART", 2)]
    assert [c.stay.code for c in matching.candidates(desk.agent, stranger, "else")] == ["ELSE"]
    assert matching.candidates(desk.agent, factories.thread(desk, party_name="")) == []
    elsewhere = factories.property_of(desk.organization, "Casa")
    assert matching.candidates(factories.limited(desk.organization, elsewhere), stranger) == []


def test_linking_and_taking_it_back(desk: Desk, stranger: Thread) -> None:
    stay = factories.stay(desk, "Maria Lindqvist")
    linked = matching.link(desk.agent, stranger, stay)
    assert (linked.stay, linked.property, linked.guest) == (stay, desk.place, stay.guest)
    back = matching.unlink(desk.agent, linked, stay)
    assert (back.stay, back.property, back.guest) == (None, None, None)
    actions = AuditEntry.objects.order_by("id").values_list("action", "after", "before")
    assert list(actions) == [("thread.linked", stay.code, None), ("thread.unlinked", None, stay.code)]


def test_several_stays(desk: Desk, stranger: Thread) -> None:
    """ux V4: the chosen one is remembered; taking one away leaves the other."""
    now, later = factories.stay(desk), factories.stay(desk, starts_in=40)
    matching.link(desk.agent, stranger, now)
    matching.link(desk.agent, stranger, later)
    assert matching.choose_stay(desk.agent, stranger, now).stay == now
    with pytest.raises(ValueError, match="stay"):
        matching.choose_stay(desk.agent, stranger, factories.stay(desk))
    assert matching.unlink(desk.agent, stranger, now).stay == later


def test_a_foreign_stay_is_a_mistake(desk: Desk, stranger: Thread) -> None:
    """Invariant 10."""
    foreign = factories.stay(factories.desk("other"))
    with pytest.raises(ValueError, match="organization"):
        matching.link(desk.agent, stranger, foreign)
    with pytest.raises(PermissionDenied):
        matching.link(desk.people["Marketer"], stranger, factories.stay(desk))


# --- what the PMS tells ---
def test_a_conversation_finds_its_stay_in_either_order(desk: Desk) -> None:
    for n, first in enumerate(("stay", "conversation")):
        stay = ReservationRecord(external_id=f"r{n}", conversation_id=f"c{n}", guest_id=f"g{n}")
        talk = ConversationRecord(
            external_id=f"c{n}", reservation_ids=(f"r{n}",), guest_id=f"g{n}", channel_raw="sms"
        )
        guest = GuestRecord(external_id=f"g{n}", full_name=f"Guest {n}")
        tell(desk, guest, *((stay, talk) if first == "stay" else (talk, stay)))
        thread = Thread.objects.get(conversation_id=f"c{n}")
        assert thread.stay == Reservation.objects.get(remote_id=f"r{n}")
        assert thread.party_name == f"Guest {n}"
    assert Thread.objects.count() == 2


def test_a_stay_without_a_conversation_waits_for_it(desk: Desk) -> None:
    tell(desk, ReservationRecord(external_id="r1", confirmation_code="HM1", conversation_id=None))
    waiting = Thread.objects.get()
    tell(desk, ConversationRecord(external_id="c1", reservation_ids=("r1",)))
    assert Thread.objects.get().pk == waiting.pk
    assert Thread.objects.get().conversation_id == "c1"
    assert identity.known(desk.connection.pk, Entity.CONVERSATION, ["c1"]) == {"c1": waiting.pk}


def test_a_renamed_guest_is_renamed_in_the_list(desk: Desk) -> None:
    tell(
        desk,
        GuestRecord(external_id="g1", full_name="M. L."),
        ConversationRecord(external_id="c1", guest_id="g1"),
        GuestRecord(external_id="g1", full_name="Maria Lindqvist"),
    )
    assert Thread.objects.get().party_name == "Maria Lindqvist"


def test_an_owners_stay_makes_no_thread(desk: Desk) -> None:
    tell(desk, ReservationRecord(external_id="r1", is_owner_stay=True))
    assert not Thread.objects.exists()


def test_the_export_has_every_message_in_order(desk: Desk) -> None:
    """Messages of one connection, in the order of utterance, without what was undone."""
    from datetime import timedelta

    from bellhop.core import clock
    from inbox.services import reply

    thread = factories.thread(desk)
    factories.says(thread, "Two", remote_id="p2")
    factories.says(thread, "One", remote_id="p1", at=clock.now() - timedelta(minutes=5))
    factories.answers(desk.agent, thread, "Three", send_anyway=True)
    reply.withdraw(desk.agent, factories.answers(desk.agent, thread, "Oops", send_anyway=True))
    factories.says(factories.thread(factories.desk("other")), "Foreign")
    found = [(m.external_id, m.body, m.direction) for m in export.mirrored_messages(desk.connection.pk)]
    assert found == [("p1", "One", "inbound"), ("p2", "Two", "inbound"), ("", "Three", "outbound")]
