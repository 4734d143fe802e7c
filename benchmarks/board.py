"""A hotel of six hundred units for the board: `python -m benchmarks.board make | waits`, on DATABASE_URL.

`make`: everybody leaves today, each asks to stay longer; prints the hotel and its requests. `waits`: milliseconds and
statements of its board, read and drawn anew. Prints one JSON object.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import time
from datetime import timedelta
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bellhop.settings")

import django

django.setup()

from django.db import connection  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402

from bellhop.core import clock  # noqa: E402
from connectors.models import Connection  # noqa: E402
from reservations.board import cards, reading  # noqa: E402
from reservations.models import Guest, Property, RequestKind, Reservation, StayRequest, Unit  # noqa: E402
from reservations.views import board_cards  # noqa: E402

NAME = "Bench Hotel"
UNITS = 600
ROUNDS = 9


def make() -> dict[str, Any]:
    """Made once per database."""
    pms = Connection.objects.get(slug="guesty")
    organization, now = pms.organization, clock.now()
    place, new = Property.objects.get_or_create(organization=organization, name=NAME)
    if new:
        _fill(pms, place)
    rows = StayRequest.objects.filter(reservation__property=place, state="asked").order_by("pk")
    return {
        "property": place.public_id,
        "requests": list(rows.values_list("public_id", flat=True)),
        "today": str(now.date()),
    }


def _fill(pms: Connection, place: Property) -> None:
    belongs: dict[str, Any] = {"organization": place.organization}
    now = clock.now()
    today = now.date()
    units = Unit.objects.bulk_create(
        Unit(
            **belongs,
            property=place,
            name=f"{number // 20 + 1}{number % 20:02}",
            condition="dirty",
            search="",
        )
        for number in range(UNITS)
    )
    guests = Guest.objects.bulk_create(
        Guest(**belongs, full_name=f"Maria Guest{number}", created_at=now, search="")
        for number in range(UNITS)
    )
    stays = Reservation.objects.bulk_create(
        Reservation(
            **belongs, connection=pms, remote_id=f"bench{unit.pk}", property=place, unit=unit, guest=guest, as_of=now,
            status="confirmed", arrival_date=today - timedelta(days=2), departure_date=today, adults=2,
        )
        for unit, guest in zip(units, guests, strict=True)
    )  # fmt: skip
    StayRequest.objects.bulk_create(
        StayRequest(**belongs, reservation=stay, kind=RequestKind.LATE_CHECK_OUT, asked_at=now)
        for stay in stays
    )


def waits() -> dict[str, Any]:
    """Reading the whole hotel, and drawing every card of it without any kept one."""
    place, now = Property.objects.get(name=NAME), clock.now()
    reads, draws = [], []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        with CaptureQueriesContext(connection) as captured:
            found = reading.of_places([place], now)
        reads.append((time.perf_counter() - began) * 1000)
        board_cards.forget()
        began = time.perf_counter()
        for some in cards.grouped(found).values():
            for card in some:
                board_cards.html(card, "en")
        draws.append((time.perf_counter() - began) * 1000)
    return {
        "units": len(found),
        "statements": len(captured),
        "read": statistics.median(reads),
        "draw": statistics.median(draws),
    }


if __name__ == "__main__":
    json.dump({"make": make, "waits": waits}[sys.argv[1]](), sys.stdout)
