"""Listings and the units of those that have several."""

from connectors.sandbox.records import Json, Property, Unit
from connectors.sandbox.store import MissingError
from connectors.sandbox.wires.hostaway.answers import ACCOUNT_ID, Call, Fail, listed, ok, window

_TOP = "parent_id IS NULL"
_SORTS = {
    "": "CAST(id AS INTEGER)",
    "order": "CAST(id AS INTEGER)",
    "orderReversed": "CAST(id AS INTEGER) DESC",
    "name": "name",
    "nameReversed": "name DESC",
    "contactName": "id",
    "contactNameReversed": "id DESC",
    "latestActivity": "id",
    "latestActivityDesc": "id DESC",
}


def find(call: Call) -> Json:
    """`GET /listings`; archived ones are among them."""
    order = call.query.get("sortOrder", "")
    if order not in _SORTS:
        raise Fail(400, f"sortOrder {order} is not supported")
    where, params = _TOP, []
    if name := call.query.get("match"):
        where, params = f"{where} AND instr(lower(name), lower(?)) > 0", [name]
    part = window(call)
    rows = call.store.find(Unit, where, params, order=_SORTS[order], limit=part.limit, skip=part.offset)
    shapes = [shape(call, row, resources=call.flag("includeResources")) for row in rows]
    return listed(part, shapes, call.store.count(Unit, where, params))


def get(call: Call) -> Json:
    """`GET /listings/{id}`"""
    return ok(shape(call, _need(call), resources=True))


def units(call: Call) -> Json:
    """`GET /listingUnits/{listingMapId}`: empty where the listing is one unit."""
    listing = _need(call)
    rows = call.store.find(Unit, "parent_id = ?", (listing.id,), order="CAST(id AS INTEGER)")
    return ok(
        [
            {
                "id": int(row.id),
                "name": row.title,
                "ground": row.extra.get("ground"),
                "unitNumber": row.extra.get("unitNumber"),
                "listingMapIdUnit": int(listing.id),
            }
            for row in rows
        ]
    )


def _need(call: Call) -> Unit:
    row = call.store.need(Unit, str(call.params["id"]))
    if row.parent_id:
        raise MissingError(f"{row.id} is no listing")
    return row


def shape(call: Call, row: Unit, *, resources: bool) -> Json:
    """A listing: `name` is for guests, `internalListingName` for staff."""
    place = call.store.need(Property, row.property_id)
    address = place.address
    value: Json = {
        "id": int(row.id),
        "accountId": ACCOUNT_ID,
        "name": row.title,
        "externalListingName": row.title,
        "internalListingName": row.name,
        "address": address["full"],
        "publicAddress": address["full"],
        "country": address["country"],
        "countryCode": address["code"],
        "state": address.get("state"),
        "city": address["city"],
        "street": address["street"],
        "zipcode": address["zipcode"],
        "lat": address["lat"],
        "lng": address["lng"],
        "timeZoneName": place.timezone,
        "price": row.nightly,
        "currencyCode": row.currency,
        "personCapacity": row.sleeps,
        "checkInTimeStart": int(row.check_in_time[:2]),
        "checkInTimeEnd": row.extra.get("checkInTimeEnd", 22),
        "checkOutTime": int(row.check_out_time[:2]),
        "doorSecurityCode": row.extra.get("doorSecurityCode"),
        "wifiUsername": row.extra.get("wifiUsername"),
        "wifiPassword": row.extra.get("wifiPassword"),
        "cleaningInstruction": row.extra.get("cleaningInstruction"),
        "specialStatus": row.extra.get("specialStatus"),
    }
    if resources:
        fields = row.fields.items()
        value["customFieldValues"] = [{"customFieldId": int(key), "value": text} for key, text in fields]
    return value
