"""Content rules of agencies (consent.md §8, ux C8)."""

from __future__ import annotations

import pytest

from inbox.services import reply
from reservations.models import Reservation
from reservations.services.platform_rules import Rule, findings
from tests import factories
from tests.factories import Desk

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("text", "platform", "booked", "rules"),
    [
        ("See you at four.", "airbnb", False, []),
        ("Call +351 912 345 678", "airbnb", False, [Rule.PHONE]),
        ("Call +351 912 345 678", "airbnb", True, []),
        ("Write to stay@harbour.example", "booking", False, [Rule.EMAIL]),
        ("Write to stay@harbour.example", "vrbo", True, []),
        ("https://harbour.example/guide", "airbnb", True, [Rule.LINK]),
        ("https://harbour.example/guide", "vrbo", True, []),
        ("Next time book direct, it is cheaper", "booking", True, [Rule.AWAY]),
        ("You can pay us directly", "airbnb", True, [Rule.AWAY]),
        ("We are on Booking.com too", "airbnb", True, [Rule.BRAND]),
        ("Check-out is 11:00, room 204, code 4187229630", "airbnb", True, []),
        ("https://harbour.example", "sms", False, []),
    ],
)
def test_what_is_found(desk: Desk, text: str, platform: str, booked: bool, rules: list[Rule]) -> None:
    status = Reservation.Status.CONFIRMED if booked else Reservation.Status.INQUIRY
    stay = factories.stay(desk, status=status)
    assert [one.rule for one in findings(text, platform, stay)] == rules


def test_only_who_may_sends_against_a_rule(desk: Desk) -> None:
    thread = factories.thread(desk, factories.stay(desk), channel="airbnb", channel_raw="airbnb2")
    text = "Our guide: https://harbour.example/guide"
    with pytest.raises(reply.AgainstRules) as refused:
        factories.answers(desk.agent, thread, text, against_rules=True)
    assert "https://harbour.example/guide" in refused.value.why[0]
    with pytest.raises(reply.AgainstRules):
        factories.answers(desk.people["Operations manager"], thread, text)
    sent = factories.answers(desk.people["Operations manager"], thread, text, against_rules=True)
    assert sent.pk
