"""The account, its users, custom field definitions, saved replies and vendors."""

from connectors.sandbox.records import FieldDef, Json, SavedReply, Staff, Vendor
from connectors.sandbox.wires.guesty.answers import ACCOUNT_ID, Answer, Call, coded, numbered
from connectors.sandbox.wires.guesty.query import page, picked, whole


def me(_: Call) -> Answer:
    """`GET /accounts/me`"""
    account = {"_id": ACCOUNT_ID, "id": ACCOUNT_ID, "name": "Harbour House Group", "active": True}
    return Answer(account | {"timezone": "America/New_York", "currency": "USD"})


def field_defs(call: Call) -> Answer:
    """`GET /accounts/{id}/custom-fields`"""
    if call.params["id"] != ACCOUNT_ID:
        raise coded(403, "FORBIDDEN", "Forbidden")
    return Answer([_field(row) for row in call.store.find(FieldDef)])


def field_def(call: Call) -> Answer:
    """`GET /accounts/{id}/custom-fields/{field_id}`"""
    row = call.store.get(FieldDef, call.params["field"])
    if call.params["id"] != ACCOUNT_ID or row is None:
        raise coded(404, "NOT_FOUND", "Custom field not found")
    return Answer(_field(row))


def _field(row: FieldDef) -> Json:
    return {
        "_id": row.id,
        "fieldId": row.id,
        "displayName": row.name,
        "key": row.key,
        "object": row.target,
        "type": row.kind,
        "isPublic": False,
        "options": row.options,
    }


def users(call: Call) -> Answer:
    """`GET /users`, at most 200."""
    limit = whole(call, "limit", 25, 1, 200)
    skip = whole(call, "skip", 0, 0, 10**9)
    rows = call.store.find(Staff, order="id", limit=limit, skip=skip)
    fields = call.query.get("fields")
    value = {
        "count": call.store.count(Staff),
        "fields": fields or "",
        "sort": "_id",
        "skip": skip,
        "limit": limit,
    }
    return Answer(value | {"results": [picked(_user(row), fields, None) for row in rows]})


def user(call: Call) -> Answer:
    """`GET /users/{id}`"""
    row = call.store.get(Staff, call.params["id"])
    if row is None:
        raise numbered(400, "User not found")
    return Answer(picked(_user(row), call.query.get("fields"), None))


def _user(row: Staff) -> Json:
    return {
        "_id": row.id,
        "accountId": ACCOUNT_ID,
        "email": row.email,
        "emails": [row.email],
        "firstName": row.first_name,
        "lastName": row.last_name,
        "fullName": row.full_name,
        "title": row.title,
    }


def saved_replies(call: Call) -> Answer:
    """`GET /saved-replies`"""
    limit, skip = page(call)
    rows = call.store.find(SavedReply, order="id", limit=limit, skip=skip)
    results = [picked(_reply(row), call.query.get("fields"), None) for row in rows]
    return Answer({"count": call.store.count(SavedReply), "limit": limit, "skip": skip, "results": results})


def saved_reply(call: Call) -> Answer:
    """`GET /saved-replies/{replyId}`"""
    row = call.store.get(SavedReply, call.params["id"])
    if row is None:
        raise coded(404, "NOT_FOUND", "Saved reply not found")
    return Answer(_reply(row))


def _reply(row: SavedReply) -> Json:
    return {
        "_id": row.id,
        "applyWhenHasBooking": True,
        "applyWhenNoBooking": True,
        "isAbstract": False,
        "type": "guest",
        "language": row.language,
        "question": row.question,
        "answer": row.answer,
        "accountId": ACCOUNT_ID,
    }


def vendors(call: Call) -> Answer:
    """`GET /vendors`: a limit under 25 is refused."""
    text = call.query.get("limit")
    if text and text.isdigit() and int(text) < 25:
        raise numbered(400, "limit must be at least 25")
    limit, skip = page(call)
    rows = call.store.find(Vendor, order="id", limit=limit, skip=skip)
    return Answer({"count": call.store.count(Vendor), "results": [_vendor(row) for row in rows]})


def vendor(call: Call) -> Answer:
    """`GET /vendors/{id}`"""
    row = call.store.get(Vendor, call.params["id"])
    if row is None:
        raise numbered(404, "Vendor not found")
    return Answer(_vendor(row))


def _vendor(row: Vendor) -> Json:
    return {
        "id": row.id,
        "company": row.company,
        "firstName": row.first_name,
        "lastName": row.last_name,
        "fullName": f"{row.first_name} {row.last_name}",
        "phone": [row.phone],
        "email": [row.email],
    }
