"""What a message seems to ask for, in the languages of the demo. It only suggests."""

from __future__ import annotations

from datetime import time

import pytest

from reservations.models import RequestKind
from reservations.services.request_words import Suggestion, suggest

LATE, EARLY = RequestKind.LATE_CHECK_OUT, RequestKind.EARLY_CHECK_IN


@pytest.mark.parametrize(
    ("text", "kind", "wished"),
    [
        ("Hi! Can we stay until one?", LATE, time(13)),
        ("Could we keep the room until 1pm please", LATE, time(13)),
        ("Is a late check-out at 12:30 possible?", LATE, time(12, 30)),
        ("late checkout until noon?", LATE, time(12)),
        ("May we check out later?", LATE, None),
        ("¿Podemos quedarnos hasta la una?", LATE, time(13)),
        ("Nos gustaría una salida tardía a las 14:00", LATE, time(14)),
        ("Early check-in around 11 possible?", EARLY, time(11)),
        ("We arrive early, can we get in before 10 am?", EARLY, time(10)),
        ("¿Podríamos llegar un poco antes, a las 12?", EARLY, time(12)),
        ("Do you have a cot for our baby?", RequestKind.COT, None),
        ("¿Tienen una cuna?", RequestKind.COT, None),
        ("We need an extra bed for our son", RequestKind.EXTRA_BED, None),
        ("Can we leave our luggage after we check out?", RequestKind.LUGGAGE, None),
        ("¿Podemos dejar las maletas?", RequestKind.LUGGAGE, None),
    ],
)
def test_it_asks(text: str, kind: RequestKind, wished: time | None) -> None:
    assert Suggestion(kind, wished) in suggest(text)


@pytest.mark.parametrize(
    "text",
    [
        "Thank you, see you on Friday at 4!",
        "The shower is cold, please send somebody.",
        "Where can I park? My plate is 12 AB 34.",
        "Gracias, llegamos a las cuatro.",
        "We stayed in room 204 in 2019 and loved it.",
        "",
    ],
)
def test_it_does_not(text: str) -> None:
    assert suggest(text) == []
