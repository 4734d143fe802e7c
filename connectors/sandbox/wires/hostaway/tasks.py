"""Tasks: cleanings and work orders. Nothing is pushed; whoever wants to know polls."""

from typing import Any
from zoneinfo import ZoneInfo

from connectors.sandbox.actions.people import save_task
from connectors.sandbox.clock import parse_iso
from connectors.sandbox.records import Json, Property, Staff, Stay, Task, Unit
from connectors.sandbox.wires.hostaway.account import GROUPS
from connectors.sandbox.wires.hostaway.answers import (
    Call,
    Fail,
    listed,
    moment,
    need_object,
    number,
    ok,
    window,
)
from connectors.sandbox.wires.hostaway.stay_shapes import listing_of

STATUSES = ("pending", "confirmed", "inProgress", "completed", "cancelled")
EVENTS = ("arrival", "departure", "previousArrival", "previousDeparture")
CATEGORIES = range(1, 7)
_STAMPS = {"confirmed": "confirmedAt", "inProgress": "startedAt", "completed": "completedAt"}
_BLANK: Json = {
    "channelId": None,
    "autoTaskId": None,
    "assigneeUserId": None,
    "canBePickedByGroupId": None,
    "supervisorUserId": None,
    "createdByUserId": None,
    "isUpdatedManually": 0,
    "checklistTemplateId": None,
    "reservationUnitId": None,
    "description": None,
    "canStartFrom": None,
    "canStartFromEvent": None,
    "canStartFromEventDelta": None,
    "shouldEndBy": None,
    "shouldEndByEvent": None,
    "shouldEndByEventDelta": None,
    "resolutionNote": None,
    "feedbackScore": None,
    "feedbackNote": None,
    "startedAt": None,
    "confirmedAt": None,
    "completedAt": None,
    "priority": None,
    "cost": None,
    "costCurrency": None,
    "costDescription": None,
    "color": None,
    "expense": None,
    "rank": 0,
    "checklistItems": [],
    "customFieldValue": [],
    "categoriesMap": None,
}
_READ_ONLY = ("id", "canStartFromListingTime", "shouldEndByListingTime", "listingMapId", "reservationId")
_TIMES = ("canStartFrom", "shouldEndBy")
_EQUAL = {
    "reservationId": "stay_id = ?",
    "status": "status = ?",
    "channelId": "CAST(json_extract(extra, '$.channelId') AS TEXT) = ?",
    "canStartFromEvent": "json_extract(extra, '$.canStartFromEvent') = ?",
    "shouldEndByEvent": "json_extract(extra, '$.shouldEndByEvent') = ?",
    "match": "instr(lower(title), lower(?)) > 0",
    "canStartFromStart": "substr(json_extract(extra, '$.canStartFrom'), 1, 10) >= ?",
    "canStartFromEnd": "substr(json_extract(extra, '$.canStartFrom'), 1, 10) <= ?",
    "shouldEndByStart": "substr(json_extract(extra, '$.shouldEndBy'), 1, 10) >= ?",
    "shouldEndByEnd": "substr(json_extract(extra, '$.shouldEndBy'), 1, 10) <= ?",
}


def find(call: Call) -> Json:
    """`GET /tasks`, newest first."""
    where, params = ["1"], list[Any]()
    for name, condition in _EQUAL.items():
        if value := call.query.get(name):
            where.append(condition)
            params.append(value)
    text, part = " AND ".join(where), window(call)
    order = "CAST(id AS INTEGER) DESC"
    rows = call.store.find(Task, text, params, order=order, limit=part.limit, skip=part.offset)
    return listed(part, [shape(call, row) for row in rows], call.store.count(Task, text, params))


def get(call: Call) -> Json:
    """`GET /tasks/{id}`"""
    return ok(shape(call, call.store.need(Task, str(call.params["id"]))))


def create(call: Call) -> Json:
    """`POST /tasks`: the title is required."""
    body = need_object(call)
    if not isinstance(body.get("title"), str) or not body["title"]:
        raise Fail(400, "title is required")
    row = Task(call.world.new_id("task"), "", None, "pending", "medium", None, None, call.now, call.now)
    return _written(call, row, body, "created")


