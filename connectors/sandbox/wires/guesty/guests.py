"""`/guests-crud`."""

import json
from typing import Any

from connectors.sandbox.actions.people import edit_guest
from connectors.sandbox.happenings import GuestChanged
from connectors.sandbox.ids import new_id
from connectors.sandbox.records import Guest, Json
from connectors.sandbox.wires.guesty.answers import API_USER_ID, Answer, Call, coded, need_object
from connectors.sandbox.wires.guesty.query import page, picked

_TAKEN = {
    "firstName": "first_name",
    "lastName": "last_name",
    "email": "email",
    "phone": "phone",
    "notes": "notes",
    "goodToKnowNotes": "good_to_know",
    "preferredLanguage": "language",
    "tags": "tags",
}
_IGNORED = (
    "hometown",
    "address",
    "picture",
    "emails",
    "phones",
    "contactType",
    "birthday",
    "gender",
    "maritalStatus",
    "dietaryPreferences",
    "allergies",
    "interests",
    "pronouns",
    "kids",
    "passportNumber",
    "identityNumber",
    "nationality",
    "otaLinks",
)


def shape(guest: Guest) -> Json:
    """A guest; contact data that nobody knows is left out."""
    value: Json = {
        "_id": guest.id,
        "firstName": guest.first_name,
        "lastName": guest.last_name,
        "fullName": guest.full_name,
        "preferredLanguage": guest.language,
        "notes": guest.notes,
        "goodToKnowNotes": guest.good_to_know,
        "tags": guest.tags,
        "emails": [guest.email] if guest.email else [],
        "phones": [guest.phone] if guest.phone else [],
        "createdAt": guest.created_at,
        "returningGuest": False,
    }
    contact = {"email": guest.email, "phone": guest.phone}
    return value | {key: item for key, item in contact.items() if item}


def find(call: Call) -> Answer:
    """`GET /guests-crud?columns=`"""
    columns = _required(call, "columns")
    limit, skip = page(call)
    where, params = _where(call.query.get("filters"))
    rows = call.store.find(Guest, where, params, order="id", limit=limit, skip=skip)
    results = [picked(shape(row), columns, None) for row in rows]
    return Answer({"results": results, "total": call.store.count(Guest, where, params)})


def _where(text: str | None) -> tuple[str, list[Any]]:
    """`filters` is an object of field and value; every other form is refused."""
    try:
        wanted = json.loads(text) if text else {}
    except ValueError:
        wanted = None
    if not isinstance(wanted, dict) or not set(wanted) <= set(_TAKEN) - {"tags"}:
        raise coded(400, "BAD_REQUEST", "filters must be an object of known fields")
    clauses = [f"{_TAKEN[name]} = ?" for name in wanted]
    return " AND ".join(["1", *clauses]), list(wanted.values())


def _required(call: Call, name: str) -> str:
    value = call.query.get(name)
    if not value:
        raise coded(400, "VALIDATION_ERROR", f'"{name}" is required')
    return value


def _guest(call: Call) -> Guest:
    guest = (call.store if call.body is None else call.world.store).get(Guest, call.params["id"])
    if guest is None:
        raise coded(404, "NOT_FOUND", "Guest not found")
    return guest


def get(call: Call) -> Answer:
    """`GET /guests-crud/{guestId}?fields=`"""
    return Answer(picked(shape(_guest(call)), _required(call, "fields"), None))


def create(call: Call) -> Answer:
    """`POST /guests-crud`"""
    body = need_object(call)
    values = _values(body)
    if not values.get("first_name") or not values.get("last_name"):
        raise coded(400, "VALIDATION_ERROR", '"firstName" and "lastName" are required')
    now = call.world.clock.iso()
    guest = Guest(new_id(), "", "", str(values.get("language") or "en"), now, now)
    with call.world.store.tx():
        for name, value in values.items():
            setattr(guest, name, value)
        call.world.store.put(guest)
        call.world.announce(GuestChanged(guest, "created", API_USER_ID))
    return Answer(shape(guest), 201)


def put(call: Call) -> Answer:
    """`PUT /guests-crud/{guestId}`: `tags` is required."""
    body, guest = need_object(call), _guest(call)
    if not isinstance(body.get("tags"), list):
        raise coded(400, "VALIDATION_ERROR", '"tags" is required')
    return Answer(shape(edit_guest(call.world, guest, API_USER_ID, _values(body))))


def _values(body: Json) -> dict[str, object]:
    unknown = sorted(set(body) - set(_TAKEN) - set(_IGNORED))
    if unknown:
        raise coded(400, "VALIDATION_ERROR", f'"{unknown[0]}" is not allowed')
    values: dict[str, object] = {_TAKEN[name]: value for name, value in body.items() if name in _TAKEN}
    for many, field in (("emails", "email"), ("phones", "phone")):
        if body.get(many) and field not in values:
            values[field] = body[many][0]
    return values
