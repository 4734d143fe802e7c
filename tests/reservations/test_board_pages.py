"""The board as housekeepers and supervisors meet it: pages, taps, reports, and what they never tell (ux H6)."""

from __future__ import annotations

import json
import re
from datetime import time, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from bellhop.accounts.models import User
from bellhop.core import clock
from connectors.contract.events import Entity
from connectors.inbound import identity
from connectors.models import Command
from reservations.board import assigning
from reservations.models import (
    Cleaning,
    ContactPoint,
    OrderedWork,
    RequestKind,
    Reservation,
    StayRequest,
    Unit,
    UnitReport,
    UnitStateChange,
)
from reservations.services import requests
from reservations.services.requests import Terms, Wish
from tests import factories
from tests.core.test_files import PROGRAM, picture
from tests.factories import Desk

pytestmark = pytest.mark.django_db
JSON = {"Accept": "application/json"}
BOARD = "/housekeeping/"
SECRETS = ("Lindqvist", "maria@guest.example", "+351912345678", "345.60", "We lost the key", "30.00", "4711")


@pytest.fixture
def desk() -> Desk:
    made = factories.desk()
    made.unit.check_out_time, made.unit.condition = time(11), "dirty"
    made.unit.save()
    identity.remember(made.connection.pk, Entity.UNIT, "room", made.unit.pk)
    return made


