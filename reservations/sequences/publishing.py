"""From a draft to what guests receive: publish, pause, go on, stop. What it will do is counted before it is done."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Count
from django.utils.translation import gettext as _

from bellhop.accounts.models import Organization, User
from bellhop.accounts.permissions import Permission
from bellhop.accounts.services import audit, require
from bellhop.core import clock, wake
from connectors.models import ChannelTemplate
from reservations.models import Enrollment, Reason, Reservation, ScheduledMessage, Sequence, SequenceVersion
from reservations.sequences import (
    conditions,
    definition,
    library,
    planning,
    rendering,
    stopping,
    timing,
    values,
)
from reservations.sequences.definition import Definition, Flaw

TYPE_ABOVE = 50
APPROVED = "approved"
DAY, FORTNIGHT = timedelta(hours=24), timedelta(days=14)


class CannotPublish(Exception):
    """The draft has flaws, or the number was not typed; the text says what."""


@dataclass(frozen=True, slots=True)
class Blast:
    """Whom publishing reaches: stays in the next 24 hours, in 14 days, and those that are past some step already."""

    within_day: int
    within_fortnight: int
    past: int

    @property
    def must_type(self) -> bool:
        return self.within_fortnight > TYPE_ABOVE


def seed(organization: Organization) -> None:
    """The library's sequences as drafts; those that are there already are left alone."""
    now = clock.now()
    known = set(organization.sequences.values_list("library_key", flat=True))
    missing = [
        Sequence(
            organization=organization,
            name=entry.name,
            library_key=entry.key,
            draft=entry.definition,
            draft_at=now,
            created_at=now,
        )
        for entry in library.entries()
        if entry.key not in known
    ]
    Sequence.objects.bulk_create(missing, ignore_conflicts=True)


def flaws(draft: dict[str, Any], organization_id: int | None = None) -> list[Flaw]:
    """Everything that keeps a draft from being published; whether its templates are approved is asked of an
    organization's connections."""
    found = definition.flaws(draft)
    if found:
        return found
    parsed = definition.parse(draft)
    known = None if organization_id is None else templates(organization_id)
    return [*_rule_flaws(parsed), *_text_flaws(parsed), *_template_flaws(parsed, known)]


def templates(organization_id: int) -> dict[tuple[str, str], ChannelTemplate]:
    """(name, language) of every template that the channels know, by name; the approved one where several have it."""
    rows = ChannelTemplate.objects.filter(connection__organization_id=organization_id)
    found: dict[tuple[str, str], ChannelTemplate] = {}
    for row in rows.exclude(category__iexact="marketing").order_by("name", "language", "id"):
        if (row.name, row.language) not in found or row.status == APPROVED:
            found[row.name, row.language] = row
    return found


def _template_flaws(
    parsed: Definition, known: dict[tuple[str, str], ChannelTemplate] | None
) -> Iterator[Flaw]:
    for step in parsed.steps:
        if step.template is None:
            continue
        named = {"name": step.template.name, "language": step.template.language}
        row = known.get((step.template.name, step.template.language)) if known is not None else None
        if known is not None and (row is None or row.status != APPROVED):
            yield Flaw(step.key, "unknown_template" if row is None else "template_not_approved", named)
        for blank in row.blanks if row is not None else ():
            if not step.template.values.get(blank, "").strip():
                yield Flaw(step.key, "template_blank", {**named, "blank": blank})
        for source in step.template.values.values():
            yield from _source_flaws(step.key, step.template.language, source)


def _rule_flaws(parsed: Definition) -> Iterator[Flaw]:
    for place, rules in [("", parsed.rules), *((step.key, step.rules) for step in parsed.steps)]:
        for rule in (one for given in rules for one in given.each):
            if code := conditions.flaw(rule):
                yield Flaw(place, code, {"field": rule.field})


def _text_flaws(parsed: Definition) -> Iterator[Flaw]:
    for step in parsed.steps:
        for language, text in step.texts.items():
            for source in (text.subject, text.body):
                yield from _source_flaws(step.key, language, source)


def _source_flaws(key: str, language: str, source: str) -> Iterator[Flaw]:
    if why := rendering.problem(source):
        yield Flaw(key, "bad_template", {"language": language, "why": why})
        return
    for name in rendering.names_in(source):
        if name not in values.NAMES:
            yield Flaw(key, "unknown_variable", {"language": language, "name": name})


def blast(sequence: Sequence) -> Blast:
    """What publishing the draft would do now."""
    parsed, now = definition.parse(sequence.draft), clock.now()
    soon = later = past = 0
    for stay in () if parsed.is_by_hand else _candidates(sequence):
        if conditions.first_false(parsed.rules, stay) is not None:
            continue
        times = planning.times_of(stay)
        wanted = [step for step in parsed.steps if conditions.first_false(step.rules, stay) is None]
        due = [moment for step in wanted if (moment := timing.due_at(step.when, times)) is not None]
        soon += any(now <= moment <= now + DAY for moment in due)
        later += any(now <= moment <= now + FORTNIGHT for moment in due)
        past += any(moment < now for moment in due)
    return Blast(soon, later, past)


