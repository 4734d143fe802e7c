"""What a row of the list shows, worked out once per thread (ux L8). Nothing personal is in here but what the caller
annotated."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils import formats
from django.utils.translation import gettext as _

from inbox.models import ReceiptState, Thread
from reservations.models import StayPhase

CHANNELS: dict[str, tuple[str, str]] = {
    "airbnb": ("Airbnb", "travel"),
    "booking": ("Booking.com", "travel"),
    "vrbo": ("Vrbo", "travel"),
    "expedia": ("Expedia", "travel"),
    "sms": ("SMS", "sms"),
    "email": ("E-mail", "email"),
    "whatsapp": ("WhatsApp", "whatsapp"),
    "webchat": ("Web chat", "webchat"),
}
_WARN_SHARE = 0.8
# The worst first.
_PROBLEMS = (
    (ReceiptState.FAILED, "failed"),
    (ReceiptState.UNCONFIRMED, "unconfirmed"),
    (ReceiptState.QUEUED, "queued"),
    (ReceiptState.SENDING, "queued"),
)


@dataclass(frozen=True, slots=True)
class RowView:
    """`wait` is amber ("warn") from 80 % of the reply target, red ("bad") from 100 %."""

    thread: Thread
    phase: str
    phase_label: str
    place: str
    dates: str
    channel: str
    channel_icon: str
    author: str
    wait_level: str
    waiting_minutes: int | None
    unread: bool
    has_draft: bool
    problem: str

    @property
    def pk(self) -> int:
        return self.thread.pk


def channel_words(channel: str) -> tuple[str, str]:
    """(name, icon) of a channel; an unknown one by its own word."""
    return CHANNELS.get(channel, (channel.capitalize() or _("PMS"), "pms"))


def of(thread: Thread, now: datetime, me: int | None = None) -> RowView:
    """The row of a thread loaded with `listing.for_rows` or `for_anyone`. `me`: whose messages are "You"."""
    stay = thread.stay
    phase = stay.phase(now) if stay else None
    name, icon = channel_words(thread.channel)
    minutes, level = waiting(thread, now)
    return RowView(
        thread=thread,
        phase=phase.value if phase else "",
        phase_label=str(StayPhase(phase).label) if phase else _("Not matched") if not thread.guest_id else "",
        place=place_of(thread),
        dates=dates_of(thread),
        channel=name,
        channel_icon=icon,
        author=author_words(thread.preview_author, me),
        wait_level=level,
        waiting_minutes=minutes,
        unread=is_unread(thread),
        has_draft=has_draft(thread),
        problem=_problem(thread),
    )


def waiting(thread: Thread, now: datetime) -> tuple[int | None, str]:
    """(minutes the guest has waited, "" | "warn" | "bad")."""
    minutes = minutes_waited(thread, now)
    if minutes is None:
        return None, ""
    target = thread.organization.reply_target_min
    level = "bad" if minutes >= target else "warn" if minutes >= target * _WARN_SHARE else ""
    return minutes, level


def minutes_waited(thread: Thread, now: datetime) -> int | None:
    if thread.waiting_since is None:
        return None
    return int(max(timedelta(), now - thread.waiting_since).total_seconds() // 60)


def place_of(thread: Thread) -> str:
    """Unit first, then property: a cut at the end never hides the unit."""
    stay = thread.stay
    parts = [stay.unit.name if stay and stay.unit else "", thread.property.name if thread.property else ""]
    return " · ".join(dict.fromkeys(part for part in parts if part))


def dates_of(thread: Thread) -> str:
    stay = thread.stay
    if stay is None or stay.arrival_date is None or stay.departure_date is None:
        return ""
    first, last = stay.arrival_date, stay.departure_date
    same_month = (first.year, first.month) == (last.year, last.month)
    start = str(first.day) if same_month else formats.date_format(first, "j M")
    return f"{start}–{formats.date_format(last, 'j M')}"  # noqa: RUF001 (a range of dates takes the longer dash)


def author_words(author: str, me: int | None) -> str:
    """The author before the preview: "You:", "Ana:", "PMS:", "Auto:"; none for the guest."""
    if author.startswith("user:"):
        _prefix, user_id, name = author.split(":", 2)
        return _("You:") if me is not None and user_id == str(me) else f"{name.split(' ')[0]}:"
    return {"pms": _("PMS:"), "auto": _("Auto:")}.get(author, "")


def is_unread(thread: Thread) -> bool:
    last_read: Any = getattr(thread, "last_read_id", None)
    if last_read is None:
        return False
    return bool(getattr(thread, "marked_unread", False)) or (thread.last_inbound_id or 0) > last_read


def has_draft(thread: Thread) -> bool:
    return bool(getattr(thread, "has_draft", False))


def _problem(thread: Thread) -> str:
    states = getattr(thread, "problem_states", ())
    for state, word in _PROBLEMS:
        if state in states:
            return word
    return ""