def signed_in(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


@pytest.fixture
def housekeeper(desk: Desk) -> Client:
    return signed_in(desk.people["Housekeeper"])


@pytest.fixture
def supervisor(desk: Desk) -> Client:
    return signed_in(desk.people["Operations manager"])


def page(client: Client, address: str = BOARD) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.content.decode()


def tap(client: Client, unit: Unit, act: str, **values: str) -> Any:
    address = reverse("reservations:tap", args=[unit.public_id])
    return client.post(address, {"do": act, "token": f"{act} {clock.now():%f}", **values}, headers=JSON)


def full_of_secrets(desk: Desk) -> Reservation:
    """A stay with all that a housekeeper must not read."""
    stay = factories.stay(
        desk, starts_in=-2, door_code="4711", money={"total": "345.60", "currency": "EUR"}, adults=2, pets=1,
        notes={"other": "We lost the key"},
    )  # fmt: skip
    assert stay.guest is not None
    for kind, value in (("email", "maria@guest.example"), ("phone", "+351912345678")):
        ContactPoint.objects.create(organization=desk.organization, guest=stay.guest, kind=kind, value=value)
    factories.says(factories.thread(desk, stay), "We lost the key, can we stay until two?")
    desk.unit.condition_note = "Ms Lindqvist, feather allergy, +351912345678, pays 30.00 EUR"
    desk.unit.save()
    for kind in (RequestKind.LATE_CHECK_OUT, RequestKind.COT, RequestKind.OTHER):
        row = requests.ask(desk.agent, stay, Wish(kind=kind, wished=time(14), note="We lost the key"))
        requests.approve(desk.agent, row, Terms(agreed=time(14), price=Decimal(30), currency="EUR"))
    return stay


def test_a_housekeeper_reads_what_the_unit_needs_and_nothing_else(desk: Desk, housekeeper: Client) -> None:
    full_of_secrets(desk)
    pages = [page(housekeeper), page(housekeeper, f"{BOARD}?day=tomorrow&whose=all")]
    pages.append(tap(housekeeper, desk.unit, "started").content.decode())
    shown = pages[0]
    for needed in ("204", "Maria L.", "2 adults", "1 pet", "14:00", "11:00", "Cot", "feather allergy"):
        assert needed in shown, needed
    for told in pages:
        assert [secret for secret in SECRETS if secret in told] == []


def test_a_late_check_out_is_struck_read_out_and_marked(desk: Desk, housekeeper: Client) -> None:
    full_of_secrets(desk)
    shown = page(housekeeper)
    assert '<s><span class="sr">was </span>11:00</s> <b>14:00</b>' in shown
    assert "Out 14:00, was 11:00." in shown
    assert f"Approved by {desk.agent.full_name.split()[0]}" in shown
    assert tap(housekeeper, desk.unit, "seen").status_code == 200
    shown = page(housekeeper)
    assert "Out 14:00" not in shown
    assert f"approved by {desk.agent.full_name.split()[0]}" in shown


def test_what_changed_again_meanwhile_is_not_read_yet(desk: Desk, housekeeper: Client) -> None:
    stay = factories.stay(desk, starts_in=-2)
    row = requests.ask(desk.agent, stay, Wish(kind=RequestKind.LATE_CHECK_OUT, wished=time(14)))
    requests.approve(desk.agent, row, Terms())
    read = re.findall('data-mark="([^"]+)"', page(housekeeper))[0]
    requests.withdraw(desk.agent, row)
    told = tap(housekeeper, desk.unit, "seen", mark=read)
    assert "Out 11:00, was 14:00." in told.json()["card"]
    read = re.findall('data-mark="([^"]+)"', told.json()["card"])[0]
    told = tap(housekeeper, desk.unit, "seen", mark=read)
    assert "data-mark" not in told.json()["card"]


def test_a_late_check_out_that_is_asked_for_without_a_time_is_there(desk: Desk, housekeeper: Client) -> None:
    """ux H3."""
    stay = factories.stay(desk, starts_in=-2)
    row = requests.ask(desk.agent, stay, Wish(kind=RequestKind.LATE_CHECK_OUT))
    assert "late check-out: asked, not decided" in page(housekeeper)
    requests.propose(desk.agent, row, Terms(agreed=time(13)))
    assert "13:00 asked, not decided" in page(housekeeper)


def test_one_tap_answers_with_the_card_and_how_to_undo_it(desk: Desk, housekeeper: Client) -> None:
    answer = tap(housekeeper, desk.unit, "started", was="dirty", token="one")
    told = answer.json()
    assert (answer.status_code, told["undo"], told["said"]) == (200, "one", "204: Start")
    assert 'data-was="going"' in told["card"]
    undone = housekeeper.post(
        reverse("reservations:undo-tap", args=[desk.unit.public_id]), {"token": "one"}, headers=JSON
    )
    assert 'data-was="dirty"' in undone.json()["card"]


def test_without_scripts_a_tap_leads_back_to_the_board(desk: Desk, housekeeper: Client) -> None:
    answer = housekeeper.post(reverse("reservations:tap", args=[desk.unit.public_id]), {"do": "clean"})
    assert answer.status_code == 302
    assert "Clean" in page(housekeeper, answer["Location"])


def test_what_somebody_changed_meanwhile_is_a_question(desk: Desk, housekeeper: Client) -> None:
    tap(signed_in(desk.agent), desk.unit, "out_of_order")
    answer = tap(housekeeper, desk.unit, "started", was="dirty")
    told = answer.json()
    assert answer.status_code == 409
    assert told["ask"].startswith(f"204 was set to Out of order by {desk.agent.full_name.split()[0]}")
    assert 'data-was="out_of_order"' in told["card"]
    assert tap(housekeeper, desk.unit, "started", was="dirty", sure="1").status_code == 200


@pytest.mark.parametrize(("act", "token"), [("sparkling", "t"), ("clean", "t" * 41)])
def test_what_cannot_be_said_is_refused(desk: Desk, housekeeper: Client, act: str, token: str) -> None:
    answer = tap(housekeeper, desk.unit, act, token=token)
    assert (answer.status_code, "card" in answer.json()) == (422, True)
    assert not UnitStateChange.objects.exists()


def test_another_property_is_not_there(desk: Desk) -> None:
    """Invariant 10, within an organization."""
    elsewhere = factories.property_of(desk.organization, "Annex")
    client = signed_in(factories.limited(desk.organization, elsewhere, role="Housekeeper"))
    assert "204" not in page(client)
    assert client.get(f"{BOARD}?property={desk.place.public_id}").status_code == 404
    assert tap(client, desk.unit, "clean").status_code == 404


def test_ones_own_units_are_shown_first(desk: Desk, housekeeper: Client) -> None:
    other = Unit.objects.create(organization=desk.organization, property=desk.place, name="311")
    assigning.assign(desk.people["Admin"], [desk.unit], desk.people["Housekeeper"], clock.now())
    assert f"u-{other.public_id}" not in page(housekeeper)
    assert f"u-{other.public_id}" in page(housekeeper, f"{BOARD}?whose=all")


def test_a_board_without_units_and_a_person_without_properties(desk: Desk) -> None:
    nobody = factories.limited(desk.organization, role="Housekeeper")
    assert "No property is yours to see yet" in page(signed_in(nobody))
    Unit.objects.all().delete()
    assert "There are no units here yet" in page(signed_in(desk.people["Housekeeper"]))


def report(client: Client, unit: Unit, **values: Any) -> Any:
    address = reverse("reservations:report", args=[unit.public_id])
    given = {"kind": "work", "note": "Shower leaks", "token": "one", **values}
    return client.post(address, given, headers=JSON)


def photo(name: str = "photo.png", content: bytes = b"") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content or picture("PNG"), content_type="image/png")


