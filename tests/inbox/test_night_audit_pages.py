"""Night audits on screen, as CSV and PDF, and over the dates; who sees which."""

from __future__ import annotations

import csv
import io
import re
from datetime import date, time, timedelta
from html import unescape

import pytest
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from pypdf import PdfReader

from bellhop.core import clock, incidents
from connectors.models import ExternalId
from inbox.models import Receipt, Thread
from inbox.services import triage
from reservations.models import NightAudit, NightAuditPlan, RequestKind, Reservation, StayRequest
from reservations.night_audit import addenda, pdf, running, trends
from reservations.services import requests
from reservations.services.requests import Terms, Wish
from tests import factories
from tests.audits import noon, today
from tests.factories import Desk
from tests.sequences import forward

__all__ = ["noon"]
pytestmark = pytest.mark.django_db


@pytest.fixture
def stay(desk: Desk) -> Reservation:
    desk.unit.check_out_time = time(11)
    desk.unit.save()
    return factories.stay(desk, starts_in=-2)


@pytest.fixture
def thread(desk: Desk, stay: Reservation) -> Thread:
    return factories.thread(desk, stay)


@pytest.fixture
def manager(desk: Desk) -> Client:
    return signed_in(desk, "Operations manager")


def signed_in(desk: Desk, role: str) -> Client:
    client = Client()
    client.force_login(desk.people[role])
    return client


def url(desk: Desk, name: str = "night-audit", on: date | None = None) -> str:
    return reverse(f"reservations:{name}", args=[desk.place.public_id, (on or today()).isoformat()])


def shown(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200, address
    return unescape(re.sub(r"\s+", " ", answer.content.decode()))


def full(desk: Desk, stay: Reservation, thread: Thread, words: str = "Can we stay until one?") -> StayRequest:
    """A late check-out that was approved, and who still waits."""
    message = factories.says(thread, words)
    wish = Wish(kind=RequestKind.LATE_CHECK_OUT, wished=time(13), message_id=message.pk)
    return requests.approve(desk.agent, requests.ask(desk.agent, stay, wish), Terms())


def table(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))


def text_of(content: bytes) -> str:
    return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages)


# --- the paper ---
def test_run_by_hand_and_read(desk: Desk, manager: Client, stay: Reservation, thread: Thread) -> None:
    row = full(desk, stay, thread)
    assert re.search(r"Close it now, 1[45] h \d\d early", shown(manager, url(desk)))
    assert "Run the audit" in shown(manager, url(desk, on=today() - timedelta(days=1)))
    answer = manager.post(url(desk, "run-night-audit"))
    assert answer.headers["Location"] == url(desk)
    page = shown(manager, url(desk))
    message = thread.messages.get(pk=row.message_id)
    assert f"?m={message.public_id}#m-{message.public_id}" in page, "N14: the message is linked"
    assert "out 11:00" in page
    assert "<ins>13:00</ins>" in page
    assert "approved, Agent" in page
    assert "“Can we stay until one?”" in page
    assert page.count('class="zero"') >= 6, "A2: zero lines are there"
    assert "Run before the date was over" in page


def test_every_section_stands_on_an_empty_paper(desk: Desk, manager: Client) -> None:
    manager.post(url(desk, "run-night-audit"))
    page = shown(manager, url(desk))
    for number in range(1, 12):
        assert re.search(rf"<h2[^>]*>{number}\. ", page), number
    assert "of 0 messages" in page
    assert "0 due out, 0 left, 0 extended. Differences: 0." in page


def test_addenda_stand_below_with_their_time(
    desk: Desk, manager: Client, stay: Reservation, thread: Thread
) -> None:
    full(desk, stay, thread)
    manager.post(url(desk, "run-night-audit"))
    answer = manager.post(url(desk, "look-night-audit"), follow=True)
    assert "Nothing else became known." in answer.content.decode()
    factories.staff_says(thread, "Yes")
    answer = manager.post(url(desk, "look-night-audit"), follow=True)
    page = unescape(answer.content.decode())
    assert "1 fact was added." in page
    assert "Unanswered at close: <b><bdi>Maria Lindqvist</bdi>, 204</b>: answered by" in page
    assert "frozen, 1 addendum" in page


