"""Guests' requests: asked once, decided by a person, written to the PMS by the best way that it has, taken back the
same way (signature N14)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import time
from decimal import Decimal
from typing import Any, Final, TypeAlias

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from bellhop.accounts.models import User
from bellhop.accounts.permissions import Permission
from bellhop.accounts.services import audit, require
from bellhop.core import clock, events, live
from connectors.contract.intents import AddNote, CreateWorkOrder, Intent, SetStayTimes
from connectors.contract.registry import connector_class
from connectors.events import CommandMoved
from connectors.models import Command, CommandState
from connectors.outbound import outbox
from reservations.events import RequestChanged, StayChanged
from reservations.models import PmsState, RequestKind, Reservation, StayRequest

State: TypeAlias = StayRequest.State
OPEN: Final = (State.ASKED, State.PROPOSED, State.APPROVED)
MANY: Final = frozenset({RequestKind.OTHER, RequestKind.LUGGAGE})
_MOVED: Final = {"check_out_time": RequestKind.LATE_CHECK_OUT, "check_in_time": RequestKind.EARLY_CHECK_IN}
_STATES: Final[dict[CommandState, PmsState]] = {
    CommandState.CONFIRMED: PmsState.DONE,
    CommandState.FAILED: PmsState.FAILED,
    CommandState.UNCONFIRMED: PmsState.UNCONFIRMED,
    CommandState.CANCELLED: PmsState.FAILED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is asked for. `wished` is local to the property; `message_id` where a message asks."""

    kind: RequestKind
    wished: time | None = None
    note: str = ""
    message_id: int | None = None
    source: StayRequest.Source = StayRequest.Source.HAND


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What was agreed or offered. `price` in major units of `currency`."""

    agreed: time | None = None
    price: Decimal | None = None
    currency: str = ""


@transaction.atomic
def ask(user: User, stay: Reservation, wish: Wish) -> StayRequest:
    """Note a wish; one of the kind that is open already is that one, with the newer time. Raises PermissionDenied,
    ValidationError."""
    if wish.source == StayRequest.Source.HOUSEKEEPING:
        require(user, Permission.HOUSEKEEPING_READ)
    else:
        require(user, Permission.THREADS_REPLY)
    locked = _lock(stay.pk)
    known = locked.requests.filter(kind=wish.kind, state__in=OPEN).order_by("id").last()
    if known is not None and wish.kind not in MANY:
        if wish.wished and known.is_open:
            known.wished, known.message_id = wish.wished, wish.message_id or known.message_id
            known.save(update_fields=["wished", "message_id"])
            _tell(known, "asked", user)
        return known
    row = StayRequest.objects.create(
        organization_id=locked.organization_id,
        reservation=locked,
        kind=wish.kind,
        source=wish.source,
        wished=wish.wished,
        note=wish.note.strip()[:500],
        message_id=wish.message_id,
        asked_at=clock.now(),
        asked_by=user,
    )
    _tell(row, "asked", user)
    return row


@transaction.atomic
def approve(user: User, request: StayRequest, terms: Terms) -> StayRequest:
    """It holds, and the PMS is told. Raises PermissionDenied, ValidationError."""
    require(user, Permission.REQUESTS_DECIDE)
    stay = _lock(request.reservation_id)
    row = _open(request, (State.ASKED, State.PROPOSED, State.DECLINED))
    row.agreed = terms.agreed or row.agreed or row.wished
    if row.has_time and row.agreed is None:
        raise ValidationError(_("Until when? Give a time."))
    row.before = stay.check_out_time if row.kind == RequestKind.LATE_CHECK_OUT else stay.check_in_time
    _decide(user, row, State.APPROVED, terms)
    _write(row, stay, row.agreed, done=True)
    row.save()
    audit(row.organization_id, user, "request.approved", f"request:{row.public_id}", after=_said(row))
    _tell(row, "approved", user)
    return row


@transaction.atomic
def decline(user: User, request: StayRequest) -> StayRequest:
    """Raises PermissionDenied, ValidationError."""
    require(user, Permission.REQUESTS_DECIDE)
    _lock(request.reservation_id)
    row = _open(request, (State.ASKED, State.PROPOSED))
    _decide(user, row, State.DECLINED, Terms())
    row.save()
    audit(row.organization_id, user, "request.declined", f"request:{row.public_id}")
    _tell(row, "declined", user)
    return row


@transaction.atomic
def propose(user: User, request: StayRequest, terms: Terms) -> StayRequest:
    """Offer something else; the guest's answer decides. Raises PermissionDenied, ValidationError."""
    require(user, Permission.REQUESTS_DECIDE)
    _lock(request.reservation_id)
    row = _open(request, (State.ASKED, State.PROPOSED, State.DECLINED))
    if row.has_time and terms.agreed is None:
        raise ValidationError(_("Until when? Give a time."))
    row.agreed = terms.agreed
    _decide(user, row, State.PROPOSED, terms)
    row.save()
    _tell(row, "proposed", user)
    return row