@pytest.mark.django_db(transaction=True)
def test_a_report_with_a_photo_becomes_work_for_the_pms(desk: Desk, housekeeper: Client) -> None:
    stay = factories.stay(desk, starts_in=-1)
    answer = report(housekeeper, desk.unit, photo=photo())
    assert answer.json()["said"] == "204: work ordered"
    assert report(housekeeper, desk.unit).status_code == 200
    work = OrderedWork.objects.get()
    assert (work.title, work.reservation, work.unit) == ("204: Shower leaks", stay, desk.unit)
    assert "/f/" in Command.objects.get().intent["description"]
    row = UnitReport.objects.get()
    thread = factories.thread(desk, stay)
    panel = page(signed_in(desk.agent), reverse("inbox:panel", args=[thread.public_id]))
    assert reverse("reservations:report-photo", args=[row.public_id]) in panel
    assert "Shower leaks" in page(housekeeper)
    for small in ("", "?small"):
        shown = housekeeper.get(reverse("reservations:report-photo", args=[row.public_id]) + small)
        assert shown.status_code == 200
        assert shown["Content-Type"].startswith("image/")
    done = housekeeper.post(reverse("reservations:report-done", args=[row.public_id]), headers=JSON)
    assert "Shower leaks" not in done.json()["card"]


@pytest.mark.django_db(transaction=True)
def test_what_the_guest_asks_for_becomes_a_request(desk: Desk, housekeeper: Client) -> None:
    factories.stay(desk, starts_in=-1)
    assert report(housekeeper, desk.unit, kind="request", note="More towels").status_code == 200
    row = StayRequest.objects.get()
    assert (row.kind, row.note, row.source) == ("other", "More towels", "housekeeping")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"note": " "}, "Say in a few words"),
        ({"kind": "rumour"}, "no such kind"),
        ({"photo": photo("run.png", PROGRAM)}, ""),
        ({"photo": photo("a.txt", b"just words")}, "Only photos"),
    ],
)
def test_a_report_that_cannot_be_taken_is_said(
    desk: Desk, housekeeper: Client, values: dict[str, Any], words: str
) -> None:
    answer = report(housekeeper, desk.unit, **values)
    assert answer.status_code == 422
    assert words in answer.json()["refused"]
    assert not UnitReport.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_where_nobody_takes_work_the_report_stays_on_the_board(desk: Desk, housekeeper: Client) -> None:
    desk.connection.slug = "cloudbeds"
    desk.connection.save()
    answer = report(housekeeper, desk.unit)
    assert answer.json()["said"] == "204: kept on the board"
    assert not OrderedWork.objects.exists()
    assert "Shower leaks" in answer.json()["card"]


def test_the_language_is_the_persons_own(desk: Desk, housekeeper: Client) -> None:
    answer = housekeeper.post(reverse("reservations:board-language"), {"language": "pl"})
    assert answer.status_code == 302
    desk.people["Housekeeper"].refresh_from_db()
    assert desk.people["Housekeeper"].language == "pl"
    assert '<html lang="pl"' in page(housekeeper)
    assert housekeeper.post(reverse("reservations:board-language"), {"language": "xx"}).status_code == 404


