"""People, custom fields, message templates and charges of the account."""

import json
from typing import Any

from connectors.sandbox.records import FieldDef, Guest, Json, SavedReply, Staff, Stay
from connectors.sandbox.wires.hostaway.answers import ACCOUNT_ID, Call, Fail, listed, need_object, ok, window
from connectors.sandbox.wires.hostaway.stay_shapes import listing_of, total

_FIELD_KINDS = ("text", "textarea", "number", "dropdown")
_FIELD_TARGETS = ("reservation", "listing", "task")
GROUPS = ((41, "Housekeeping"), (42, "Maintenance"))


def users(call: Call) -> Json:
    """`GET /users`"""
    rows = call.store.find(Staff)
    return ok(
        [
            {
                "id": int(row.id),
                "accountId": ACCOUNT_ID,
                "firstName": row.first_name,
                "lastName": row.last_name,
                "email": row.email,
                "phone": None,
                "isActive": 1,
            }
            for row in rows
        ],
        count=len(rows),
    )


def user_groups(call: Call) -> Json:
    """`GET /userGroups`: groups of users, not of listings."""
    staff = call.store.find(Staff)
    shapes = [
        {
            "id": key,
            "accountId": ACCOUNT_ID,
            "name": name,
            "users": [int(row.id) for row in staff if row.title == name],
        }
        for key, name in GROUPS
    ]
    return ok(shapes, count=len(shapes))


def custom_fields(call: Call) -> Json:
    """`GET /customFields`"""
    where, params = "1", list[Any]()
    if target := call.query.get("objectType"):
        where, params = "target = ?", [target]
    part = window(call)
    rows = call.store.find(FieldDef, where, params, limit=part.limit, skip=part.offset)
    return listed(part, [_field(row) for row in rows], call.store.count(FieldDef, where, params))


def _field(row: FieldDef) -> Json:
    return {
        "id": int(row.id),
        "accountId": ACCOUNT_ID,
        "name": row.name,
        "varName": row.key,
        "possibleValues": json.dumps(row.options) if row.options else None,
        "type": row.kind,
        "objectType": row.target,
        "isPublic": 1,
        "sortOrder": 1,
    }


def add_custom_field(call: Call) -> Json:
    """`POST /customFields`"""
    body = need_object(call)
    name, kind, target = body.get("name"), body.get("type", "text"), body.get("objectType")
    if not isinstance(name, str) or not name or kind not in _FIELD_KINDS or target not in _FIELD_TARGETS:
        raise Fail(400, "name, type and objectType are required")
    key = call.world.new_id("field")
    row = FieldDef(key, f"{target}_{key}", name, str(kind), str(target))
    call.world.store.put(row)
    return ok(_field(row))


def templates(call: Call) -> Json:
    """`GET /messageTemplates`: with `reservationId` the placeholders are filled in."""
    key = call.whole("reservationId")
    return _templates(call, call.store.need(Stay, str(key)) if key is not None else None)


def templates_of_stay(call: Call) -> Json:
    """`GET /reservations/{id}/messageTemplates`"""
    return _templates(call, call.store.need(Stay, str(call.params["id"])))


def _templates(call: Call, stay: Stay | None) -> Json:
    return ok([_template(call, row, stay) for row in call.store.find(SavedReply)])


def _template(call: Call, row: SavedReply, stay: Stay | None) -> Json:
    text = row.answer
    if stay:
        guest = call.store.need(Guest, stay.guest_id)
        listing, _ = listing_of(call.store, stay)
        for name, value in (("guest_name", guest.full_name), ("listing_name", listing.title)):
            text = text.replace("{{" + name + "}}", value)
    return {
        "id": int(row.id),
        "accountId": ACCOUNT_ID,
        "listingMapId": None,
        "channelId": None,
        "messageTemplateGroupId": "1",
        "name": row.question,
        "description": row.question,
        "message": text,
        "color": "1",
    }


def charges(call: Call) -> Json:
    """`GET /guestPayments/charges`: one for what was paid, one for what is owed."""
    where, params = "1", list[Any]()
    if (key := call.whole("reservationId")) is not None:
        where, params = "id = ?", [str(key)]
    stays = call.store.find(Stay, where, params)
    wanted = call.whole("listingMapId")
    rows = [
        charge
        for stay in stays
        for charge in _charges(call, stay)
        if wanted is None or charge["listingMapId"] == wanted
    ]
    part = window(call)
    return listed(part, rows[part.offset : part.offset + part.limit], len(rows))


def _charges(call: Call, stay: Stay) -> list[Json]:
    listing, _ = listing_of(call.store, stay)
    owed = round(total(stay) - stay.paid, 2)
    parts = (("paid", stay.paid), ("awaiting", owed))
    return [
        {
            "id": int(stay.id) * 10 + place,
            "listingMapId": int(listing.id),
            "reservationId": int(stay.id),
            "autopaymentId": None,
            "type": "charge",
            "title": "Charge",
            "description": None,
            "currency": stay.currency,
            "paymentMethod": "credit_card_online",
            "amount": amount,
            "capturedAmount": amount if status == "paid" else None,
            "status": status,
            "paymentProvider": "offline",
            "paymentProviderMessage": None,
            "paymentProviderInvoiceId": None,
            "paymentProviderChargeId": None,
            "scheduledDate": None,
            "chargeDate": None,
            "holdReleaseDate": None,
            "isManual": 0,
            "autoChargeId": None,
            "triggerEvent": None,
            "triggerTimeDelta": 0,
            "flatFee": None,
            "percentageFee": None,
            "transactions": [],
        }
        for place, (status, amount) in enumerate(parts)
        if amount > 0
    ]
