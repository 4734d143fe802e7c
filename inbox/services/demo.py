"""The demo: two organizations, their people, canned replies (its connections: `demo_connections`)."""

from __future__ import annotations

from django.conf import settings
from django.db import transaction

from bellhop.accounts.models import Organization, Team, User
from bellhop.accounts.services import create_organization
from inbox.models import CannedReply

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


class NoDemoHere(Exception):
    """Demo data belongs on the embedded database, or where BELLHOP_DEMO=1 says so."""


def seed_people() -> Organization:
    """Organizations, people and canned replies; what exists is left alone."""
    if not settings.BELLHOP_DEMO:
        raise NoDemoHere("Demo data is made only on the embedded database, or with BELLHOP_DEMO=1.")
    with transaction.atomic():
        main = Organization.objects.filter(slug=SLUG).first()
        if main is None:
            main = create_organization("Harbour House Group", SLUG)
            _people(main, PEOPLE)
            _writing(main)
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
