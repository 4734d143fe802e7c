"""Listings and complexes."""

from typing import Any

from connectors.sandbox.records import FieldDef, Property, Unit
from connectors.sandbox.store import Store
from connectors.sandbox.wires.guesty.answers import ACCOUNT_ID, Answer, Call, coded, need_object
from connectors.sandbox.wires.guesty.query import order, page, picked

_DEFAULT = "nickname title type active isListed address timezone accommodates"
_SORTS = {"title": "title", "nickname": "name", "_id": "id"}
_FLAGS = {"active": "active", "pmsActive": "active", "listed": "active"}


def listing(store: Store, unit: Unit) -> dict[str, Any]:
    """A unit as the API shows it."""
    place = store.need(Property, unit.property_id)
    return {
        "_id": unit.id,
        "accountId": ACCOUNT_ID,
        "nickname": unit.name,
        "title": unit.title,
        "type": unit.kind,
        "mtl": {"p": unit.parent_id} if unit.parent_id else None,
        "timezone": place.timezone,
        "address": place.address,
        "defaultCheckInTime": unit.check_in_time,
        "defaultCheckOutTime": unit.check_out_time,
        "accommodates": unit.sleeps,
        "active": unit.active,
        "isListed": unit.active and unit.kind != "MTL_CHILD",
        "cleaningStatus": {"value": unit.cleaning},
        "tags": unit.tags,
        "customFields": custom_fields(unit),
    }


def custom_fields(unit: Unit) -> list[dict[str, Any]]:
    """The values of the listing's custom fields."""
    return [{"fieldId": key, "value": value} for key, value in unit.fields.items()]


def find(call: Call) -> Answer:
    """`GET /listings`"""
    limit, skip = page(call)
    where, params = ["1"], list[Any]()
    for name, column in _FLAGS.items():
        if name in call.query:
            where.append(f"{column} = ?")
            params.append(int(call.query[name].lower() == "true"))
    for name, negation in (("ids", ""), ("nids", "NOT ")):
        if ids := [part.strip() for part in call.query.get(name, "").split(",") if part.strip()]:
            where.append(f"id {negation}IN ({', '.join('?' for _ in ids)})")
            params.extend(ids)
    if wanted := call.query.get("q"):
        where.append("instr(lower(title || ' ' || name), lower(?)) > 0")
        params.append(wanted)
    _, down, column = order(call, _SORTS, "title")
    condition = " AND ".join(where)
    units = call.store.find(
        Unit, condition, params, order=f"{column} {'DESC' if down else 'ASC'}, id", limit=limit, skip=skip
    )
    fields = call.query.get("fields")
    results = [picked(listing(call.store, unit), fields, _DEFAULT) for unit in units]
    return Answer(
        {"results": results, "count": call.store.count(Unit, condition, params), "limit": limit, "skip": skip}
    )


def _unit(call: Call) -> Unit:
    unit = call.store.get(Unit, call.params["id"])
    if unit is None:
        raise coded(404, "NOT_FOUND", "Listing not found")
    return unit


def get(call: Call) -> Answer:
    """`GET /listings/{id}`"""
    return Answer(picked(listing(call.store, _unit(call)), call.query.get("fields"), None))


def get_fields(call: Call) -> Answer:
    """`GET /listings/{id}/custom-fields`"""
    return Answer(custom_fields(_unit(call)))


def put_fields(call: Call) -> Answer:
    """`PUT /listings/{id}/custom-fields`"""
    unit = _unit(call)
    for row in need_object(call).get("customFields") or []:
        if call.world.store.get(FieldDef, row.get("fieldId")) is None:
            raise coded(400, "VALIDATION_ERROR", "Unknown fieldId")
        unit.fields[row["fieldId"]] = row.get("value")
    call.world.store.put(unit)
    return Answer(custom_fields(unit))


def complexes(call: Call) -> Answer:
    """`GET /properties-api/complexes`: which listings belong together."""
    limit, skip = page(call)
    results = []
    for place in call.store.find(Property, order="name", limit=limit, skip=skip):
        units = call.store.find(Unit, "property_id = ?", (place.id,), order="name")
        results.append(
            {
                "_id": place.id,
                "accountId": ACCOUNT_ID,
                "name": place.name,
                "address": place.address,
                "timezone": place.timezone,
                "listingIds": [unit.id for unit in units],
            }
        )
    return Answer({"results": results, "count": call.store.count(Property), "limit": limit, "skip": skip})
