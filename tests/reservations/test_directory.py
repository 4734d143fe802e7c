"""Vendors and staff to call, and who of them is on call: kept by those who may, within what they see."""

from __future__ import annotations

from datetime import date, time, timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from bellhop.accounts.models import AuditEntry, User
from bellhop.core import clock
from connectors.contract.records import PersonRecord
from connectors.events import Source
from connectors.inbound.apply import apply
from reservations.models import Contact, OnCallException, OnCallShift, PmsPerson, Property, Trade
from reservations.services import directory, on_call
from reservations.services.directory import Entry
from reservations.services.rota import Instead
from tests import factories
from tests.factories import Desk

pytestmark = pytest.mark.django_db
PHONE = "+351 912 345 678"


@pytest.fixture
def desk() -> Desk:
    return factories.desk()


@pytest.fixture
def manager(desk: Desk) -> User:
    return desk.people["Operations manager"]


@pytest.fixture
def other(desk: Desk) -> Property:
    return factories.property_of(desk.organization, "Mill House", "Europe/Lisbon")


@pytest.fixture
def limited(desk: Desk) -> User:
    return factories.limited(desk.organization, desk.place, role="Operations manager")


def plumber(user: User, name: str = "Bay Plumbing", **fields: Any) -> Contact:
    return directory.keep(user, Entry(name=name, trade=Trade.PLUMBER, phone=PHONE, **fields))


def always(user: User, place: Property | None, contact: Contact) -> OnCallShift:
    return on_call.add_shift(user, place, contact, weekday=None, starts_at=time(0), ends_at=time(0))


def test_a_number_has_one_form_or_is_refused(manager: User) -> None:
    assert plumber(manager).phone == "+351912345678"
    for wrong in ("912 345 678", "call me", "+351"):
        with pytest.raises(ValidationError):
            directory.keep(manager, Entry(name="Tom", trade=Trade.OTHER, phone=wrong))
    assert AuditEntry.objects.get(action="contact.added").after == "Bay Plumbing"


def test_only_managers_keep_it(desk: Desk, manager: User) -> None:
    row = plumber(manager)
    for role in ("Agent", "Housekeeper", "Marketer"):
        with pytest.raises(PermissionDenied):
            plumber(desk.people[role])
        with pytest.raises(PermissionDenied):
            directory.remove(desk.people[role], row)
        with pytest.raises(PermissionDenied):
            always(desk.people[role], desk.place, row)


def test_each_keeps_what_is_within_their_properties(
    desk: Desk, manager: User, limited: User, other: Property
) -> None:
    everywhere, elsewhere = plumber(manager, "Everywhere"), plumber(manager, "There", properties=[other])
    assert set(directory.visible_to(limited)) == {everywhere}
    with pytest.raises(PermissionDenied):
        plumber(limited)
    with pytest.raises(PermissionDenied):
        plumber(limited, properties=[other])
    with pytest.raises(ValidationError):
        plumber(limited, properties=[])
    own = plumber(limited, "Ours", properties=[desk.place])
    assert set(directory.for_place(desk.organization.pk, desk.place.pk)) == {everywhere, own}
    for foreign in (everywhere, elsewhere):
        with pytest.raises(PermissionDenied):
            directory.keep(
                limited, Entry(name="Mine now", trade=Trade.OTHER, properties=[desk.place]), foreign
            )
        with pytest.raises(PermissionDenied):
            directory.remove(limited, foreign)
    with pytest.raises(PermissionDenied):
        always(limited, other, own)
    with pytest.raises(PermissionDenied):
        always(limited, None, own)


def test_who_is_on_call_is_not_removed(desk: Desk, manager: User) -> None:
    row = plumber(manager)
    shift = always(manager, desk.place, row)
    with pytest.raises(ValidationError, match="on call"):
        directory.remove(manager, row)
    on_call.remove(manager, shift)
    directory.remove(manager, row)
    assert not Contact.objects.exists()


def test_a_property_has_its_own_plan_or_that_for_all(desk: Desk, manager: User, other: Property) -> None:
    house, everywhere = plumber(manager, "House", properties=[desk.place]), plumber(manager, "Everywhere")
    assert on_call.now(desk.organization.pk, desk.place) == []
    always(manager, None, everywhere)
    always(manager, desk.place, house)
    assert on_call.now(desk.organization.pk, desk.place) == [house]
    assert on_call.now(desk.organization.pk, other) == [everywhere]
    assert on_call.now(desk.organization.pk, None) == [everywhere], "also for who belongs nowhere yet"
    today = clock.now().date()
    weekend = Instead(
        contact_id=everywhere.pk,
        first_day=today - timedelta(days=2),
        starts_at=time(0),
        last_day=today + timedelta(days=2),
        ends_at=time(0),
    )
    on_call.add_exception(manager, desk.place, weekend)
    assert on_call.now(desk.organization.pk, desk.place) == [everywhere]