@transaction.atomic
def withdraw(user: User, request: StayRequest) -> StayRequest:
    """Take it back, by whichever side; what the PMS was told is told back. Raises PermissionDenied, ValidationError."""
    require(user, Permission.REQUESTS_DECIDE)
    stay = _lock(request.reservation_id)
    row = _open(request, OPEN)
    was_approved = row.state == State.APPROVED
    row.state, row.decided_at, row.decided_by, row.decided_name = (
        State.WITHDRAWN, clock.now(), user, user.full_name,
    )  # fmt: skip
    if was_approved:
        _take_back(row, stay)
    row.save()
    audit(row.organization_id, user, "request.withdrawn", f"request:{row.public_id}", before=_said(row))
    _tell(row, "withdrawn", user)
    return row


@transaction.atomic
def retry(user: User, request: StayRequest) -> StayRequest:
    """Tell the PMS once more after a failure. Raises PermissionDenied, ValidationError."""
    require(user, Permission.REQUESTS_DECIDE)
    stay = _lock(request.reservation_id)
    row = StayRequest.objects.select_for_update(no_key=True).get(pk=request.pk)
    if row.pms_state not in {PmsState.FAILED, PmsState.UNCONFIRMED}:
        raise ValidationError(_("The PMS has it, or is being told."))
    if row.state == State.APPROVED:
        _write(row, stay, row.agreed, done=True)
    else:
        _take_back(row, stay)
    row.save()
    _tell(row, "pms", user)
    return row


def _lock(stay_id: int) -> Reservation:
    rows = Reservation.objects.select_for_update(of=("self",), no_key=True)
    return rows.select_related("unit", "property", "guest", "connection").get(pk=stay_id)


def _open(request: StayRequest, states: tuple[State, ...]) -> StayRequest:
    row = StayRequest.objects.select_for_update(no_key=True).get(pk=request.pk)
    if row.state not in states:
        raise ValidationError(
            _("Somebody decided it meanwhile: %(state)s.") % {"state": row.get_state_display()}
        )
    return row


def _decide(user: User, row: StayRequest, state: State, terms: Terms) -> None:
    row.state, row.decided_at, row.decided_by, row.decided_name = state, clock.now(), user, user.full_name
    if terms.price is not None:
        row.price, row.currency = terms.price, terms.currency[:3].upper()


def _take_back(row: StayRequest, stay: Reservation) -> None:
    """A write that has not left is taken back with it; what has left is told back."""
    if row.command_id is not None and row.pms_state == PmsState.WAITING:
        try:
            outbox.cancel(row.command_id, "taken back")
        except outbox.NotPossible:
            pass
        else:
            row.pms_state, row.pms_reason = "", ""
            return
    unit = stay.unit
    usual = None
    if unit is not None:
        usual = unit.check_out_time if row.kind == RequestKind.LATE_CHECK_OUT else unit.check_in_time
    _write(row, stay, row.before or usual, done=False)


def _write(row: StayRequest, stay: Reservation, at: time | None, *, done: bool) -> None:
    """Tell the PMS by the best way that it has: its times, a task, a note."""
    intent, way = _intent(row, stay, at, done)
    command = outbox.enqueue(
        stay.connection,
        intent,
        subject=f"request:{row.pk}",
        order_key=f"stay:{stay.pk}",
        place_id=stay.property_id,
    )
    row.command_id, row.pms_way, row.pms_state, row.pms_reason = command.pk, way, PmsState.WAITING, ""