def test_guests_words_are_for_who_may_read_conversations(
    desk: Desk, stay: Reservation, thread: Thread
) -> None:
    full(desk, stay, thread)
    running.run(desk.agent, desk.place, today())
    role = desk.people["Agent"].role
    role.permissions = [name for name in role.permissions if name != "threads.read"]
    role.save()
    agent = signed_in(desk, "Agent")
    for address in (url(desk), f"{url(desk)}?format=csv"):
        found = agent.get(address).content.decode()
        assert "until one" not in found
        assert "/inbox/" not in found.partition("<article")[2]
    assert "until one" not in text_of(agent.get(f"{url(desk)}?format=pdf").content)


def test_a_name_or_word_is_never_markup(
    desk: Desk, manager: Client, stay: Reservation, thread: Thread
) -> None:
    """Invariant 11."""
    thread.party_name = "<img src=x onerror=alert(1)>"
    thread.save()
    full(desk, stay, thread, "<script>alert(1)</script>")
    manager.post(url(desk, "run-night-audit"))
    page = manager.get(url(desk)).content.decode()
    assert "<script>alert" not in page
    assert "<img src=x" not in page


@pytest.mark.parametrize("day", ["nonsense", "2026-13-01", "2200-01-01"])
def test_a_date_that_is_none(desk: Desk, manager: Client, day: str) -> None:
    address = reverse("reservations:night-audit", args=[desk.place.public_id, day])
    assert manager.get(address).status_code == 404


def test_too_long_ago_says_so(desk: Desk, manager: Client) -> None:
    old = today() - timedelta(days=60)
    assert "too long ago" in shown(manager, url(desk, on=old))
    answer = manager.post(url(desk, "run-night-audit", on=old), follow=True)
    assert "too long ago" in answer.content.decode()
    assert not NightAudit.objects.exists()


def test_what_is_told_of_a_row(desk: Desk, manager: Client, stay: Reservation, thread: Thread) -> None:
    """A request's note, who sleeps until when, and what reached a guest after a failure."""
    requests.ask(desk.agent, stay, Wish(kind=RequestKind.OTHER, note="A ramp"))
    failed = factories.answers(desk.agent, thread, "See you")
    Receipt.objects.filter(message=failed, destination="guest").update(
        state="failed", reason="landline", since=clock.now()
    )
    forward(minutes=1)
    arrived = factories.answers(desk.agent, thread, "Once more")
    Receipt.objects.filter(message=arrived, destination="guest").update(state="delivered")
    factories.says(thread, "Hello?", at=clock.now() + timedelta(seconds=1))
    triage.snooze(desk.agent, thread, clock.now() + timedelta(days=1))
    forward(minutes=1)
    factories.says(factories.thread(desk, property=None), "Is this the hotel?")
    manager.post(url(desk, "run-night-audit"))
    page = shown(manager, url(desk))
    assert "1 asked on the date." in page
    assert "Beside them 1 waits who belongs to no property." in page
    limited = Client()
    limited.force_login(factories.limited(desk.organization, desk.place))
    assert "Beside them" not in shown(limited, url(desk))
    assert "Other, A ramp" in page
    assert "Not delivered: landline" in page
    assert re.search(r"SMS \w+ \d\d:\d\d, delivered", page)
    assert f"{desk.agent.full_name}, snoozed until" in page


def test_in_the_readers_language(desk: Desk, manager: Client, stay: Reservation, thread: Thread) -> None:
    full(desk, stay, thread)
    manager.post(url(desk, "run-night-audit"))
    manager.cookies["django_language"] = "es"
    page = shown(manager, url(desk))
    for words in ("Salidas tardías y entradas tempranas", "salida 11:00", "<b>0</b> de 0 respuestas"):
        assert words in page, words
    assert "Salidas tardías" in text_of(manager.get(f"{url(desk)}?format=pdf").content)


