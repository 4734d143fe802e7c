"""The editor of sequences: saved one step at a time, two marketers, times, previews, versions."""

from __future__ import annotations

from datetime import time
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from bellhop.accounts.models import User
from bellhop.core import clock
from bellhop.core.models import OutgoingMail
from connectors.models import ChannelTemplate, Command
from reservations.models import Enrollment, Sequence
from reservations.sequences import editing, previewing, publishing, strip
from reservations.sequences.definition import Anchor, Definition, Step, Text, When, parse
from tests import factories
from tests.channels import WHATSAPP, connect
from tests.factories import Desk

pytestmark = pytest.mark.django_db
WHEN = {
    "when-anchor": "arrival",
    "when-amount": "2",
    "when-unit": "days",
    "when-side": "before",
    "when-at": "10:00",
}


@pytest.fixture
def sequence(desk: Desk) -> Sequence:
    row = editing.create(desk.people["Marketer"], "Arrival")
    editing.add_step(desk.people["Marketer"], row, step("s1", "One"))
    editing.add_step(desk.people["Marketer"], row, step("s2", "Two"))
    row.refresh_from_db()
    return row


def step(key: str, name: str, body: str = "Hello {{ guest.first_name }}", **more: Any) -> dict[str, Any]:
    return {
        **editing.blank_step("arrival"),
        "key": key,
        "name": name,
        "texts": {"en": {"subject": "", "body": body}},
        **more,
    }


@pytest.fixture
def signed_in(desk: Desk, client: Client) -> Client:
    client.force_login(desk.people["Marketer"])
    return client


def form(row: Sequence, key: str, **changes: Any) -> dict[str, Any]:
    stored = editing.step_of(row.draft, key)
    return {
        "base": editing.token(stored), "name": "One", **WHEN, "channel": ["pms"], "text": ["en"], "language": "en",
        "body:en": "Hello {{ guest.first_name }}", "late": "skip", **changes,
    }  # fmt: skip


def save(client: Client, row: Sequence, key: str, **changes: Any) -> Any:
    return client.post(
        reverse("reservations:save-step", args=[row.public_id, key]), form(row, key, **changes)
    )


def stored(row: Sequence, key: str = "s1") -> dict[str, Any]:
    row.refresh_from_db()
    found = editing.step_of(row.draft, key)
    assert found is not None
    return found


def test_what_is_typed_is_kept(signed_in: Client, sequence: Sequence) -> None:
    answer = save(signed_in, sequence, "s1", name="Two days before")
    assert answer.status_code == 200
    found = stored(sequence)
    assert (found["name"], found["when"]) == (
        "Two days before",
        {"anchor": "arrival", "days": -2, "at": "10:00"},
    )
    assert stored(sequence, "s2")["name"] == "Two"
    assert sequence.draft_by is not None


@pytest.mark.parametrize(
    ("changes", "when"),
    [
        ({"when-side": "after", "when-amount": "0"}, {"anchor": "arrival", "at": "10:00"}),
        (
            {"when-anchor": "check_in", "when-unit": "hours", "when-amount": "1,5"},
            {"anchor": "check_in", "hours": -1.5},
        ),
        ({"when-anchor": "booked", "when-unit": "hours", "when-amount": ""}, {"anchor": "booked"}),
        # Days have no hours: what was hours becomes a time of that day.
        ({"when-unit": "hours"}, {"anchor": "arrival", "days": -2, "at": "10:00"}),
    ],
)
def test_times(signed_in: Client, sequence: Sequence, changes: dict[str, str], when: dict[str, Any]) -> None:
    save(signed_in, sequence, "s1", **changes)
    assert stored(sequence)["when"] == when


@pytest.mark.parametrize("bad", [{"when-amount": "two"}, {"when-at": "25:00"}, {"when-amount": "1.5"}])
def test_what_cannot_be_read_is_said_and_nothing_is_lost(
    signed_in: Client, sequence: Sequence, bad: dict[str, str]
) -> None:
    before = stored(sequence)
    answer = save(signed_in, sequence, "s1", **bad)
    assert answer.status_code == 422
    assert answer["HX-Retarget"] == "#save-state"
    assert stored(sequence) == before


