"""Results of sequences: numbers by version and step, each the length of the list that it opens (ux Q12)."""

from __future__ import annotations

import csv
import io
import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext

from bellhop.core import clock
from inbox.models import Destination, Receipt
from reservations.models import Reservation, ScheduledMessage, Sequence, Survey
from reservations.sequences import publishing, sending, statistics, statistics_lists
from reservations.sequences.statistics import Cell, Period
from reservations.surveys import answering
from reservations.surveys.answering import Given
from tests import factories
from tests.factories import Desk
from tests.inbox.test_sequences import booked, cancel, forward, live, noon, step

__all__ = ["noon"]
pytestmark = pytest.mark.django_db
ASK = step(texts={"en": {"body": "How was it, {{ guest.first_name }}? {{ survey.link }}"}})
LATER = {**step(when={"anchor": "arrival", "days": -1, "at": "10:00"}), "key": "later", "name": "Later"}


def span() -> Period:
    return statistics.period(None, None, clock.now())


def sent_to(desk: Desk, state: str = "sent", **fields: Any) -> Reservation:
    """A stay that books and gets what is due, whose first message then stands so at the guest."""
    stay = booked(desk, **fields)
    sending.send_due()
    row = ScheduledMessage.objects.filter(reservation=stay, state="sent").order_by("id").first()
    assert row is not None
    receipts = Receipt.objects.filter(message_id=row.message_id, destination=Destination.GUEST)
    assert receipts.update(state=state, reason="The number is not in use." if state == "failed" else "") == 1
    return stay


def numbers(desk: Desk, sequence: Sequence) -> dict[str, int]:
    found = statistics.of(desk.people["Marketer"], sequence, span())
    return {name: count for name, count in found.total.of.items() if count}