# --- scope ---
def test_the_paper_of_another_property_is_not_there(desk: Desk) -> None:
    """Invariant 10: 404 in every view, and no row in any list."""
    elsewhere = factories.property_of(desk.organization, "Elsewhere")
    running.run(desk.agent, desk.place, today())
    client = Client()
    client.force_login(factories.limited(desk.organization, elsewhere, role="Operations manager"))
    for name in ("night-audit", "run-night-audit", "look-night-audit"):
        address = url(desk, name)
        assert client.get(address).status_code in {404, 405}
        assert client.post(address).status_code in {404, 405}
    place = [desk.place.public_id]
    assert client.get(reverse("reservations:night-audit-dates", args=place)).status_code == 404
    assert client.get(reverse("reservations:night-audit-plan", args=place)).status_code == 404
    assert client.get(f"{reverse('reservations:audit-trends')}?property={place[0]}").status_code == 404
    listed = shown(client, f"{reverse('reservations:night-audits')}?day={today()}")
    assert "Elsewhere" in listed
    assert "Harbour House" not in listed
    assert "No audit in these days." in shown(client, reverse("reservations:audit-trends"))


# --- files ---
def test_the_csv_says_all_and_runs_nothing(
    desk: Desk, manager: Client, stay: Reservation, thread: Thread
) -> None:
    """A guest's name that a spreadsheet would run as a formula is text."""
    assert stay.guest is not None
    stay.guest.full_name = '=HYPERLINK("http://evil")'
    stay.guest.save()
    full(desk, stay, thread)
    manager.post(url(desk, "run-night-audit"))
    answer = manager.get(f"{url(desk)}?format=csv")
    lines = table(answer.content)
    assert {line["number"] for line in lines} == {str(number) for number in range(1, 12)}
    guests = [line["value"] for line in lines if line["column"] == "Guest" and line["number"] == "1"]
    assert guests == ['\'=HYPERLINK("http://evil")']
    assert not any(value.startswith(("=", "+", "@")) for line in lines for value in line.values())
    zero = [line for line in lines if line["number"] == "10"]
    assert [(line["column"], line["value"]) for line in zero] == [("Count", "0")]
    changed = next(line for line in lines if line["column"] == "Change")
    assert (changed["was"], changed["value"]) == ("out 11:00", "13:00")
    assert "attachment" in answer.headers["Content-Disposition"]


def test_the_pdf_says_all(desk: Desk, manager: Client, stay: Reservation, thread: Thread) -> None:
    full(desk, stay, thread)
    manager.post(url(desk, "run-night-audit"))
    factories.staff_says(thread, "Yes")
    addenda.look_again(NightAudit.objects.get().pk)
    answer = manager.get(f"{url(desk)}?format=pdf")
    assert answer.headers["Content-Type"] == "application/pdf"
    text = text_of(answer.content)
    for words in (
        "Harbour House", "1. Late check-outs", "Maria Lindqvist", "out 11:00 → 13:00", "Can we stay until one?",
        "11. Departures against the PMS", "1 due out, 0 left", "of 1 message", "Addendum", "Read and handed over",
    ):  # fmt: skip
        assert words in text, words
    assert "A box stands for letters" not in text


@pytest.mark.parametrize(
    ("name", "is_written"),
    [
        ("Zoë Grönroos", True),
        ("Łukasz Żółć", True),
        ("Анна Каренина", True),
        ("Ελένη", True),
        ("山田太郎", False),
    ],
)
def test_names_in_other_letters(
    desk: Desk, manager: Client, thread: Thread, name: str, is_written: bool
) -> None:
    """What can't be written is a box, and the paper says so."""
    thread.party_name = name
    thread.save()
    factories.says(thread, "Hello?")
    manager.post(url(desk, "run-night-audit"))
    text = text_of(manager.get(f"{url(desk)}?format=pdf").content)
    assert (name in text) is is_written
    assert ("A box stands for letters" in text) is not is_written


