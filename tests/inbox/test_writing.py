"""Drafts, notes, mentions and canned replies (ux C1, C2, C6, C7, T4)."""

from __future__ import annotations

from datetime import time

import pytest
from django.core.exceptions import PermissionDenied

from bellhop.core.models import LiveEvent
from connectors.contract.records import NoteRecord
from connectors.models import Command, CommandState
from connectors.outbound import outbox
from inbox.models import CannedReply, Draft, Mention, Note, Thread
from inbox.services import canned, drafts, notes, triage
from inbox.services.refusals import ReplyRefused
from reservations.models import Unit
from tests import factories
from tests.factories import Desk

REPLY, NOTE = Draft.Mode.REPLY, Draft.Mode.NOTE


@pytest.fixture
def thread(desk: Desk) -> Thread:
    return factories.thread(desk, factories.stay(desk, "Maria Lindqvist"))


# --- drafts ---
def test_a_draft_is_kept_per_person_thread_and_mode(desk: Desk, thread: Thread) -> None:
    """ux C2: nobody else's, and in no other thread."""
    other = factories.thread(desk)
    colleague = factories.person(desk.organization)
    drafts.save(desk.agent, thread, REPLY, "to the guest", seen_message_id=7, device="phone")
    drafts.save(desk.agent, thread, NOTE, "to colleagues", seen_message_id=0, device="phone")
    drafts.save(desk.agent, thread, REPLY, "to the guest!", seen_message_id=9, device="desk")
    kept = drafts.of(desk.agent, thread)
    assert {mode: draft.body for mode, draft in kept.items()} == {
        "reply": "to the guest!",
        "note": "to colleagues",
    }
    assert (kept["reply"].seen_message_id, kept["reply"].revision, kept["reply"].device) == (7, 2, "desk")
    assert drafts.of(desk.agent, other) == drafts.of(colleague, thread) == {}


def test_only_its_author_clears_a_draft(desk: Desk, thread: Thread) -> None:
    """ux C2: assignment, status, messages and others' replies don't."""
    colleague = factories.person(desk.organization)
    drafts.save(desk.agent, thread, REPLY, "half a sen", seen_message_id=0, device="")
    triage.assign(colleague, thread, colleague)
    triage.close(colleague, thread)
    factories.says(thread, "Hello?")
    factories.answers(colleague, thread, "Hello!")
    assert drafts.of(desk.agent, thread)["reply"].body == "half a sen"
    factories.answers(desk.agent, thread, "half a sentence")
    assert drafts.of(desk.agent, thread) == {}


def test_an_emptied_draft_is_gone(desk: Desk, thread: Thread) -> None:
    drafts.save(desk.agent, thread, REPLY, "x", seen_message_id=0, device="")
    assert drafts.save(desk.agent, thread, REPLY, " \n", seen_message_id=0, device="") is None
    assert not Draft.objects.exists()


# --- notes ---
def test_a_note_stays_here(desk: Desk, thread: Thread) -> None:
    note = notes.add(desk.agent, thread, " Feathers! ", client_token="note-one")
    again = notes.add(desk.agent, thread, "Feathers!", client_token="note-one")
    assert note == again
    assert (note.body, note.pms_state) == ("Feathers!", "")
    assert not Command.objects.exists()
    for body in ("", "x" * 10_001):
        with pytest.raises(ReplyRefused):
            notes.add(desk.agent, thread, body, client_token="note-two")
    with pytest.raises(PermissionDenied):
        notes.add(desk.people["Marketer"], thread, "No", client_token="note-three")


def test_a_note_goes_to_the_pms_on_purpose_only(desk: Desk, thread: Thread) -> None:
    note = notes.add(desk.agent, thread, "For the PMS", client_token="note-one")
    notes.send_to_pms(desk.agent, note)
    notes.send_to_pms(desk.agent, note)
    command = Command.objects.get()
    assert command.intent["body"] == f"{desk.agent.full_name}: For the PMS"
    outbox._end(command, CommandState.FAILED, "Refused.")
    note.refresh_from_db()
    assert (note.pms_state, note.pms_reason) == ("failed", "Refused.")
    notes.send_to_pms(desk.agent, note)
    assert Command.objects.count() == 2


