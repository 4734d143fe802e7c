"""The demo: two organizations, their people, canned replies, whom to call (its connections: `demo_connections`)."""

from __future__ import annotations

from datetime import time

from django.conf import settings
from django.db import transaction

from bellhop.accounts.models import Organization, Team, User
from bellhop.accounts.services import create_organization
from inbox.models import CannedReply
from reservations.models import Contact, OnCallShift

PASSWORD = "bellhop-demo"  # noqa: S105 (the demo's, printed at every start)
SLUG = "harbour-house"
OTHER_SLUG = "mill-lane"
PEOPLE = (
    ("agent@demo.example", "Ana Ferreira", "Agent"),
    ("agent2@demo.example", "Tom Burke", "Agent"),
    ("housekeeper@demo.example", "Ines Rocha", "Housekeeper"),
    ("housekeeper2@demo.example", "Marta Nowak", "Housekeeper"),
    ("marketer@demo.example", "Noor Khan", "Marketer"),
    ("manager@demo.example", "Helen Marsh", "Operations manager"),
    ("admin@demo.example", "Sam Okoye", "Admin"),
)
REPLIES = (
    (
        "Thanks, we are on it",
        "Thank you for telling us, {{ guest.first_name }}. We are on it and will write back soon.",
        "",
    ),
    (
        "Check-in time",
        "Hello {{ guest.first_name }}, check-in at {{ property.name }} is from {{ stay.check_in }}.",
        "en",
    ),
    ("Check-out time", "Check-out is until {{ stay.check_out }}. You can leave the key in the room.", "en"),
    ("Luggage", "You can leave your bags at the desk until the evening, {{ guest.first_name }}.", "en"),
    (
        "Horário de check-in",
        "Olá {{ guest.first_name }}, o check-in é a partir das {{ stay.check_in }}.",
        "pt",
    ),
    ("Wi-Fi", "The Wi-Fi is {{ unit.wifi }}. Tell us if it gives you trouble.", "en"),
)


DIRECTORY = (
    ("Duarte Lopes", "staff", "+14015550171", "Has the keys of every boiler room."),
    ("Harbour Night Desk", "security", "+14015550172", ""),
    ("Quay Heating & Gas", "heating", "+14015550173", "Comes within two hours, also on Sundays."),
    ("Bay Plumbing", "plumber", "+14015550174", ""),
    ("Lantern Electric", "electrician", "+14015550175", ""),
    ("Old Town Locks", "locksmith", "+14015550176", ""),
)
# Who of them is on call everywhere, every day.
ON_CALL = (("Duarte Lopes", time(7), time(22)), ("Harbour Night Desk", time(22), time(7)))


class NoDemoHere(Exception):
    """Demo data belongs on the embedded database, or where BELLHOP_DEMO=1 says so."""


def seed_people() -> Organization:
    """Organizations, people, canned replies and whom to call; what exists is left alone."""
    if not settings.BELLHOP_DEMO:
        raise NoDemoHere("Demo data is made only on the embedded database, or with BELLHOP_DEMO=1.")
    with transaction.atomic():
        main = Organization.objects.filter(slug=SLUG).first()
        if main is None:
            main = create_organization("Harbour House Group", SLUG)
            _people(main, PEOPLE)
            _writing(main)
            _directory(main)
            other = create_organization("Mill Lane Lettings", OTHER_SLUG)
            _people(other, (("other@demo.example", "Robin Ahlers", "Admin"),))
    return main


def _people(organization: Organization, people: tuple[tuple[str, str, str], ...]) -> None:
    roles = {role.name: role for role in organization.roles.all()}
    desk = Team.objects.create(organization=organization, name="Front desk")
    for email, name, role in people:
        user = User.objects.create_user(
            email, PASSWORD, full_name=name, organization=organization, role=roles[role]
        )
        if role in {"Agent", "Operations manager", "Admin"}:
            user.teams.add(desk)


def _writing(organization: Organization) -> None:
    CannedReply.objects.bulk_create(
        CannedReply(organization=organization, name=name, body=body, language=language)
        for name, body, language in REPLIES
    )


def _directory(organization: Organization) -> None:
    made = {
        name: Contact.objects.create(
            organization=organization, name=name, trade=trade, phone=phone, notes=notes
        )
        for name, trade, phone, notes in DIRECTORY
    }
    OnCallShift.objects.bulk_create(
        OnCallShift(organization=organization, contact=made[name], starts_at=starts_at, ends_at=ends_at)
        for name, starts_at, ends_at in ON_CALL
    )