def test_arabic_is_written_in_its_own_direction(desk: Desk, manager: Client, thread: Thread) -> None:
    thread.party_name = "ليلى حداد"
    thread.save()
    factories.says(thread, "Hello?")
    manager.post(url(desk, "run-night-audit"))
    text = text_of(manager.get(f"{url(desk)}?format=pdf").content)
    assert "A box stands for letters" not in text
    assert pdf.BOX not in text


# --- lists ---
def test_missing_dates_are_named(desk: Desk, manager: Client) -> None:
    first = today() - timedelta(days=4)
    for days in (4, 1):
        running.run(desk.agent, desk.place, today() - timedelta(days=days))
    page = shown(manager, reverse("reservations:night-audit-dates", args=[desk.place.public_id]))
    assert "2 dates were not run:" in page
    assert page.count("not run</a>") == 2
    assert "not over yet" in page
    assert first.isoformat() in page
    listed = shown(manager, reverse("reservations:night-audits"))
    assert (today() - timedelta(days=2)).isoformat() in listed
    assert (today() - timedelta(days=3)).isoformat() in listed


def test_dates_page_by_page(desk: Desk, manager: Client) -> None:
    for days in (31, 0):
        running.run(desk.agent, desk.place, today() - timedelta(days=days))
    address = reverse("reservations:night-audit-dates", args=[desk.place.public_id])
    page = shown(manager, address)
    oldest = today() - timedelta(days=31)
    assert url(desk, on=oldest) not in page
    assert page.count("<tr><th") == 32
    before = re.search(r"\?before=([\d-]+)", page)
    assert before is not None
    assert url(desk, on=oldest) in shown(manager, address + before[0])