def test_a_note_of_the_pms_comes_in_once(desk: Desk, thread: Thread) -> None:
    record = NoteRecord(
        external_id="n1",
        conversation_id=thread.conversation_id,
        body_text="Typed there",
        written_at=thread.created_at,
    )
    factories.tell(desk.connection, record)
    factories.tell(desk.connection, record)
    assert Note.objects.get().author_user is None


def test_mentions(desk: Desk, thread: Thread) -> None:
    """Named with @ by first or full name; only who may see the thread; told once, seen when opened."""
    organization = desk.organization
    ana = factories.person(organization, name="Ana Ferreira")
    tom = factories.person(organization, name="Tom Burke")
    elsewhere = factories.property_of(organization, "Casa")
    eve = factories.limited(organization, elsewhere)
    eve.full_name = "Eve Elsewhere"
    eve.save()
    factories.person(factories.desk("other").organization, name="Ana Other")
    note = notes.add(
        tom, thread, "@ana and @Tom Burke, @eve: please look. x@ferreira.example", client_token="note-one"
    )
    assert list(Mention.objects.values_list("note", "user")) == [(note.pk, ana.pk)]
    alert = LiveEvent.objects.get(topic="alert")
    assert (alert.user_id, alert.data["thread"]) == (ana.pk, thread.public_id)
    triage.mark_read(ana, thread, 0)
    assert Mention.objects.get().seen_at is not None


# --- canned replies ---
def test_variables_have_todays_values(desk: Desk, thread: Thread) -> None:
    """ux C7."""
    Unit.objects.update(wifi="harbour / seagull", check_in_time=time(16), check_out_time=time(11))
    thread = Thread.objects.get(pk=thread.pk)
    known = canned.values(desk.agent, thread)
    place = "{{ property.name }} {{ unit.name }}: {{ unit.wifi }}"
    text = f"{{{{guest.first_name}}}}, {place}, {{{{ stay.check_in }}}}, {{{{ agent.first_name }}}}"
    first = desk.agent.full_name.split()[0]
    assert canned.fill(text, known) == f"Maria, Harbour House 204: harbour / seagull, 16:00, {first}"
    assert canned.fill("{{ unit.parking }} {{ no.such }}", known) == "{{ unit.parking }} {{ no.such }}"


def test_a_thread_without_a_stay_has_blanks(desk: Desk) -> None:
    known = canned.values(desk.agent, factories.thread(desk, party_name="", property=None))
    assert [value for name, value in known.items() if not name.startswith("agent.")] == [""] * 11


def test_which_replies_are_offered(desk: Desk, thread: Thread) -> None:
    """ux C6: mine, the organization's, this property's; by name and body; the guest's language first."""
    organization = desk.organization
    elsewhere = factories.property_of(organization, "Casa")
    thread.language = "pt"
    thread.save()

    def make(name: str, **fields: object) -> None:
        values = {"organization": organization, "body": f"body of {name}", **fields}
        CannedReply.objects.create(name=name, **values)

    make("b shared")
    make("a english", language="en")
    make("c português", language="pt")
    make("mine", owner=desk.agent)
    make("not mine", owner=desk.people["Admin"])
    make("here", property=desk.place)
    make("there", property=elsewhere)
    make("foreign", organization=factories.desk("other").organization)
    found = [reply.name for reply, _ in canned.matching(desk.agent, thread)]
    assert found == ["b shared", "c português", "here", "mine", "a english"]
    assert [reply.name for reply, _ in canned.matching(desk.agent, thread, "PORTUGUES")] == ["c português"]
    assert [reply.name for reply, _ in canned.matching(desk.agent, thread, "body of here")] == ["here"]