def _intent(row: StayRequest, stay: Reservation, at: time | None, done: bool) -> tuple[Intent, str]:
    performs = connector_class(stay.connection.slug).performs
    words = _said(row) if done else _("Taken back: %(what)s") % {"what": _said(row)}
    if row.has_time and at is not None and SetStayTimes in performs:
        side = "check_out" if row.kind == RequestKind.LATE_CHECK_OUT else "check_in"
        times: dict[str, Any] = {side: f"{at:%H:%M}"}
        return SetStayTimes(reservation_id=stay.remote_id, **times), "times"
    if not row.has_time and done and CreateWorkOrder in performs:
        return CreateWorkOrder(title=words[:120], reservation_id=stay.remote_id), "task"
    zone = stay.property.zone if stay.property else None
    written = f"{clock.now().astimezone(zone):%Y-%m-%d %H:%M}"
    return AddNote(body=words, reservation_id=stay.remote_id, written_at=written), "note"


def _said(row: StayRequest) -> str:
    """What was agreed, as a note of the PMS says it."""
    told = str(RequestKind(row.kind).label)
    if row.agreed is not None:
        told = f"{told} {row.agreed:%H:%M}"
    if row.price is not None:
        told = f"{told}, {row.price} {row.currency}".rstrip()
    return f"{told}: {row.note}" if row.note else told


def _tell(row: StayRequest, what: str, actor: User | None = None) -> None:
    """People's screens: the threads of the stay, and the board."""
    events.emit(RequestChanged(request=row, what=what, actor=actor))
    stay = row.reservation
    change = live.Change(
        topic="board", subject_id=stay.unit_id, property_id=stay.property_id, data={"what": "request"}
    )
    live.append(row.organization_id, [change])


def on_command(event: CommandMoved) -> None:
    """The PMS has it, or not. Under the Command's lock, so no stay is locked here."""
    command: Command = event.command
    if not command.subject.startswith("request:"):
        return
    state = _STATES.get(CommandState(command.state), PmsState.WAITING)
    rows = StayRequest.objects.filter(command_id=command.pk)
    if rows.exclude(pms_state=state).update(pms_state=state, pms_reason=command.reason[:300]):
        row = rows.select_related("reservation").first()
        if row is not None:
            _tell(row, "pms")


def on_stay(event: StayChanged) -> None:
    """The PMS says another time than was agreed: the request follows it. What somebody decided there is decided."""
    stay = event.reservation
    for change in event.changes:
        kind = _MOVED.get(change.field)
        if kind is None or event.created:
            continue
        row = stay.requests.filter(kind=kind, state__in=OPEN).order_by("id").last()
        told = getattr(stay, change.field)
        if row is not None and told != row.agreed:
            _follow(row, stay, told)


def _follow(row: StayRequest, stay: Reservation, told: time | None) -> None:
    if row.state == State.APPROVED and row.pms_state == PmsState.WAITING:
        return  # ours is on its way and comes after
    usual = stay.unit and (
        stay.unit.check_out_time if row.kind == RequestKind.LATE_CHECK_OUT else stay.unit.check_in_time
    )
    if told is None or told == usual:
        if row.state != State.APPROVED:
            return
        row.state = State.WITHDRAWN
    elif row.state == State.APPROVED or told == row.wished:
        row.state = State.APPROVED
    else:
        return
    row.agreed = told or row.agreed
    row.decided_at, row.decided_by, row.decided_name = clock.now(), None, ""
    row.pms_state, row.pms_way, row.pms_reason = PmsState.DONE, "times", ""
    row.save()
    _tell(row, "moved")


def of_stay(stay: Reservation) -> list[StayRequest]:
    """The newest first, with what housekeeping reported; two statements."""
    rows = stay.requests.select_related("asked_by", "decided_by", "reservation__unit", "reservation__guest")
    return list(rows.prefetch_related("reports").order_by("-asked_at", "-id")[:20])