def _candidates(sequence: Sequence) -> Iterator[Reservation]:
    """Stays that are not over, and not on it yet."""
    since: datetime = clock.now() - timedelta(days=2)
    on_it = Enrollment.objects.filter(sequence=sequence).values("reservation_id")
    rows = (
        Reservation.objects.filter(
            organization_id=sequence.organization_id,
            is_owner_stay=False,
            status__in=planning.BOOKED,
            departure_date__gte=since.date(),
        )
        .exclude(pk__in=on_it)
        .select_related("guest", "unit", "property")
        .order_by("pk")
    )
    return rows.iterator(chunk_size=500)


@transaction.atomic
def publish(
    user: User, sequence: Sequence, typed: int | None = None, *, move: bool = False
) -> SequenceVersion:
    """A new version from the draft; stays that fit are enrolled in it, and what is past for them is never sent. Who
    waits on an older version finishes on that, or (`move`) goes on with this. Raises CannotPublish,
    PermissionDenied."""
    require(user, Permission.SEQUENCES_EDIT)
    row = Sequence.objects.select_for_update().get(pk=sequence.pk)
    if flaws(row.draft, row.organization_id):
        raise CannotPublish(_("The draft has mistakes: mend them first."))
    reached = blast(row)
    if reached.must_type and typed != reached.within_fortnight:
        raise CannotPublish(_("Type the number of stays that it reaches."))
    number = row.versions.count() + 1
    version = SequenceVersion.objects.create(
        sequence=row,
        number=number,
        definition=row.draft,
        published_at=clock.now(),
        published_by=user,
    )
    row.live = version
    _enter(row, Sequence.State.LIVE)
    parsed = definition.parse(row.draft)
    if not parsed.is_farewell and not parsed.is_by_hand:
        for stay in _candidates(row):
            planning.enroll_in(row, stay, history=True)
    if move:
        _move_waiting(version)
    audit(row.organization_id, user, "sequence.published", f"sequence:{row.public_id}", after=f"v{number}")
    wake.after_commit("reservations.send_due")
    return version


def waiting_by_version(sequence: Sequence) -> dict[int, int]:
    """version → stays that wait on it; one statement."""
    rows = sequence.enrollments.filter(state=Enrollment.State.ACTIVE).values("version_id")
    return dict(rows.annotate(stays=Count("id")).values_list("version_id", "stays"))


def _move_waiting(version: SequenceVersion) -> None:
    rows = version.sequence.enrollments.filter(state=Enrollment.State.ACTIVE).exclude(version=version)
    for enrollment in rows.order_by("reservation_id").iterator(chunk_size=500):
        stays = Reservation.objects.select_for_update(of=("self",), no_key=True).select_related(
            "unit", "property"
        )
        planning.move_to(enrollment, version, stays.get(pk=enrollment.reservation_id))


@transaction.atomic
def set_state(user: User, sequence: Sequence, state: Sequence.State) -> None:
    """Pause, go on, or stop for good. Raises PermissionDenied."""
    require(user, Permission.SEQUENCES_EDIT)
    row = Sequence.objects.select_for_update().get(pk=sequence.pk)
    if row.live is None or row.state == state:
        return
    _enter(row, state)
    if state == Sequence.State.STOPPED:
        _end_all(row)
    if state != Sequence.State.LIVE:
        stopping.take_back_soon()
    audit(row.organization_id, user, f"sequence.{state}", f"sequence:{row.public_id}")
    wake.after_commit("reservations.send_due")


def _enter(row: Sequence, state: Sequence.State) -> None:
    """To a state, with the times of its last pause."""
    if state == Sequence.State.PAUSED:
        row.paused_at, row.resumed_at = clock.now(), None
    elif row.state == Sequence.State.PAUSED:
        row.resumed_at = clock.now()
    row.state = state
    row.save(update_fields=["live", "state", "paused_at", "resumed_at"])


def _end_all(row: Sequence) -> None:
    """Nothing more of it, for anybody. What was committed is taken back at its claim, or before."""
    open_ones = ScheduledMessage.objects.filter(
        sequence=row, state__in=(ScheduledMessage.State.PLANNED, ScheduledMessage.State.HELD)
    )
    # In one order, as a cancellation takes them.
    ids = list(open_ones.select_for_update(no_key=True).order_by("id").values_list("pk", flat=True))
    ScheduledMessage.objects.filter(pk__in=ids).update(
        state=ScheduledMessage.State.SUPPRESSED, reason=Reason.STOPPED, settled_at=clock.now()
    )
    row.enrollments.filter(state=Enrollment.State.ACTIVE).update(
        state=Enrollment.State.STOPPED, reason=Reason.STOPPED
    )
