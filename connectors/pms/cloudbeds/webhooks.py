"""One webhook → canonical events (https://developers.cloudbeds.com/docs/webhooks-1).

Nothing is signed and everybody can send one: only ids are believed, and what they name is read. The spelling of ids
varies (`reservationID`, `reservationId`, `…_str`), so names are compared without regard to case.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Final

from connectors.contract import wire
from connectors.contract.errors import Unreadable
from connectors.contract.events import CanonicalEvent, Entity, EventKind, ReadHint
from connectors.contract.records import GuestRecord, HousekeepingRecord, ReservationRecord
from connectors.contract.wire import Wire, first, text
from connectors.pms.cloudbeds.stays import Scoped
from connectors.pms.cloudbeds.words import NOT_MIRRORED, STATUSES

_IDS: Final = (
    "propertyid",
    "reservationid",
    "subreservationid",
    "guestid",
    "roomid",
    "roomblockid",
    "roomtypeid",
)
_MILLISECONDS: Final = 1e11
_KEY_LENGTH: Final = 180


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A webhook's body, opened; its names are in lower case. `key` is the same for every delivery of the fact."""

    name: str
    body: Wire
    key: str
    at: datetime | None

    def id_of(self, name: str) -> str:
        return id_of(self.body, name)


def id_of(body: Wire, name: str) -> str:
    """An id as text; its `_str` twin is the surer one, since long numbers may have lost digits."""
    return first(body.get(f"{name}_str"), text(body.get(name)).removesuffix(".0"))


def open_delivery(body: bytes) -> Delivery:
    """Raises Unreadable unless it is a JSON object that names its event."""
    try:
        told = json.loads(body, parse_float=str)
    except (ValueError, RecursionError) as error:
        raise Unreadable(detail="The body is not JSON.") from error
    if not isinstance(told, dict):
        raise Unreadable(detail="The body is not a JSON object.")
    folded: dict[str, Any] = {str(name).lower(): value for name, value in told.items()}
    split = "/".join(wire.texts((folded.get("object"), folded.get("action"))))
    name = first(folded.get("event"), split if "/" in split else "")
    if not name:
        raise Unreadable(detail="The body names no event.")
    stamp = text(folded.get("timestamp"))
    ids = ":".join(id_of(folded, one) for one in _IDS if id_of(folded, one))
    key = f"{name}:{ids}:{stamp or sha256(body).hexdigest()[:32]}"
    return Delivery(
        name=name,
        body=folded,
        key=key if len(key) <= _KEY_LENGTH else sha256(key.encode(errors="replace")).hexdigest(),
        at=_moment(stamp),
    )


def _moment(stamp: str) -> datetime | None:
    """Unix seconds with a fraction; now and then milliseconds."""
    try:
        seconds = float(stamp)
        return datetime.fromtimestamp(seconds / 1000 if seconds > _MILLISECONDS else seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def read_events(delivery: Delivery, property_id: str = "", scoped: Scoped = str) -> list[CanonicalEvent]:
    """What the delivery means. `property_id`: the only one that is ours."""
    about, _, action = delivery.name.lower().partition("/")
    place = delivery.id_of("propertyid")
    if property_id and place and place != property_id:
        return [_ignored(delivery, "Another property.")]
    match about:
        case "reservation":
            return [_reservation(delivery, action, scoped)]
        case "guest":
            return [_guest(delivery, scoped)]
        case "housekeeping":
            return [_housekeeping(delivery, scoped)]
    if about in NOT_MIRRORED:
        state = text(delivery.body.get("newstate"))
        return [
            _ignored(delivery, f"The app is {state} now." if state else "This kind of event is not mirrored.")
        ]
    return [_ignored(delivery, "Unknown kind of event.", {"event": delivery.name})]


def _ignored(delivery: Delivery, reason: str, unknown: Mapping[str, str] | None = None) -> CanonicalEvent:
    return CanonicalEvent(
        kind=EventKind.IGNORED,
        dedupe_key=delivery.key,
        reason=reason,
        unknown=unknown or {},
        occurred_at=delivery.at,
    )


def _reservation(delivery: Delivery, action: str, scoped: Scoped) -> CanonicalEvent:
    remote_id = delivery.id_of("reservationid")
    if not remote_id:
        raise Unreadable(detail="A reservation event without the reservation's id.")
    external_id = scoped(remote_id)
    notes = action == "notes_changed"
    kinds = {"created": EventKind.RESERVATION_CREATED, "notes_changed": EventKind.NOTES_CHANGED}
    return CanonicalEvent(
        kind=kinds.get(action, EventKind.RESERVATION_UPDATED),
        dedupe_key=delivery.key,
        record=ReservationRecord(external_id=external_id, raw=delivery.body),
        needs_read=(ReadHint(entity=Entity.NOTE if notes else Entity.RESERVATION, external_id=external_id),),
        unknown=_unknown_status(delivery, action),
        version=wire.version_of(delivery.at),
        occurred_at=delivery.at,
        told=_told(delivery, action),
    )


def _unknown_status(delivery: Delivery, action: str) -> dict[str, str]:
    status = text(delivery.body.get("status"))
    known = not status or status.lower() in STATUSES
    return {} if known or action != "status_changed" else {"status": status}


def _told(delivery: Delivery, action: str) -> dict[str, str]:
    """What it claims, to be compared with what is read. *Confirmed* proves nothing: it is also said while a guest is
    being checked in."""
    if action == "dates_changed":
        days = {"arrival_date": "startdate", "departure_date": "enddate"}
        told = {ours: wire.local_date(delivery.body.get(theirs)) for ours, theirs in days.items()}
        return {field: day.isoformat() for field, day in told.items() if day is not None}
    status = text(delivery.body.get("status")).lower()
    if action != "status_changed" or status not in STATUSES or status == "confirmed":
        return {}
    return {"status": STATUSES[status].value}


def _guest(delivery: Delivery, scoped: Scoped) -> CanonicalEvent:
    """Through its reservation, which tells the main guest, where one is named."""
    stay_id, guest_id = delivery.id_of("reservationid"), delivery.id_of("guestid")
    if not stay_id and not guest_id:
        raise Unreadable(detail="A guest event without the id of a guest or a reservation.")
    hint = (
        ReadHint(entity=Entity.RESERVATION, external_id=scoped(stay_id))
        if stay_id
        else ReadHint(entity=Entity.GUEST, external_id=scoped(guest_id))
    )
    return CanonicalEvent(
        kind=EventKind.GUEST_UPDATED,
        dedupe_key=delivery.key,
        record=GuestRecord(external_id=scoped(guest_id), raw=delivery.body) if guest_id else None,
        needs_read=(hint,),
        version=wire.version_of(delivery.at),
        occurred_at=delivery.at,
    )


def _housekeeping(delivery: Delivery, scoped: Scoped) -> CanonicalEvent:
    room_id = delivery.id_of("roomid")
    if not room_id:
        return _ignored(delivery, "It names no room.")
    return CanonicalEvent(
        kind=EventKind.HOUSEKEEPING_CHANGED,
        dedupe_key=delivery.key,
        record=HousekeepingRecord(external_id=scoped(room_id), raw=delivery.body),
        needs_read=(ReadHint(entity=Entity.HOUSEKEEPING, external_id=scoped(room_id)),),
        occurred_at=delivery.at,
    )