def put(call: Call) -> Json:
    """`PUT /tasks/{id}`: what is named is set."""
    row = call.world.store.need(Task, str(call.params["id"]))
    return _written(call, row, need_object(call), "updated")


def delete(call: Call) -> Json:
    """`DELETE /tasks/{id}`"""
    row = call.world.store.need(Task, str(call.params["id"]))
    save_task(call.world, row, "deleted", "API")
    return ok([])


def _written(call: Call, row: Task, body: Json, verb: str) -> Json:
    _check(call, body)
    status = body.get("status", row.status)
    if status != row.status and (stamp := _STAMPS.get(status)):
        row.extra[stamp] = moment(call.now)
    row.title, row.status, row.updated_at = body.get("title", row.title), status, call.now
    if "listingMapId" in body:
        row.unit_id = None if body["listingMapId"] is None else str(body["listingMapId"])
    if "reservationId" in body:
        row.stay_id = None if body["reservationId"] is None else str(body["reservationId"])
    row.extra |= {name: body[name] for name in _BLANK if name in body}
    save_task(call.world, row, verb, "API")
    return ok(shape(call, row))


def _check(call: Call, body: Json) -> None:
    """Raises Fail for what can't be."""
    if unknown := sorted(set(body) - {*_BLANK, *_READ_ONLY, "title", "status"}):
        raise Fail(400, f"Unknown property {unknown[0]}")
    if body.get("status", "pending") not in STATUSES:
        raise Fail(400, f"status must be one of {', '.join(STATUSES)}")
    if not isinstance(body.get("title", "x"), str):
        raise Fail(400, "title must be a string")
    for name in ("assigneeUserId", "supervisorUserId"):
        if body.get(name) is not None and call.world.store.get(Staff, str(body[name])) is None:
            raise Fail(400, f"{name} is unknown")
    if body.get("canBePickedByGroupId") not in (None, *(key for key, _ in GROUPS)):
        raise Fail(400, "canBePickedByGroupId is unknown")
    for name, kind in (("listingMapId", Unit), ("reservationId", Stay)):
        if body.get(name) is not None and call.world.store.get(kind, str(body[name])) is None:
            raise Fail(400, f"{name} is unknown")
    _check_listing(call, body)
    categories = body.get("categoriesMap") or []
    if not isinstance(categories, list) or not all(item in CATEGORIES for item in categories):
        raise Fail(400, "categoriesMap must be an array of 1 to 6")
    for name in _TIMES:
        _check_time(name, body.get(name))


def _check_listing(call: Call, body: Json) -> None:
    """An archived listing takes no tasks."""
    store = call.world.store
    stay = store.get(Stay, str(body.get("reservationId")))
    listing = listing_of(store, stay)[0] if stay else store.get(Unit, str(body.get("listingMapId")))
    if listing and listing.extra.get("specialStatus") == "archived":
        raise Fail(400, "The listing is archived")


def _check_time(name: str, value: object) -> None:
    try:
        if value is not None:
            parse_iso(str(value))
    except ValueError:
        raise Fail(400, f"{name} must be YYYY-MM-DD HH:MM:SS") from None


def shape(call: Call, row: Task) -> Json:
    """A task; `…ListingTime` is the same moment on the listing's clock."""
    value: Json = {
        "id": int(row.id),
        "title": row.title,
        "status": row.status,
        "listingMapId": number(row.unit_id),
        "reservationId": number(row.stay_id),
    }
    value |= _BLANK | row.extra
    for name in _TIMES:
        value[f"{name}ListingTime"] = _local(call, row, value[name])
    return value


def _local(call: Call, row: Task, text: str | None) -> str | None:
    unit = call.store.get(Unit, row.unit_id)
    if text is None or unit is None:
        return text
    zone = ZoneInfo(call.store.need(Property, unit.property_id).timezone)
    return parse_iso(text).astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")
