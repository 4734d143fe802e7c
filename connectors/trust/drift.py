"""The list of drifts, and what people do about them (ux D1, D2)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time

from django.db import transaction
from django.db.models import F, Max, QuerySet, Sum
from django.utils.translation import gettext as _

from bellhop.accounts.models import User
from bellhop.accounts.permissions import Permission
from bellhop.accounts.services import audit, require
from bellhop.core import clock, wake
from connectors.contract.intents import Intent, SetCustomField, SetStayTimes
from connectors.contract.registry import pms_class
from connectors.events import CommandMoved
from connectors.models import OPEN_STATES, Command, CommandState, Drift, DriftRun
from connectors.outbound import outbox
from connectors.trust import drift_cause, drift_compare, drift_runs

SUBJECT = "drift:"


class NotPossible(Exception):
    """That can't be done with this drift; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """What is wanted; empty: all of it."""

    state: str = Drift.State.OPEN
    cause: str = ""
    entity: str = ""
    connection: str = ""


@dataclass(frozen=True, slots=True)
class Summary:
    """The last comparison of every connection, added up."""

    fields: int
    records: int
    places: int
    messages: int
    at: datetime | None
    open: int
    running: bool
    errors: tuple[str, ...]


def of(user: User) -> QuerySet[Drift]:
    """The drifts that a person may see (invariant 10)."""
    return Drift.objects.filter(connection__organization_id=user.organization_id).select_related(
        "connection", "by", "command"
    )


def listed(user: User, wanted: Filter) -> QuerySet[Drift]:
    """Nearest arrival first, then the oldest."""
    rows = of(user)
    if wanted.state in Drift.State.values:
        rows = rows.filter(state=wanted.state)
    if wanted.cause in Drift.Cause.values:
        rows = rows.filter(cause=wanted.cause)
    if wanted.entity:
        rows = rows.filter(entity=wanted.entity)
    if wanted.connection:
        rows = rows.filter(connection__public_id=wanted.connection)
    if wanted.state == Drift.State.RESOLVED:
        return rows.order_by("-resolved_at")
    return rows.order_by(F("arrival_date").asc(nulls_last=True), "since", "pk")


def summary(user: User) -> Summary:
    """What was compared last. Four statements."""
    runs = DriftRun.objects.filter(connection__organization_id=user.organization_id)
    done = runs.filter(finished_at__isnull=False)
    newest = done.filter(scope=DriftRun.Scope.ALL).order_by("connection_id", "-id").distinct("connection_id")
    sums = DriftRun.objects.filter(pk__in=newest.values("pk")).aggregate(
        fields=Sum("fields"), records=Sum("records"), places=Sum("places"), messages=Sum("messages")
    )
    unfinished = list(runs.filter(finished_at__isnull=True).select_related("connection"))
    return Summary(
        fields=sums["fields"] or 0,
        records=sums["records"] or 0,
        places=sums["places"] or 0,
        messages=sums["messages"] or 0,
        at=done.aggregate(at=Max("finished_at"))["at"],
        open=of(user).filter(state=Drift.State.OPEN).count(),
        running=bool(unfinished),
        errors=tuple(f"{run.connection.name}: {run.error}" for run in unfinished if run.error),
    )


def can_send(drift: Drift) -> bool:
    """Do we own it, and can the connector write it?"""
    connector = pms_class(drift.connection.slug)
    return drift.owner == "bellhop" and drift_cause.is_writable(connector, drift.entity, drift.field)


@transaction.atomic
def take(user: User, drifts: Iterable[Drift]) -> int:
    """Have the PMS's values read and applied, by a worker, in a moment. Returns how many. Raises NotPossible,
    PermissionDenied."""
    rows = _chosen(user, drifts)
    if any(drift.owner != "pms" for drift in rows):
        raise NotPossible(_("Bellhop owns this field: the PMS's value would be refused."))
    now = clock.now()
    for drift in rows:
        drift.take_asked_at, drift.by, drift.error = now, user, ""
        drift.save(update_fields=["take_asked_at", "by", "error"])
        _audit(user, drift, "drift.take", after=drift.theirs)
    wake.after_commit("connectors.compare")
    return len(rows)