def test_clicks_in_the_form(signed_in: Client, sequence: Sequence) -> None:
    save(signed_in, sequence, "s1", act="channel-in:sms")
    assert stored(sequence)["channels"] == ["pms", "sms"]
    save(signed_in, sequence, "s1", channel=["pms", "sms"], act="channel-up:sms")
    assert stored(sequence)["channels"] == ["sms", "pms"]
    save(signed_in, sequence, "s1", act="earlier")
    assert stored(sequence)["when"]["days"] == -3
    save(signed_in, sequence, "s1", act="rule-in")
    rule = {"rule-group": ["0", "0"], "rule-field": ["nights", "pets"], "rule-operator": ["at_least"] * 2,
            "rule-value": ["2", "1"]}  # fmt: skip
    save(signed_in, sequence, "s1", **rule)
    (one,) = parse({"rules": stored(sequence)["rules"]}).rules
    assert [(part.field, part.value) for part in one.each] == [("nights", 2), ("pets", 1)]
    save(signed_in, sequence, "s1", **rule, act="rule-out:0.0")
    assert [rule["field"] for rule in stored(sequence)["rules"]] == ["pets"]
    save(signed_in, sequence, "s1", act="language-in:es")
    assert set(stored(sequence)["texts"]) == {"en", "es"}


def test_two_marketers_at_one_step_are_told(desk: Desk, signed_in: Client, sequence: Sequence) -> None:
    """ux Q13: the second sees what the first changed, and nothing is overwritten until they say so."""
    mine = form(sequence, "s1", name="Mine")
    other = factories.person(desk.organization, "Marketer", "Priya Shah")
    theirs = {**stored(sequence), "name": "Theirs"}
    editing.save_step(other, sequence, theirs, editing.token(stored(sequence)))
    url = reverse("reservations:save-step", args=[sequence.public_id, "s1"])
    answer = signed_in.post(url, mine)
    assert answer.status_code == 409
    assert answer["HX-Retarget"] == "#conflict"
    assert "Priya Shah" in answer.content.decode()
    assert "Theirs" in answer.content.decode()
    assert stored(sequence)["name"] == "Theirs"
    assert signed_in.post(url, {**mine, "over": "1"}).status_code == 200
    assert stored(sequence)["name"] == "Mine"


def test_two_marketers_at_two_steps_never_meet(desk: Desk, signed_in: Client, sequence: Sequence) -> None:
    loaded = form(sequence, "s1", name="Mine")
    other = factories.person(desk.organization, "Marketer", "Priya Shah")
    editing.save_step(
        other, sequence, {**stored(sequence, "s2"), "name": "Hers"}, editing.token(stored(sequence, "s2"))
    )
    url = reverse("reservations:save-step", args=[sequence.public_id, "s1"])
    assert signed_in.post(url, loaded).status_code == 200
    assert (stored(sequence)["name"], stored(sequence, "s2")["name"]) == ("Mine", "Hers")


def test_a_step_that_somebody_removed_is_not_brought_back(
    desk: Desk, signed_in: Client, sequence: Sequence
) -> None:
    loaded = form(sequence, "s1")
    editing.remove_step(factories.person(desk.organization, "Marketer"), sequence, "s1")
    answer = signed_in.post(reverse("reservations:save-step", args=[sequence.public_id, "s1"]), loaded)
    assert answer.status_code == 409
    sequence.refresh_from_db()
    assert editing.step_of(sequence.draft, "s1") is None


def test_add_copy_remove(signed_in: Client, sequence: Sequence) -> None:
    url = reverse("reservations:sequence-steps", args=[sequence.public_id])
    signed_in.post(url, {"how": "add", "anchor": "booked"})
    signed_in.post(url, {"how": "copy", "key": "s1"})
    signed_in.post(url, {"how": "remove", "key": "s2"})
    sequence.refresh_from_db()
    assert [one["name"] for one in sequence.draft["steps"]] == ["One", "", "One, copy"]


def test_whoever_may_not_write_sequences_may_not(desk: Desk, client: Client, sequence: Sequence) -> None:
    client.force_login(desk.agent)
    for name in ("sequence", "versions"):
        assert client.get(reverse(f"reservations:{name}", args=[sequence.public_id])).status_code == 403
    assert save(client, sequence, "s1").status_code == 403