def test_nobody_without_a_phone_or_from_elsewhere_is_planned(
    desk: Desk, manager: User, other: Property
) -> None:
    silent = directory.keep(manager, Entry(name="No phone", trade=Trade.OTHER))
    there = plumber(manager, "There", properties=[other])
    for row in (silent, there):
        with pytest.raises(ValidationError):
            always(manager, desk.place, row)
        with pytest.raises(ValidationError):
            always(manager, None, row)


def test_an_exception_ends_after_it_begins(desk: Desk, manager: User) -> None:
    row = plumber(manager)
    for last_day, ends_at in ((date(2026, 12, 24), time(18)), (date(2028, 1, 1), time(0))):
        wanted = Instead(
            contact_id=row.pk,
            first_day=date(2026, 12, 24),
            starts_at=time(18),
            last_day=last_day,
            ends_at=ends_at,
        )
        with pytest.raises(ValidationError):
            on_call.add_exception(manager, desk.place, wanted)


def test_who_left_the_pms_is_no_longer_offered(desk: Desk) -> None:
    source = Source(connection=desk.connection)
    for number, name in (("1", "Otto Brandt"), ("2", "Rosa Pinto")):
        apply(source, PersonRecord(external_id=number, name=name))
    PmsPerson.objects.filter(remote_id="1").update(as_of=clock.now() - timedelta(days=1))
    assert [one.name for one in directory.pms_people(desk.connection.pk)] == ["Rosa Pinto"]


# --- pages ---
def test_the_directory_is_kept_on_its_page(desk: Desk, manager: User, client: Client) -> None:
    client.force_login(manager)
    values = {"name": "Bay Plumbing", "trade": "plumber", "phone": PHONE, "serves": "all"}
    assert client.post(reverse("reservations:directory"), {**values, "phone": "12"}).status_code == 200
    assert not Contact.objects.exists()
    assert client.post(reverse("reservations:directory"), values).status_code == 302
    row = Contact.objects.get()
    chosen = {**values, "serves": "chosen", "properties": [desk.place.pk]}
    assert client.post(reverse("reservations:contact", args=[row.public_id]), chosen).status_code == 302
    row.refresh_from_db()
    assert (row.all_properties, list(row.properties.all())) == (False, [desk.place])
    shown = client.get(reverse("reservations:directory")).content.decode()
    assert "tel:+351912345678" in shown
    assert client.post(reverse("reservations:remove-contact", args=[row.public_id])).status_code == 302
    assert not Contact.objects.exists()


def test_a_plan_is_made_on_its_page(desk: Desk, manager: User, client: Client) -> None:
    client.force_login(manager)
    row, page = plumber(manager), reverse("reservations:rota", args=[desk.place.public_id])
    shift = {"what": "shift", "contact": row.public_id, "day": "4", "starts_at": "22:00", "ends_at": "08:00"}
    assert client.post(page, shift).status_code == 302
    assert "Friday, 22:00 to 08:00" in client.get(page).content.decode()
    instead = {"what": "exception", "contact": row.public_id, "starts_at": "18:00", "ends_at": "08:00"}
    days = {"first_day": "2026-12-24", "last_day": "2026-12-23"}
    assert "after the start" in client.post(page, {**instead, **days}).content.decode()
    days = {"first_day": "2027-12-24", "last_day": "2027-12-26"}
    assert client.post(page, {**instead, **days}).status_code == 302
    for name, found in (
        ("remove-shift", OnCallShift.objects.get()),
        ("remove-exception", OnCallException.objects.get()),
    ):
        assert client.post(reverse(f"reservations:{name}", args=[found.public_id])).status_code == 302
    assert AuditEntry.objects.filter(action="on_call.removed").count() == 2
    assert "Nothing planned" in client.get(page).content.decode()


def test_a_limited_manager_sees_their_part(
    desk: Desk, limited: User, other: Property, client: Client
) -> None:
    client.force_login(limited)
    shown = client.get(reverse("reservations:on-call")).content.decode()
    assert desk.place.name in shown
    assert other.name not in shown
    assert client.get(reverse("reservations:rota", args=[other.public_id])).status_code == 404
    assert client.get(reverse("reservations:rota-for-all")).status_code == 403


def test_the_pages_cost_the_same_at_any_size(
    desk: Desk, manager: User, client: Client, steady_clock: None
) -> None:
    client.force_login(manager)
    costs = []
    for size in (1, 6):
        for number in range(size):
            place = factories.property_of(desk.organization, f"House {size} {number}")
            row = plumber(manager, f"Plumber {size} {number}", properties=[place])
            always(manager, place, row)
        for name in ("on-call", "directory"):
            with CaptureQueriesContext(database) as captured:
                assert client.get(reverse(f"reservations:{name}")).status_code == 200
            costs.append(len(captured))
    assert costs[:2] == costs[2:]
