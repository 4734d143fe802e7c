"""The legacy generation of reservations: list with filters, read, write."""

from typing import Any

from connectors.sandbox.actions.stays import ActionError, change_dates, change_stay
from connectors.sandbox.records import Change, FieldDef, Json, Stay
from connectors.sandbox.wires.guesty import stay_shapes
from connectors.sandbox.wires.guesty.answers import ACCOUNT_ID, Answer, Call, bare, coded, need_object
from connectors.sandbox.wires.guesty.query import condition, filters, instants, order, page, picked

_DEFAULT = "accountId listingId guestId checkIn checkOut confirmationCode integration listing guest"
_LISTING = "(SELECT coalesce(parent_id, id) FROM Unit WHERE Unit.id = Stay.unit_id)"
_COLUMNS = {
    "_id": "id",
    "lastUpdatedAt": "updated_at",
    "createdAt": "created_at",
    "confirmedAt": "confirmed_at",
    "canceledAt": "cancelled_at",
    "checkIn": "check_in_at",
    "checkOut": "check_out_at",
    "checkInDateLocalized": "arrival",
    "checkOutDateLocalized": "departure",
    "status": "status",
    "source": "source",
    "confirmationCode": "code",
    "listingId": _LISTING,
    "guestId": "guest_id",
    "conversationId": "conversation_id",
    "integration.platform": "platform",
}
_INSTANTS = ("lastUpdatedAt", "createdAt", "confirmedAt", "canceledAt", "checkIn", "checkOut")
_SORTS = {name: _COLUMNS[name] for name in ("_id", "lastUpdatedAt", "createdAt", "checkIn", "checkOut")}


def find(call: Call) -> Answer:
    """`GET /reservations`"""
    limit, skip = page(call)
    where, params = ["1"], list[Any]()
    for name, operator, value in filters(call):
        if name not in _COLUMNS:
            raise coded(400, "BAD_REQUEST", f"can not filter by {name}")
        if name in _INSTANTS and operator != "$exists":
            value = instants(value)  # noqa: PLW2901 - the same value in the form of the store
        sql, values = condition(_COLUMNS[name], operator, value)
        where.append(sql)
        params.extend(values)
    _, down, column = order(call, _SORTS, "_id")
    direction = "DESC" if down else "ASC"
    text = " AND ".join(where)
    stays = call.store.find(
        Stay, text, params, order=f"{column} {direction}, id {direction}", limit=limit, skip=skip
    )
    fields = call.query.get("fields")
    results = [picked(stay_shapes.legacy(call.store, stay), fields, _DEFAULT) for stay in stays]
    count = call.store.count(Stay, text, params)
    return Answer({"results": results, "count": count, "limit": limit, "skip": skip})


def need_stay(call: Call) -> Stay:
    """The stay of the path, read from what writes see. Raises WireError."""
    store = call.store if call.body is None else call.world.store
    stay = store.get(Stay, call.params["id"])
    if stay is None:
        raise bare(404, "Reservation Not Found")
    return stay


def get(call: Call) -> Answer:
    """`GET /reservations/{id}`"""
    return Answer(picked(stay_shapes.legacy(call.store, need_stay(call)), call.query.get("fields"), None))


def put(call: Call) -> Answer:
    """`PUT /reservations/{id}`: `note`, `keyCode` at the top, planned times, custom fields; the rest is ignored."""
    body, stay = need_object(call), need_stay(call)
    values: dict[str, object] = {}
    for name, field in (("note", "note"), ("keyCode", "key_code")):
        if isinstance(body.get(name), str):
            values[field] = body[name]
    if "customFields" in body:
        values["fields"] = merged_fields(call, stay, body["customFields"])
    times: dict[str, object] = {}
    for name, field in (("plannedArrival", "planned_arrival"), ("plannedDeparture", "planned_departure")):
        if isinstance(body.get(name), str):
            times[field] = body[name]
    try:
        with call.world.store.tx():
            change_stay(call.world, stay, by=call.application.name, **values)
            if times:
                change_dates(call.world, stay, call.application.name, times)
    except (ActionError, ValueError) as error:
        raise coded(400, "VALIDATION_ERROR", str(error)) from error
    return Answer(stay_shapes.legacy(call.world.store, stay))


def merged_fields(call: Call, stay: Stay, rows: Any) -> Json:
    """The stay's custom fields with those of a request taken over. Raises WireError."""
    if not isinstance(rows, list):
        raise coded(400, "VALIDATION_ERROR", '"customFields" must be an array')
    fields = dict(stay.fields)
    for row in rows:
        key = row.get("fieldId") if isinstance(row, dict) else None
        known = call.world.store.get(FieldDef, key) if isinstance(key, str) else None
        if known is None or known.target != "reservation":
            raise coded(400, "VALIDATION_ERROR", "Unknown fieldId")
        fields[known.id] = row.get("value")
    return fields


def get_fields(call: Call) -> Answer:
    """`GET /reservations/{id}/custom-fields`"""
    return Answer(stay_shapes.custom_fields(need_stay(call)))


def put_fields(call: Call) -> Answer:
    """`PUT /reservations/{id}/custom-fields`"""
    stay = need_stay(call)
    fields = merged_fields(call, stay, need_object(call).get("customFields"))
    change_stay(call.world, stay, call.application.name, fields=fields)
    return Answer(stay_shapes.custom_fields(stay))


def logs(call: Call) -> Answer:
    """`GET /reservation-logs/{reservationId}`: who changed what, newest first."""
    limit, skip = page(call)
    stay = need_stay(call)
    rows = call.store.find(
        Change, "stay_id = ?", (stay.id,), order="at DESC, id DESC", limit=limit, skip=skip
    )
    results = [
        {
            "_id": row.id,
            "accountId": ACCOUNT_ID,
            "reservationId": stay.id,
            "createdAt": row.at,
            "by": row.by,
            "field": row.name,
            "before": row.old,
            "after": row.new,
        }
        for row in rows
    ]
    count = call.store.count(Change, "stay_id = ?", (stay.id,))
    return Answer({"results": results, "count": count, "limit": limit, "skip": skip})


def balance(call: Call) -> Answer:
    """`GET /accounting-api/reservations/{id}/balance`"""
    stay = call.store.get(Stay, call.params["id"])
    if stay is None:
        raise coded(404, "NOT_FOUND", "Reservation not found")
    due = round(stay.fare + stay.cleaning_fee - stay.paid, 2)
    ledgers = [{"name": "Guest", "balance": due}]
    return Answer({"currency": stay.currency, "balance": due, "ledgers": ledgers})