def test_the_page_costs_the_same_for_more_stays(
    desk: Desk, signed_in: Client, sequence: Sequence, django_assert_max_num_queries: Any
) -> None:
    url = reverse("reservations:sequence", args=[sequence.public_id])
    factories.stay(desk, starts_in=3)
    signed_in.get(url)
    for _one in range(6):
        factories.stay(desk, starts_in=4)
    with django_assert_max_num_queries(12):
        answer = signed_in.get(url, {"step": "s1"})
    assert "<b>7</b>" in answer.content.decode()


def test_a_preview_marks_what_is_missing(desk: Desk, signed_in: Client, sequence: Sequence) -> None:
    stay = factories.stay(desk, starts_in=3)
    factories.thread(desk, stay)
    save(
        signed_in, sequence, "s1", **{"body:en": "Hello {{ guest.first_name }}, park at {{ unit.parking }}."}
    )
    answer = signed_in.get(reverse("reservations:preview", args=[sequence.public_id, "s1"]))
    page = answer.content.decode()
    assert "Hello Maria, park at" in page
    assert '<span class="blank">unit.parking</span>' in page
    found = signed_in.get(reverse("reservations:missing", args=[sequence.public_id, "s1"])).content.decode()
    assert "1 of the next 1" in found


def test_stays_are_found_by_name_but_only_ones_own(desk: Desk, signed_in: Client, sequence: Sequence) -> None:
    factories.stay(desk, starts_in=3)
    url = reverse("reservations:preview-stays", args=[sequence.public_id, "s1"])
    assert "Maria" in signed_in.get(url, {"q": "mar"}).content.decode()
    other = factories.desk("elsewhere")
    foreign = factories.stay(other, starts_in=3)
    assert previewing.by_id(desk.people["Marketer"], foreign.public_id) is None


def test_a_test_goes_to_its_author_only(
    desk: Desk, sequence: Sequence, signed_in: Client, settings: Any
) -> None:
    """ux Q6: no Command, no receipt, nothing in the PMS."""
    settings.BELLHOP_EMAIL_HOST = "mail.example"
    stay = factories.stay(desk, starts_in=3)
    url = reverse("reservations:try-step", args=[sequence.public_id, "s1"])
    answer = signed_in.post(url, {"stay": stay.public_id})
    marketer = desk.people["Marketer"]
    assert marketer.email in answer.content.decode()
    mail = OutgoingMail.objects.get()
    assert mail.address == marketer.email
    assert mail.content["subject"].startswith("[TEST]")
    assert "Hello Maria" in mail.content["body"]
    assert not Command.objects.exists()


def test_a_test_needs_a_whole_text_and_a_way(desk: Desk, sequence: Sequence, signed_in: Client) -> None:
    stay = factories.stay(desk, starts_in=3)
    url = reverse("reservations:try-step", args=[sequence.public_id, "s1"])
    assert "No mail server" in signed_in.post(url, {"stay": stay.public_id}).content.decode()
    save(signed_in, sequence, "s1", **{"body:en": "Park at {{ unit.parking }}."})
    assert "would not be sent" in signed_in.post(url, {"stay": stay.public_id}).content.decode()


def _published(user: User, row: Sequence, **options: Any) -> None:
    publishing.publish(user, row, **options)
    row.refresh_from_db()


def test_versions_are_told_apart_and_restored(desk: Desk, signed_in: Client, sequence: Sequence) -> None:
    marketer = desk.people["Marketer"]
    _published(marketer, sequence)
    save(signed_in, sequence, "s1", **{"when-amount": "5"})
    _published(marketer, Sequence.objects.get(pk=sequence.pk))
    page = signed_in.get(reverse("reservations:versions", args=[sequence.public_id])).content.decode()
    assert "5 days before arrival, 10:00" in page
    signed_in.post(reverse("reservations:restore-version", args=[sequence.public_id, 1]))
    assert stored(sequence)["when"]["days"] == -1
    assert sequence.live is not None