@transaction.atomic
def ignore(user: User, drifts: Iterable[Drift], until: date, reason: str) -> int:
    """Leave them out of the list and the alerts through that day. Raises NotPossible, PermissionDenied."""
    if not reason.strip():
        raise NotPossible(_("Say why."))
    if until < clock.now().date():
        raise NotPossible(_("That day is over."))
    rows = _chosen(user, drifts)
    for drift in rows:
        drift.state, drift.ignore_until, drift.reason = Drift.State.IGNORED, until, reason.strip()[:300]
        drift.by = user
        drift.save(update_fields=["state", "ignore_until", "reason", "by"])
        _audit(user, drift, "drift.ignore", after=f"{until}: {drift.reason}")
    for connection in {drift.connection_id: drift.connection for drift in rows}.values():
        drift_runs.tell(connection)
    return len(rows)


@transaction.atomic
def send(user: User, drifts: Iterable[Drift]) -> int:
    """Send our values to the PMS. Raises NotPossible unless we own the field and it can be written there."""
    rows = _chosen(user, drifts)
    if not all(map(can_send, rows)):
        raise NotPossible(_("The PMS takes no such field from us, or it owns it."))
    for drift in rows:
        if drift.command is not None and drift.command.state in OPEN_STATES:
            raise NotPossible(_("It is on its way already."))
        for intent in _intents(drift):
            drift.command = outbox.enqueue(
                drift.connection,
                intent,
                subject=f"{SUBJECT}{drift.pk}",
                order_key=f"{outbox.STAY}{drift.stay_remote_id}",
                place_id=drift.place_id,
            )
        drift.by, drift.error = user, ""
        drift.save(update_fields=["command", "by", "error"])
        _audit(user, drift, "drift.send", after=drift.ours)
    return len(rows)


def _intents(drift: Drift) -> list[Intent]:
    stay = drift.stay_remote_id
    if drift.field == "custom_fields":
        ours, theirs = drift.ours or {}, drift.theirs or {}
        return [
            SetCustomField(reservation_id=stay, field_id=name, value=value)
            for name, value in ours.items()
            if theirs.get(name) != value
        ]
    agreed = time.fromisoformat(drift.ours).strftime("%H:%M")
    if drift.field == "check_in_time":
        return [SetStayTimes(reservation_id=stay, check_in=agreed)]
    return [SetStayTimes(reservation_id=stay, check_out=agreed)]


def _chosen(user: User, drifts: Iterable[Drift]) -> list[Drift]:
    """Locked again, still standing, of one cause. Raises NotPossible."""
    require(user, Permission.HEALTH_ACT)
    ids = [drift.pk for drift in drifts]
    rows = list(
        of(user)
        .select_for_update(of=("self",))
        .filter(pk__in=ids, state__in=drift_compare.STANDING)
        .order_by("pk")
    )
    if not rows:
        raise NotPossible(_("Nothing is chosen that still differs."))
    if len({drift.cause for drift in rows}) > 1:
        raise NotPossible(_("Choose fields of one cause."))
    return rows


def _audit(user: User, drift: Drift, action: str, *, after: object) -> None:
    secret = drift.field in {"door_code", "money", "custom_fields"}
    audit(
        user.organization_id, user, action, f"{drift.entity}:{drift.remote_id}.{drift.field}",
        before=None if secret else drift.ours, after=None if secret and action != "drift.ignore" else after,
    )  # fmt: skip


def on_command(event: CommandMoved) -> None:
    """Our value was accepted: the drift is over once nothing of it is still under way."""
    command = event.command
    if not command.subject.startswith(SUBJECT) or command.state != CommandState.CONFIRMED:
        return
    drift = Drift.objects.filter(
        pk=int(command.subject.removeprefix(SUBJECT)), state__in=drift_compare.STANDING
    ).first()
    others = Command.objects.filter(subject=command.subject, state__in=OPEN_STATES).exclude(pk=command.pk)
    if drift is not None and not others.exists():
        drift_compare.solve(drift, Drift.How.SENT)
        drift_runs.tell(drift.connection)