def test_the_app_is_for_the_board_only() -> None:
    client = Client()
    told = json.loads(client.get(reverse("reservations:board-manifest")).content)
    assert (told["scope"], told["start_url"]) == (BOARD, BOARD)
    for icon in told["icons"]:
        assert client.get(icon["src"]).status_code == 200
    worker = client.get(reverse("reservations:board-worker"))
    assert worker["Content-Type"] == "text/javascript"
    assert reverse("reservations:board-worker").startswith(BOARD)
    assert "Service-Worker-Allowed" not in worker


def test_a_supervisor_gives_units_and_sees_the_minutes(desk: Desk, supervisor: Client) -> None:
    factories.stay(desk, starts_in=-2)
    person = desk.people["Housekeeper"]
    shown = page(supervisor, reverse("reservations:assigning"))
    assert person.full_name in shown
    values = {"property": desk.place.public_id, "unit": desk.unit.public_id, "person": person.public_id}
    answer = supervisor.post(reverse("reservations:assign-units"), values)
    assert answer.status_code == 200
    assert Cleaning.objects.get().assignee == person
    assert "45 min" in answer.content.decode()
    tomorrow = {**values, "day": "tomorrow", "person": ""}
    supervisor.post(reverse("reservations:assign-units"), tomorrow)
    assert Cleaning.objects.get(date=clock.now().date() + timedelta(1)).assignee is None


@pytest.mark.parametrize(
    ("address", "values"),
    [
        ("assign-units", {"unit": "UNIT", "person": "AGENT"}),
        ("usual-minutes", {"departure": "a", "stay_over": "5"}),
        ("usual-minutes", {"departure": "900", "stay_over": "5"}),
    ],
)
def test_what_cannot_be_assigned_is_said(
    desk: Desk, supervisor: Client, address: str, values: dict[str, str]
) -> None:
    real = {"UNIT": desk.unit.public_id, "AGENT": desk.agent.public_id}
    given = {name: real.get(value, value) for name, value in values.items()}
    answer = supervisor.post(reverse(f"reservations:{address}"), {"property": desk.place.public_id, **given})
    assert (answer.status_code, bool(answer.content)) == (422, True)


def test_minutes_of_a_unit_and_of_the_property(desk: Desk, supervisor: Client) -> None:
    factories.stay(desk, starts_in=-2)
    place = {"property": desk.place.public_id}
    one = reverse("reservations:unit-minutes", args=[desk.unit.public_id])
    assert "70 min" in supervisor.post(one, {**place, "minutes": "70"}).content.decode()
    usual = supervisor.post(
        reverse("reservations:usual-minutes"), {**place, "departure": "50", "stay_over": "10"}
    )
    assert usual.status_code == 200
    assert "50 min" in supervisor.post(one, {**place, "minutes": ""}).content.decode()
    assert "1 unit given" in supervisor.post(reverse("reservations:spread-units"), place).content.decode()


def _statements(client: Client, address: str) -> int:
    with CaptureQueriesContext(database) as captured:
        page(client, address)
    return len(captured)


@pytest.mark.parametrize("address", [BOARD, "/housekeeping/assign/"])
def test_pages_cost_the_same_at_any_size(
    desk: Desk, supervisor: Client, steady_clock: None, address: str
) -> None:
    def fill(count: int) -> None:
        for number in range(count):
            unit = Unit.objects.create(organization=desk.organization, property=desk.place, name=f"{number}")
            stay = factories.stay(desk, starts_in=-1, unit=unit)
            requests.ask(desk.agent, stay, Wish(kind=RequestKind.COT))
            assigning.assign(desk.people["Admin"], [unit], desk.people["Housekeeper"], clock.now())

    fill(2)
    page(supervisor, address)
    few = _statements(supervisor, address)
    fill(8)
    assert _statements(supervisor, address) == few <= 15
