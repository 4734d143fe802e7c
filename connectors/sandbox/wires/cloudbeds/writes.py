"""Changing reservations, checking rooms in and out."""

import re

from connectors.sandbox.actions import hotel
from connectors.sandbox.actions.stays import ActionError, change_stay
from connectors.sandbox.records import FieldDef, Json, Stay, Unit
from connectors.sandbox.wires.cloudbeds.answers import BY, Call, Refusal, day, need_stay, no_card, ok
from connectors.sandbox.wires.cloudbeds.shapes import full

_CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d")
_FIELDS = (
    "reservationID",
    "estimatedArrivalTime",
    "status",
    "checkoutDate",
    "customFields",
    "rooms",
    "dateCreated",
    "allotmentBlockCode",
    "eventCode",
    "sendStatusChangeEmail",
)
_ROOM_FIELDS = ("roomTypeID", "checkinDate", "checkoutDate", "adults", "children")


def put(call: Call) -> Json:
    """`PUT /putReservation`: what is sent is set; a status mails the guest only if `sendStatusChangeEmail` says so."""
    place = call.place()
    call.only(*_FIELDS)
    stay = need_stay(call, call.world.store, place)
    at, status = call.said("estimatedArrivalTime"), call.said("status")
    if at is not None and not _CLOCK.fullmatch(at):
        raise Refusal('Invalid parameter format, "estimatedArrivalTime" is HH:MM')
    if status is not None and status not in hotel.STATUSES:
        raise Refusal('Invalid parameter format, "status"')
    mails, leaving = call.flag("sendStatusChangeEmail"), call.said("checkoutDate")
    values = custom_values(call, "customFields", "reservation")
    with call.world.store.tx():
        if at is not None:
            change_stay(call.world, stay, BY, planned_arrival=at)
        if leaving is not None:
            hotel.redate(call.world, stay, BY, None, day(leaving, "checkoutDate"))
        if rows := call.rows("rooms"):
            hotel.set_rooms(call.world, stay, BY, [_room(call, stay, row) for row in rows])
        if values:
            change_stay(call.world, stay, BY, fields=stay.fields | values)
        if status is not None and status != stay.status:
            hotel.set_status(call.world, stay, BY, status, mails=mails)
    return ok(full(call.world.store, stay))


def custom_values(call: Call, name: str, target: str) -> Json:
    """Custom field values by shortcode. Raises Refusal for unknown ones, too long ones and card numbers."""
    known = {row.key: row for row in call.world.store.find(FieldDef, "target = ?", (target,))}
    values: Json = {}
    for row in call.rows(name):
        key, value = str(row.get("customFieldName")), str(row.get("customFieldValue") or "")
        if key not in known:
            raise Refusal(f"Custom field {key} not found")
        if len(value) > known[key].extra["max"]:
            raise Refusal(f"Custom field {key} is too long")
        no_card(value, key)
        values[key] = value
    return values


def _room(call: Call, stay: Stay, row: Json) -> Json:
    """One room of the reservation with another type, other dates or people. Raises Refusal."""
    if missing := [name for name in _ROOM_FIELDS if name not in row]:
        raise Refusal(f'Please specify "rooms[{missing[0]}]" parameter for this call')
    sub = str(row.get("subReservationID") or stay.rooms[0]["sub"])
    old = next((item for item in stay.rooms if item["sub"] == sub), None)
    room_type = call.world.store.get(Unit, str(row["roomTypeID"]))
    if old is None or room_type is None or room_type.parent_id is not None:
        raise Refusal("Room not found")
    people = {name: _people(row, name) for name in ("adults", "children")}
    dates = {"start": day(row["checkinDate"], "checkinDate"), "end": day(row["checkoutDate"], "checkoutDate")}
    place = {} if old["type"] == room_type.id else {"room": None}
    return old | people | dates | place | {"type": room_type.id, "nightly": room_type.nightly}


def _people(row: Json, name: str) -> int:
    if not str(row[name]).isdigit():
        raise Refusal(f'Invalid parameter format, "{name}" is a number')
    return int(row[name])


def check_in(call: Call) -> Json:
    """`POST /postRoomCheckIn`"""
    stay, subs = _chosen(call)
    hotel.check_in(call.world, stay, BY, subs)
    return {"success": True}


def check_out(call: Call) -> Json:
    """`POST /postRoomCheckOut`"""
    stay, subs = _chosen(call)
    hotel.check_out(call.world, stay, BY, subs)
    return {"success": True}


def _chosen(call: Call) -> tuple[Stay, list[str]]:
    """The rooms that are named by sub-reservation or by room; all of them if none is. Raises Refusal."""
    place = call.place()
    call.only("reservationID", "subReservationID", "roomID")
    stay = need_stay(call, call.world.store, place)
    sub, room = call.said("subReservationID"), call.said("roomID")
    if sub is not None:
        room = None
    subs = [row["sub"] for row in stay.rooms if sub in (None, row["sub"]) and room in (None, row["room"])]
    if not subs:
        raise ActionError("Room not found in this reservation")
    return stay, subs
