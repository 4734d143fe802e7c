"""A step as one guest would get it now: the words with their blanks, when, over which channel, and what would stop it
(ux Q5)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db.models import F, QuerySet
from django.db.models.functions import Length

from bellhop.accounts.models import User
from bellhop.core import clock
from connectors.contract.segments import Segments, segments
from reservations import ports
from reservations.models import Reservation
from reservations.ports import Reach
from reservations.sequences import conditions, judging, planning, rendering, timing, values
from reservations.sequences.definition import Definition, Rule, Step
from reservations.sequences.rendering import Part
from reservations.services import scope

SECRET: Final = ("door_code",)
PICKS: Final = ("next", "longest", "oldest", "cancelled")
_MOST = 8


@dataclass(frozen=True, slots=True)
class Preview:
    """`due` is a clock time at the property (without a zone, so that pages show it as it is), None without a date;
    `ways` in the step's order, the first without a refusal is taken; `rules` with whether each holds; `problem`: why
    the text is none."""

    stay: Reservation
    channel: str
    language: str
    is_fallback: bool
    subject: tuple[Part, ...]
    body: tuple[Part, ...]
    problem: str
    due: datetime | None
    ways: tuple[Reach, ...]
    rules: tuple[tuple[Rule, bool], ...]
    parts: Segments

    @property
    def blanks(self) -> list[str]:
        """What is missing, each once."""
        return list(dict.fromkeys(part.text for part in (*self.subject, *self.body) if part.is_blank))

    @property
    def chosen(self) -> Reach | None:
        return next((way for way in self.ways if not way.refusal), None)


def pick(user: User, how: str) -> Reservation | None:
    """A telling case: the next arrival, the longest name, the oldest booking, a cancelled stay."""
    rows = _seen(user)
    ahead = rows.filter(departure_date__gte=clock.now().date(), status__in=planning.BOOKED)
    match how:
        case "longest":
            return ahead.order_by(Length("guest__full_name").desc(nulls_last=True), "id").first()
        case "oldest":
            return ahead.order_by(F("booked_at").asc(nulls_last=True), "id").first()
        case "cancelled":
            return rows.filter(status=Reservation.Status.CANCELLED).order_by("-cancelled_at", "-id").first()
    coming = ahead.filter(arrival_date__gte=clock.now().date())
    return coming.order_by("arrival_date", "id").first() or ahead.order_by("arrival_date", "id").first()


def search(user: User, words: str) -> list[Reservation]:
    """Stays by the guest's name or the code's beginning, the next arrivals first."""
    rows = _seen(user)
    found = rows.filter(guest__full_name__icontains=words) | rows.filter(code__istartswith=words)
    return list(found.order_by(F("arrival_date").desc(nulls_last=True), "id")[:_MOST])


def by_id(user: User, public_id: str) -> Reservation | None:
    return _seen(user).filter(public_id=public_id).first()


def _seen(user: User) -> QuerySet[Reservation]:
    rows = Reservation.objects.filter(organization_id=user.organization_id, is_owner_stay=False)
    ids = scope.property_ids(user)
    if ids is not None:
        rows = rows.filter(property_id__in=ids)
    return rows.select_related("guest", "unit", "property", "organization")


def of(stay: Reservation, found: Definition, step: Step, channel: str = "", language: str = "") -> Preview:
    """The step for a stay; in another of its languages or on another of its channels where asked."""
    theirs = judging.language_of(step, stay)
    shown = language if language in step.texts else theirs
    asked = ports.reach.get()(stay.pk, step.channels, step.purpose) if step.channels else ()
    ways = tuple(judging.ways_at(step, asked, clock.now(), stay))
    chosen = next((way.channel for way in ways if not way.refusal), step.channels[0] if step.channels else "")
    subject, body, problem = _words(stay, step, shown)
    due = timing.due_at(step.when, planning.times_of(stay))
    place = stay.property
    wanted = (stay.guest.language if stay.guest else "").replace("_", "-").partition("-")[0]
    return Preview(
        stay=stay,
        channel=channel if channel in step.channels else chosen,
        language=shown,
        is_fallback=not language and bool(wanted) and wanted != shown.partition("-")[0],
        subject=subject,
        body=body,
        problem=problem,
        due=due.astimezone(place.zone if place else None).replace(tzinfo=None) if due else None,
        ways=ways,
        rules=tuple((rule, conditions.holds(rule, stay)) for rule in (*found.rules, *step.rules)),
        parts=segments("".join(part.text for part in body)),
    )


def _words(stay: Reservation, step: Step, language: str) -> tuple[tuple[Part, ...], tuple[Part, ...], str]:
    text = step.texts.get(language)
    if text is None or not text.body.strip():
        return (), (), "empty"
    told = _masked(values.of(stay, language))
    try:
        subject = rendering.preview(text.subject, told) if text.subject.strip() else []
        return tuple(subject), tuple(rendering.preview(text.body, told)), ""
    except rendering.BadTemplate as bad:
        return (), (), str(bad)


def _masked(told: dict[str, dict[str, object]]) -> dict[str, dict[str, object]]:
    """Codes are nobody's business while a text is written."""
    stay = {name: "••••••" if name in SECRET and value else value for name, value in told["stay"].items()}
    return {**told, "stay": stay}
