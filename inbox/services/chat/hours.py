"""When somebody answers a chat: spans of local time per day of the week."""

from __future__ import annotations

import re
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from inbox.models import ChatWidget

_SPAN = re.compile(r"(\d{1,2})[:.](\d{2})\s*[-\u2013]\s*(\d{1,2})[:.](\d{2})$")
Spans = list[list[str]]


class BadSpan(Exception):
    """Not a span such as 09:00-18:00."""


def read(text: str) -> Spans:
    """Spans as typed: `09:00-13:00, 15:00-19:00`; 24:00 is the end of the day. Raises BadSpan."""
    found: Spans = []
    for part in filter(None, (one.strip() for one in text.split(","))):
        fits = _SPAN.match(part)
        if not fits:
            raise BadSpan(part)
        begins, ends = f"{int(fits[1]):02}:{fits[2]}", f"{int(fits[3]):02}:{fits[4]}"
        if not (_minutes(begins) < _minutes(ends) <= 1440 and int(fits[2]) < 60 and int(fits[4]) < 60):
            raise BadSpan(part)
        found.append([begins, ends])
    return sorted(found)


def write(spans: Spans) -> str:
    return ", ".join(f"{begins}-{ends}" for begins, ends in spans)


def is_attended(widget: ChatWidget, now: datetime) -> bool:
    """Does somebody answer now?"""
    if not widget.hours:
        return True
    local = now.astimezone(ZoneInfo(widget.timezone))
    minute = local.hour * 60 + local.minute
    spans = widget.hours.get(str(local.weekday()), [])
    return any(_minutes(begins) <= minute < _minutes(ends) for begins, ends in spans)


def next_opening(widget: ChatWidget, now: datetime) -> datetime | None:
    """When somebody answers again (in the widget's zone); None where nobody ever does."""
    zone = ZoneInfo(widget.timezone)
    local = now.astimezone(zone)
    for ahead in range(8):
        day = local.date() + timedelta(days=ahead)
        for begins, _ends in widget.hours.get(str(day.weekday()), []):
            moment = datetime.combine(day, time(_minutes(begins) // 60, _minutes(begins) % 60), zone)
            if moment > local:
                return moment
    return None


def _minutes(clock: str) -> int:
    hour, _, minute = clock.partition(":")
    return int(hour) * 60 + int(minute)
