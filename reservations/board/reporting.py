"""What somebody finds in a unit: said with a photo, it becomes work for the PMS, a request of the stay, or stays on the
board until it is done (ux H7)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from bellhop.accounts.models import User
from bellhop.accounts.permissions import Permission
from bellhop.accounts.services import require
from bellhop.core import clock, files
from bellhop.core.file_types import FileRefused, is_picture
from reservations.board import reading, setting, telling
from reservations.models import RequestKind, Reservation, StayRequest, Unit, UnitReport
from reservations.services import ordering, requests
from reservations.services.ordering import Order
from reservations.services.requests import Wish

WORK, REQUEST = "work", "request"
LINK_S: Final = 30 * 24 * 3600
NOTE_LENGTH: Final = 500
_HERE = (Reservation.Status.CONFIRMED, Reservation.Status.CHECKED_IN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """`kind`: work (something is broken) or request (the guest wants something). `token` is the browser's own name."""

    kind: str
    note: str
    token: str


def report(user: User, unit: Unit, wanted: Report, photo: bytes = b"", name: str = "") -> UnitReport:
    """Tell it; the same token again is the same report. No transaction may be open. Raises ValidationError,
    PermissionDenied; OSError where files can't be kept."""
    require(user, Permission.HOUSEKEEPING_READ)
    note = " ".join(wanted.note.split())[:NOTE_LENGTH]
    if not note:
        raise ValidationError(_("Say in a few words what it is."))
    if wanted.kind not in {WORK, REQUEST} or not 0 < len(wanted.token) <= setting.TOKEN_LENGTH:
        raise ValidationError(_("There is no such kind of report."))
    known = unit.reports.filter(token=wanted.token).first()
    if known is not None:
        return known
    return _tell(user, unit, wanted, note, _kept(photo, name) if photo else None)


def _kept(photo: bytes, name: str) -> files.Kept:
    try:
        kept = files.keep(photo, name)
    except FileRefused as refused:
        raise ValidationError(refused.words) from refused
    if not is_picture(kept.mime_type):
        raise ValidationError(_("Only photos go with a report."))
    return kept


@transaction.atomic
def _tell(user: User, unit: Unit, wanted: Report, note: str, kept: files.Kept | None) -> UnitReport:
    stay = _stay(unit)
    row, created = UnitReport.objects.get_or_create(
        unit=unit,
        token=wanted.token,
        defaults={
            "organization_id": unit.organization_id,
            "note": note,
            "reported_at": clock.now(),
            "reported_by": user,
            "reported_name": user.full_name,
            "storage_key": kept.key if kept else "",
            "thumbnail_key": kept.thumbnail_key if kept else "",
        },
    )
    if not created:
        return row
    if kept is not None:
        files.in_use(kept)
    place = setting.place_of(unit)
    if wanted.kind == REQUEST and stay is not None:
        row.request = _request(user, stay, note)
    elif place is not None and ordering.is_possible(place[0]):
        row.work = ordering.order(user, place[0], stay or unit, _order(unit, note, kept))
    elif stay is not None:
        row.request = _request(user, stay, note)
    row.save(update_fields=["request", "work"])
    telling.units([unit], "report")
    return row


def _stay(unit: Unit) -> Reservation | None:
    """Who is in the unit today; of two, who comes."""
    day = reading.today(unit.property, clock.now())
    inside = Reservation.objects.filter(
        unit=unit, status__in=_HERE, arrival_date__lte=day, departure_date__gte=day
    )
    return inside.select_related("connection", "unit").order_by("-arrival_date", "-id").first()


def _request(user: User, stay: Reservation, note: str) -> StayRequest:
    wish = Wish(kind=RequestKind.OTHER, note=note, source=StayRequest.Source.HOUSEKEEPING)
    return requests.ask(user, stay, wish)


def _order(unit: Unit, note: str, kept: files.Kept | None) -> Order:
    link = files.public_link(kept.key, "photo", LINK_S) if kept else ""
    return Order(title=f"{unit.name}: {note}"[:120], description=f"{note}\n\n{link}".strip())


@transaction.atomic
def done(user: User, row: UnitReport) -> None:
    """It is dealt with and leaves the board. Raises PermissionDenied."""
    require(user, Permission.HOUSEKEEPING_READ)
    open_one = UnitReport.objects.filter(pk=row.pk, done_at=None)
    if open_one.update(done_at=clock.now(), done_name=user.full_name):
        telling.units([row.unit], "report")
