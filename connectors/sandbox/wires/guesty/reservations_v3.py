"""The v3 generation of reservations."""

import re
from datetime import date
from typing import Any

from connectors.sandbox.actions.stays import (
    CHANNELS,
    ActionError,
    change_dates,
    change_stay,
    set_presence,
    set_status,
)
from connectors.sandbox.records import Json, Stay
from connectors.sandbox.wires.guesty import stay_shapes
from connectors.sandbox.wires.guesty.answers import Answer, Call, WireError, need_object, nest, only
from connectors.sandbox.wires.guesty.query import condition, instants, order, page
from connectors.sandbox.wires.guesty.reservations import merged_fields

STATUSES = (
    "confirmed",
    "reserved",
    "awaiting_payment",
    "inquiry",
    "canceled",
    "closed",
    "declined",
    "expired",
)
_BY = ("OWNER", "GUEST", "TEAM_MEMBER", "HOST")
_PRESENCES = ("not_set", "checked_in", "checked_out", "no_show")
_MAX_IDS = 10
_COLUMNS = {
    "_id": "id",
    "status": "status",
    "listingId": "(SELECT coalesce(parent_id, id) FROM Unit WHERE Unit.id = Stay.unit_id)",
    "confirmationCode": "code",
    "source": "source",
    "checkIn": "check_in_at",
    "checkOut": "check_out_at",
    "createdAt": "created_at",
}
_FILTERS = ("status", "listingId", "confirmationCode", "source", "checkIn", "checkOut", "createdAt")
_INSTANTS = ("checkIn", "checkOut", "createdAt")
_SORTS = {name: _COLUMNS[name] for name in ("_id", "checkIn", "checkOut", "createdAt")}
_FILTER = re.compile(r"filter\[(\w+)\](?:\[\$?(\w+)\])?(\[\d*\])?$")
_TIME = re.compile(r"([01]?\d|2[0-3]):[0-5]\d")
_DATE_KEYS = (
    "checkInDateLocalized",
    "checkOutDateLocalized",
    "plannedArrival",
    "plannedDeparture",
    "earlyCheckIn",
    "lateCheckOut",
    "applyRecalculation",
    "ignoreCalendar",
    "ignoreTerms",
    "ignoreBlocks",
)
_NOTE_KEYS = ("other", "cleaning", "guest", "specialRequests", "keyCode", "doneBy")


def bad(message: str, status: int = 400) -> WireError:
    """The error of the v3 services."""
    return nest(status, message, "Bad Request" if status == 400 else "Unprocessable Entity")


def by_ids(call: Call) -> Answer:
    """`GET /reservations-v3?reservationIds[]=...`: a bare array; ids that nobody has are missing from it."""
    ids = [value for key, value in call.query.multi_items() if key.split("[")[0] == "reservationIds"]
    if not 1 <= len(ids) <= _MAX_IDS:
        raise bad("reservationIds must contain between 1 and 10 ids")
    stays = [stay for key in ids if (stay := call.store.get(Stay, key))]
    return Answer([stay_shapes.v3(call.store, stay) for stay in stays])


def search(call: Call) -> Answer:
    """`GET /reservations-v3/search`"""
    limit, skip = page(call)
    where, params = ["1"], list[Any]()
    for (name, operator), values in _wanted(call).items():
        value: Any = values if operator in ("in", "nin", "between") else values[0]
        if name in _INSTANTS:
            value = instants(value, _fail)
        sql, found = condition(_COLUMNS[name], f"${operator}", value, _fail)
        where.append(sql)
        params.extend(found)
    _, down, column = order(call, _SORTS, "-_id", _fail)
    direction = "DESC" if down else "ASC"
    stays = call.store.find(
        Stay,
        " AND ".join(where),
        params,
        order=f"{column} {direction}, id {direction}",
        limit=limit + 1,
        skip=skip,
    )
    results = [stay_shapes.v3(call.store, stay) for stay in stays[:limit]]
    return Answer(
        {"results": results, "pagination": {"limit": limit, "skip": skip, "hasMore": len(stays) > limit}}
    )


def _fail(status: int, message: str) -> WireError:
    return bad(message, status)


def _wanted(call: Call) -> dict[tuple[str, str], list[str]]:
    wanted: dict[tuple[str, str], list[str]] = {}
    for key, value in call.query.multi_items():
        if not key.startswith("filter"):
            continue
        match = _FILTER.match(key)
        if match is None or match[1] not in _FILTERS:
            raise bad(f"{key} is not a known filter")
        operator = match[2] or "eq"
        parts = value.split(",") if operator in ("in", "nin", "between") else [value]
        wanted.setdefault((match[1], operator), []).extend(parts)
    return wanted


def _stay(call: Call, key: str | None = None) -> Stay:
    stay = call.world.store.get(Stay, key or call.params["id"])
    if stay is None:
        raise nest(404, "Reservation Not Found", "Not Found")
    return stay


def put_notes(call: Call) -> Answer:
    """`PUT /reservations-v3/{id}/notes`: 404 for what wasn't made in v3."""
    stay, body = _stay(call), need_object(call)
    notes = body.get("notes")
    if not isinstance(notes, dict):
        raise bad("notes should not be empty")
    only(body, "notes")
    only(notes, *_NOTE_KEYS)
    if stay.made_in != "v3":
        raise nest(404, "Reservation Not Found", "Not Found")
    texts = {name: str(value) for name, value in notes.items() if name not in ("keyCode", "doneBy")}
    values: dict[str, object] = {"notes": stay.notes | texts}
    if "keyCode" in notes:
        values["key_code"] = str(notes["keyCode"])
    change_stay(call.world, stay, call.application.name, **values)
    shown = stay_shapes.v3(call.world.store, stay)["notes"]
    return Answer({"reservationId": stay.id, "money": stay_shapes.money(stay), "notes": shown})