def test_properties_page_by_page(desk: Desk, manager: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    from reservations.night_audit import reading

    monkeypatch.setattr(reading, "PAGE", 2)
    for name in ("Elm", "Oak", "Yew"):
        factories.property_of(desk.organization, name)
    address, seen = reverse("reservations:night-audits"), []
    while True:
        page = shown(manager, address)
        seen += re.findall(r'<th scope="row"><a [^>]*>([^<]+)<', page)
        onward = re.search(r'href="(\?day=[^"]+after=[^"]+)"', page)
        if onward is None:
            break
        address = reverse("reservations:night-audits") + onward[1]
    assert seen == ["Elm", "Harbour House", "Oak", "Yew"]


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31", "not a day"])
def test_a_day_that_no_calendar_has_is_none(desk: Desk, manager: Client, day: str) -> None:
    running.run(desk.agent, desk.place, today())
    shown(manager, f"{reverse('reservations:night-audits')}?day={day}")
    shown(manager, f"{reverse('reservations:night-audit-dates', args=[desk.place.public_id])}?before={day}")
    shown(manager, f"{reverse('reservations:audit-trends')}?from={day}&to={day}")
    paper = reverse("reservations:night-audit", args=[desk.place.public_id, day])
    assert manager.get(paper).status_code == 404


def test_what_lists_cost(desk: Desk, manager: Client, steady_clock: None) -> None:
    def cost(address: str) -> int:
        with CaptureQueriesContext(database) as found:
            shown(manager, address)
        return len(found)

    addresses = [
        reverse("reservations:night-audits"),
        reverse("reservations:audit-trends"),
        reverse("reservations:night-audit-dates", args=[desk.place.public_id]),
    ]
    running.run(desk.agent, desk.place, today())
    few = [cost(address) for address in addresses]
    for number in range(4):
        place = factories.property_of(desk.organization, f"House {number}")
        for days in range(3):
            running.run(desk.agent, place, today() - timedelta(days=days))
    for days in range(1, 9):
        running.run(desk.agent, desk.place, today() - timedelta(days=days))
    assert [cost(address) for address in addresses] == few
    assert max(few) <= 9


# --- times and e-mail ---
def test_a_manager_sets_the_times(desk: Desk, manager: Client) -> None:
    address = reverse("reservations:night-audit-plan", args=[desk.place.public_id])
    values = {
        "is_on": "on",
        "closes_at": "04:30",
        "mail_at": "07:00",
        "recipients": "a@b.example\nc@d.example",
    }
    answer = manager.post(address, values)
    assert answer.status_code == 302
    plan = NightAuditPlan.objects.get()
    assert (plan.closes_at, plan.mail_at, plan.recipients) == (
        time(4, 30), time(7), ["a@b.example", "c@d.example"],
    )  # fmt: skip
    page = shown(manager, answer.headers["Location"])
    assert "Runs by itself every night at 04:30" in page
    assert "a@b.example, c@d.example" in page
    refused = manager.post(address, {**values, "recipients": "nobody"})
    assert refused.status_code == 200
    assert "nobody is no e-mail address." in refused.content.decode()
    agent = signed_in(desk, "Agent")
    assert agent.get(address).status_code == 403


# --- trends ---
def test_every_number_of_a_trend_opens_its_audit(
    desk: Desk, manager: Client, stay: Reservation, thread: Thread
) -> None:
    ExternalId.objects.create(
        connection=desk.connection, entity="property", remote_id="p", object_id=desk.place.pk
    )
    full(desk, stay, thread)
    incidents.open_incident(
        desk.organization.pk, "connection_down", "Down", subject="x", connection_id=desk.connection.pk
    )
    running.run(desk.agent, desk.place, today())
    forward(days=2)
    running.run(desk.agent, desk.place, today() - timedelta(days=1))
    base = reverse("reservations:audit-trends")
    page = shown(manager, f"{base}?property={desk.place.public_id}")
    first = url(desk, on=today() - timedelta(days=2))
    for anchor in ("#s-open", "#s-unanswered", "#s-undelivered", "#s-outages"):
        assert f'{first}{anchor}"' in page, anchor
    assert page.count("<svg viewBox") == len(trends.NAMES)
    found = trends.of(desk.people["Operations manager"], desk.place, today() - timedelta(days=2), today())
    assert [point.values["requests"] for point in found.points] == [None, 0, 1]
    assert {one.name: one.total for one in found.series} == {
        "requests": 1, "response": None, "unanswered": 1, "undelivered": 0, "outages": 2,
    }  # fmt: skip
    everywhere = shown(manager, base)
    assert f"?day={today() - timedelta(days=2)}" in everywhere
    lines = table(manager.get(f"{base}?format=csv").content)
    assert [line["requests"] for line in lines[:2]] == ["0", "1"]


def test_response_times_are_the_median_of_all(desk: Desk, manager: Client) -> None:
    for days, minutes in ((2, (10, 20)), (1, (90,))):
        for wait in minutes:
            thread = factories.thread(desk, factories.stay(desk))
            at = clock.now() - timedelta(days=days)
            factories.says(thread, "Hello?", at=at)
            factories.staff_says(thread, "Yes", at=at + timedelta(minutes=wait))
        running.run(desk.agent, desk.place, today() - timedelta(days=days))
    found = trends.of(
        desk.people["Operations manager"], None, today() - timedelta(days=2), today() - timedelta(days=1)
    )
    assert [point.values["response"] for point in found.points] == [90, 15]
    assert found.series[1].total == 20
    assert "1 h 30" in shown(manager, reverse("reservations:audit-trends"))


def test_the_span_of_a_trend() -> None:
    over = date(2026, 6, 30)
    assert trends.span(None, None, over) == (date(2026, 6, 1), over)
    assert trends.span(date(2020, 1, 1), over, over) == (over - timedelta(days=91), over)
    assert trends.span(date(2026, 7, 9), over, over) == (over, over)
