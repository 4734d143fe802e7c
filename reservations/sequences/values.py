"""What a text may name of a stay: `guest.first_name`, `stay.check_in` …; a part that adds facts adds them here."""

from __future__ import annotations

from datetime import date, time
from typing import Any

from django.utils import translation
from django.utils.formats import date_format

from reservations.models import Reservation
from reservations.surveys import links

NAMES = (
    "guest.first_name", "guest.full_name", "property.name", "property.address", "stay.adults", "stay.arrival",
    "stay.check_in", "stay.check_out", "stay.children", "stay.code", "stay.departure", "stay.door_code", "stay.nights",
    "unit.name", "unit.parking", "unit.wifi", "organization.name", "survey.link",
)  # fmt: skip


def of(stay: Reservation, language: str) -> dict[str, Any]:
    """The values of a stay with its unit, property and guest loaded; dates and times in the guest's language."""
    guest, unit, place = stay.guest, stay.unit, stay.property
    name = guest.full_name if guest else ""
    with translation.override(language or "en"):
        return {
            "guest": {"first_name": name.split(" ")[0] if name else "", "full_name": name},
            "property": {"name": place.name if place else "", "address": place.address if place else ""},
            "unit": {
                "name": unit.name if unit else "",
                "wifi": unit.wifi if unit else "",
                "parking": unit.parking if unit else "",
            },
            "stay": {
                "code": stay.code,
                "arrival": _day(stay.arrival_date),
                "departure": _day(stay.departure_date),
                "check_in": _clock(stay.effective_check_in),
                "check_out": _clock(stay.effective_check_out),
                "nights": stay.nights,
                "adults": stay.adults,
                "children": stay.children,
                "door_code": stay.door_code,
            },
            "organization": {"name": stay.organization.name},
            "survey": {"link": links.stand_in(stay)},
        }


def _day(day: date | None) -> str:
    return date_format(day, "l j F") if day else ""


def _clock(at: time | None) -> str:
    return at.strftime("%H:%M") if at else ""