def get(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200, address
    return re.sub(r"\s+", " ", answer.content.decode())


@pytest.fixture
def marketer(desk: Desk) -> Client:
    client = Client()
    client.force_login(desk.people["Marketer"])
    return client


def test_what_is_further_on_includes_what_was_before(desk: Desk) -> None:
    sequence = live(desk, step())
    for state in ("queued", "sending", "sent", "delivered", "read", "failed", "unconfirmed"):
        sent_to(desk, state)
    assert numbers(desk, sequence) == {
        "enrolled": 7, "handed_over": 7, "waiting": 2, "sent": 3, "delivered": 2, "read": 1,
        "failed": 1, "unconfirmed": 1,
    }  # fmt: skip


def test_replied_is_within_three_days(desk: Desk) -> None:
    sequence = live(desk, step())
    stays = [sent_to(desk) for _ in range(4)]
    sent_at = clock.now()
    for stay, after in zip(stays, (-1, 1, 71, 73), strict=True):
        factories.says(stay.threads.get(), "Thanks", at=sent_at + timedelta(hours=after))
    factories.staff_says(stays[3].threads.get(), "No guest", at=sent_at + timedelta(hours=1))
    assert numbers(desk, sequence)["replied"] == 2


def test_every_number_is_the_length_of_its_list(desk: Desk, marketer: Client) -> None:
    sequence = live(desk, ASK, LATER)
    scores = (10, 9, 7, 3)
    for state, score in zip(("read", "delivered", "failed", "sent"), scores, strict=True):
        stay = sent_to(desk, state)
        factories.says(stay.threads.get(), "Hello", at=clock.now() + timedelta(minutes=5))
        answering.answer(Survey.objects.get(reservation=stay), Given(score=score))
    cancel(booked(desk))
    page = get(marketer, f"/sequences/{sequence.public_id}/results/")
    links = [
        (unescape(url), int(count))
        for url, count in re.findall(
            r'<a href="(/sequences/\w+/results/\w+/\?[^"]+)">(?:<span class="sr">[^<]*</span>)?(\d+)', page
        )
    ]
    assert len(links) > 12
    for url, count in links:
        assert get(marketer, url).count("<tr>") - 1 == count, url
    found = statistics.of(desk.people["Marketer"], sequence, span())
    for name, count in found.total.of.items():
        rows = statistics.rows_of(desk.people["Marketer"], sequence, span(), Cell(what=name))
        assert rows.count() == count, name
    assert (found.total["answered"], found.total["promoters"], found.total["detractors"]) == (4, 2, 1)
    assert [score for score, n in enumerate(found.scores) if n] == [3, 7, 9, 10]
    [reason] = found.reasons
    assert (reason.code, reason.count) == ("cancelled", 2)
    rows = statistics.rows_of(
        desk.people["Marketer"], sequence, span(), Cell(what="suppressed", step="later", reason="cancelled")
    )
    assert rows.count() == 1
    failed = get(marketer, f"/sequences/{sequence.public_id}/results/failed/")
    assert "The number is not in use." in failed


def test_no_percentage_and_no_nps_under_twenty(desk: Desk, marketer: Client) -> None:
    sequence = live(desk, ASK)
    for number in range(20):
        stay = sent_to(desk, "delivered" if number % 2 else "sent")
        page = get(marketer, f"/sequences/{sequence.public_id}/results/")
        assert ("50 %" in page) is (number == 19)
        answering.answer(Survey.objects.get(reservation=stay), Given(score=10 if number < 15 else 0))
        total = statistics.of(desk.people["Marketer"], sequence, span()).total
        assert (total.nps is None) is (number < 19)
    assert total.nps == 50
    assert "<b>50</b><span>NPS</span>" in get(marketer, f"/sequences/{sequence.public_id}/results/")
    assert "50" in get(marketer, "/sequences/results/")


def test_by_version_and_step_and_day(desk: Desk, marketer: Client) -> None:
    sequence = live(desk, step(), LATER)
    sent_to(desk)
    sequence.draft = {"steps": [step(name="One, better"), {**LATER, "key": "new", "name": "New"}]}
    sequence.save()
    publishing.publish(desk.people["Marketer"], sequence)
    sequence.refresh_from_db()
    forward(days=1)
    sent_to(desk)
    found = statistics.of(desk.people["Marketer"], sequence, span())
    told = {
        (version.number, step.name): step.numbers["sent"]
        for version in found.versions
        for step in version.steps
    }
    assert told == {(2, "One, better"): 1, (2, "New"): 0, (1, "One"): 1, (1, "Later"): 0}
    today = clock.now().date()
    page = get(marketer, f"/sequences/{sequence.public_id}/results/?from={today}&to={today}")
    assert ("Version 2" in page, "Version 1" in page) == (True, False)
    assert "Nothing happened in these days." in get(
        marketer, f"/sequences/{sequence.public_id}/results/?from=2020-01-01&to=2020-01-31"
    )
    get(marketer, f"/sequences/{sequence.public_id}/results/?from=nonsense&to=")


def test_the_list_is_paged_by_the_last_one(
    desk: Desk, marketer: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(statistics_lists, "PAGE", 3)
    sequence = live(desk, step())
    for number in range(7):
        stay = sent_to(desk)
        assert stay.guest is not None
        stay.guest.full_name = f"Guest No{number}"
        stay.guest.save()
    moments = ScheduledMessage.objects.order_by("-id").values_list("pk", flat=True)[:4]
    ScheduledMessage.objects.filter(pk__in=list(moments)).update(settled_at=clock.now())  # the same instant
    seen: list[str] = []
    address = f"/sequences/{sequence.public_id}/results/sent/"
    while address:
        page = get(marketer, address)
        seen += re.findall(r"Guest No\d", page)
        found = re.search(r'href="(\?[^"]*after=[^"]+)"', page)
        address = f"/sequences/{sequence.public_id}/results/sent/{unescape(found[1])}" if found else ""
    assert seen == [f"Guest No{number}" for number in reversed(range(7))]
    assert "Guest No6" in get(marketer, f"/sequences/{sequence.public_id}/results/sent/?after=nonsense")
    assert "Guest No6" in get(marketer, f"/sequences/{sequence.public_id}/results/enrolled/?version=1")


def test_only_ones_own_properties_and_organization(desk: Desk) -> None:
    sequence = live(desk, ASK)
    far = factories.property_of(desk.organization, "Far House")
    for place in (desk.place, far):
        stay = sent_to(desk, property=place, unit=None)
        answering.answer(Survey.objects.get(reservation=stay), Given(score=9))
    here = factories.limited(desk.organization, desk.place, role="Marketer")
    found = statistics.of(here, sequence, span())
    assert (found.total["sent"], found.total["enrolled"], sum(found.scores)) == (1, 1, 1)
    assert [told["sent"] for _row, told in statistics.overview(here, span())] == [1]
    client = Client()
    client.force_login(here)
    assert "Far House" not in get(client, f"/sequences/{sequence.public_id}/results/sent/")
    client.force_login(factories.desk("elsewhere").people["Marketer"])
    for address in ("", "sent/"):
        assert client.get(f"/sequences/{sequence.public_id}/results/{address}").status_code == 404
    assert sequence.name not in client.get("/sequences/results/").content.decode()
    client.force_login(desk.agent)
    assert client.get("/sequences/results/").status_code == 403
    client.force_login(desk.people["Marketer"])
    assert client.get(f"/sequences/{sequence.public_id}/results/nonsense/").status_code == 404


@pytest.mark.parametrize("address", ["/sequences/results/", "{}", "{}sent/", "{}enrolled/", "{}answered/"])
def test_it_costs_the_same_at_any_size(
    desk: Desk, marketer: Client, steady_clock: None, address: str
) -> None:
    sequence = live(desk, ASK, LATER)

    def grow(count: int) -> None:
        for _number in range(count):
            stay = sent_to(desk, "failed")
            answering.answer(Survey.objects.get(reservation=stay), Given(score=4))
            cancel(booked(desk))

    def cost() -> int:
        with CaptureQueriesContext(database) as captured:
            get(marketer, address.format(f"/sequences/{sequence.public_id}/results/"))
        return len(captured)

    grow(1)
    few = cost()
    grow(4)
    assert cost() == few <= 12


def test_as_a_table_for_elsewhere(desk: Desk, marketer: Client) -> None:
    sequence = live(desk, step(name="=HYPERLINK(1)"), LATER)
    sent_to(desk, "read")
    cancel(booked(desk))
    answer = marketer.get(f"/sequences/{sequence.public_id}/results/?format=csv")
    assert answer["Content-Type"].startswith("text/csv")
    lines = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert [(line["version"], line["sent"], line["read"], line["suppressed"]) for line in lines] == [
        ("1", "1", "1", "1"),
        ("1", "0", "0", "1"),
    ]
    assert not lines[0]["step"].startswith("=")
    assert lines[1]["reasons"] == "cancelled: 1"