@pytest.mark.parametrize("move", [False, True])
def test_who_waits_finishes_on_their_version_unless_moved(
    desk: Desk, sequence: Sequence, signed_in: Client, move: bool
) -> None:
    """ux Q8."""
    marketer = desk.people["Marketer"]
    factories.stay(desk, starts_in=20)
    _published(marketer, sequence)
    enrollment = Enrollment.objects.get()
    before = {row.step_key: row.due_at for row in enrollment.scheduled.all()}
    save(signed_in, sequence, "s1", **{"when-amount": "5"})
    editing.remove_step(marketer, sequence, "s2")
    _published(marketer, Sequence.objects.get(pk=sequence.pk), move=move)
    enrollment.refresh_from_db()
    rows = {row.step_key: row for row in enrollment.scheduled.all()}
    assert enrollment.version.number == (2 if move else 1)
    assert (rows["s1"].due_at != before["s1"]) is move
    assert rows["s2"].reason == ("step_gone" if move else "")
    assert Enrollment.objects.count() == 1
    assert clock.now() < rows["s1"].due_at


def test_the_timeline_is_to_scale() -> None:
    def at(key: str, days: int, anchor: Anchor = Anchor.ARRIVAL) -> Step:
        return Step(
            key=key, name=key, when=When(anchor=anchor, days=days, at=time(12)), channels=("pms",),
            texts={"en": Text(body="x")}, language="en",
        )  # fmt: skip

    drawn = strip.draw(
        Definition(steps=(at("a", -6), at("b", -3), at("c", 0), at("d", 1, Anchor.DEPARTURE))).steps
    )
    a, b, c, d = (pin.x for pin in drawn.pins)
    assert b - a == pytest.approx(c - b, abs=0.2)
    assert d - c == pytest.approx((c - b) * 4 / 3, abs=0.2)


def test_a_preview_tells_the_propertys_clock(desk: Desk, signed_in: Client, sequence: Sequence) -> None:
    """Ten in the morning there, wherever the reader is."""
    desk.place.timezone = "America/New_York"
    desk.place.save()
    factories.stay(desk, starts_in=3)
    page = signed_in.get(reverse("reservations:preview", args=[sequence.public_id, "s1"])).content.decode()
    assert ", 10:00" in page


def test_a_whatsapp_template_is_chosen_and_filled(desk: Desk, signed_in: Client, sequence: Sequence) -> None:
    """What goes where free words may not: chosen among the approved, every blank filled, kept while the rest is
    edited, gone with WhatsApp."""
    line = connect(desk.organization, "whatsapp", "https://wa.example", WHATSAPP)
    told: dict[str, Any] = {"connection": line, "language": "en", "seen_at": clock.now()}
    ChannelTemplate.objects.create(
        name="checkin", body="Hi {{1}}, your room is {{2}}", status="approved", **told
    )
    ChannelTemplate.objects.create(name="refused", body="No", status="rejected", **told)
    page = save(signed_in, sequence, "s1", channel=["whatsapp", "pms"], act="refresh").content.decode()
    assert "checkin (en)" in page
    assert "refused" not in page
    chosen = {"channel": ["whatsapp", "pms"], "template": "checkin|en"}
    page = save(signed_in, sequence, "s1", **chosen, act="refresh").content.decode()
    assert "What stands for 1" in page
    assert {"template_blank"} == {
        flaw.code for flaw in publishing.flaws(sequence_row(sequence), desk.organization.pk)
    }
    blanks = {
        "template-shown": "checkin|en",
        "template-blank": ["1", "2"],
        "template-value:1": "{{ guest.first_name }}",
    }
    save(signed_in, sequence, "s1", **chosen, **blanks, **{"template-value:2": "{{ unit.name }}"})
    values = {"1": "{{ guest.first_name }}", "2": "{{ unit.name }}"}
    assert stored(sequence)["template"] == {"name": "checkin", "language": "en", "values": values}
    assert publishing.flaws(sequence_row(sequence), desk.organization.pk) == []
    assert parse(sequence.draft).steps[0].template is not None
    save(signed_in, sequence, "s1", **chosen, **blanks, act="channel-out:whatsapp")
    assert "template" not in stored(sequence)


def sequence_row(row: Sequence) -> dict[str, Any]:
    row.refresh_from_db()
    return row.draft