def put_dates(call: Call) -> Answer:
    """`PUT /reservations-v3/{id}/dates`: dates, planned times, early and late flags."""
    stay, body = _stay(call), need_object(call)
    only(body, *_DATE_KEYS)
    values: dict[str, object] = {}
    for name in ("applyRecalculation", "ignoreCalendar", "ignoreTerms", "ignoreBlocks"):
        if name in body and not isinstance(body[name], bool):
            raise bad(f"{name} must be a boolean value")
    for name, field in (("checkInDateLocalized", "arrival"), ("checkOutDateLocalized", "departure")):
        if name in body:
            values[field] = _date(name, body[name])
    for name, field in (("plannedArrival", "planned_arrival"), ("plannedDeparture", "planned_departure")):
        if name in body:
            values[field] = _time(name, body[name])
    for name, field in (("earlyCheckIn", "early_check_in"), ("lateCheckOut", "late_check_out")):
        if name in body:
            values[field] = bool(body[name]) or isinstance(body[name], dict)
    moved = any(getattr(stay, name) != values[name] for name in ("arrival", "departure") if name in values)
    if moved and stay.platform in CHANNELS:
        raise bad("Dates of a channel reservation are changed on the channel", 422)
    try:
        change_dates(call.world, stay, call.application.name, values)
    except ActionError as error:
        raise bad(str(error), 422) from error
    return Answer(
        {
            "reservationId": stay.id,
            "money": stay_shapes.money(stay),
            "creationTime": stay.created_at,
            "checkInDate": stay.check_in_at,
            "checkOutDate": stay.check_out_at,
        }
    )


def _date(name: str, value: Any) -> str:
    try:
        return date.fromisoformat(str(value)).isoformat()
    except ValueError:
        raise bad(f"{name} must be formatted as YYYY-MM-DD") from None


def _time(name: str, value: Any) -> str:
    if not isinstance(value, str) or not _TIME.fullmatch(value):
        raise bad(f"{name} must be formatted as HH:mm")
    return value


def put_guest_stay(call: Call) -> Answer:
    """`PUT /reservations-v3/guest-stay`"""
    body = need_object(call)
    only(body, "reservationId", "status")
    if body.get("status") not in _PRESENCES:
        raise bad(f"status must be one of {', '.join(_PRESENCES)}")
    stay = _stay(call, str(body.get("reservationId")))
    set_presence(call.world, stay, call.application.name, body["status"])
    return Answer(stay_shapes.v3(call.world.store, stay)["guestStay"] | {"reservationId": stay.id})


def put_status(call: Call) -> Answer:
    """`PUT /reservations-v3/{id}/status`"""
    stay, body = _stay(call), need_object(call)
    only(body, "status", "canceledBy", "cancellationReason")
    if body.get("status") not in STATUSES:
        raise bad(f"status must be one of {', '.join(STATUSES)}", 422)
    who = body.get("canceledBy", "TEAM_MEMBER")
    if who not in _BY:
        raise bad(f"canceledBy must be one of {', '.join(_BY)}", 422)
    reason = str(body.get("cancellationReason", ""))
    set_status(call.world, stay, call.application.name, body["status"], who, reason)
    return Answer(_status_answer(stay))


def approve(call: Call) -> Answer:
    """`POST /reservations-v3/{id}/approve`"""
    return _turn(call, "confirmed")


def pre_approve(call: Call) -> Answer:
    """`POST /reservations-v3/{id}/pre-approve`"""
    return _turn(call, "reserved")


def decline(call: Call) -> Answer:
    """`POST /reservations-v3/{id}/decline`"""
    return _turn(call, "declined")


def request_cancellation(call: Call) -> Answer:
    """`POST /reservations-v3/{id}/request-cancellation`"""
    return _turn(call, "canceled")


def _turn(call: Call, status: str) -> Answer:
    stay = _stay(call)
    set_status(call.world, stay, call.application.name, status)
    return Answer(_status_answer(stay))


def _status_answer(stay: Stay) -> Json:
    return {"reservationId": stay.id, "money": stay_shapes.money(stay), "status": stay.status}


def get_fields(call: Call) -> Answer:
    """`GET /reservations-v3/{id}/custom-fields`"""
    stay = call.store.get(Stay, call.params["id"])
    if stay is None:
        raise nest(404, "Reservation Not Found", "Not Found")
    return Answer(_fields_answer(stay))


def put_fields(call: Call) -> Answer:
    """`PUT /reservations-v3/{id}/custom-fields`"""
    stay, body = _stay(call), need_object(call)
    only(body, "customFields")
    fields = merged_fields(call, stay, body.get("customFields"))
    change_stay(call.world, stay, call.application.name, fields=fields)
    return Answer(_fields_answer(stay))


def delete_fields(call: Call) -> Answer:
    """`DELETE /reservations-v3/{id}/custom-fields`"""
    stay = _stay(call)
    change_stay(call.world, stay, call.application.name, fields={})
    return Answer(_fields_answer(stay))


def _fields_answer(stay: Stay) -> Json:
    return {"reservationId": stay.id, "customFields": stay_shapes.custom_fields(stay)}
