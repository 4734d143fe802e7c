"""Conversations and posts as the communication API and the message webhooks show them."""

from connectors.sandbox.ids import seed_id
from connectors.sandbox.records import Conversation, Guest, Json, Post, Staff, Stay, Unit
from connectors.sandbox.store import Store
from connectors.sandbox.wires.guesty.answers import ACCOUNT_ID
from connectors.sandbox.wires.guesty.stay_shapes import custom_fields, integration, listing_id

_SENT_BY = {"inbound": "guest", "outbound": "host", "note": "host", "log": "log"}


def post(entry: Post) -> Json:
    """A post as the list shows it; what was sent through the API says who wrote it only in `from`."""
    value: Json = {
        "module": {
            "to": entry.to,
            "cc": entry.cc,
            "bcc": entry.bcc,
            "templateValues": [],
            "type": entry.module,
        },
        "isFromMigration": False,
        "_id": entry.id,
        "body": entry.body,
        "attachments": entry.attachments,
        "conversationId": entry.conversation_id,
        "createdAt": entry.created_at,
        "__v": 0,
    }
    if not (entry.author == "api" and entry.direction == "outbound"):
        value["sentBy"] = _SENT_BY[entry.direction]
    if entry.direction != "log":
        kind = "guest" if entry.direction == "inbound" else "user"
        value["from"] = {"type": kind, "fullName": entry.author_name}
    return value


def conversation(store: Store, talk: Conversation) -> Json:
    """A conversation with everything in it."""
    party = "guest" if talk.kind == "guest" else "owner"
    return {
        "_id": talk.id,
        "lastMessageFrom": {"user": talk.last_host_at, "nonUser": talk.last_guest_at},
        "assignee": {"_id": talk.assignee_id},
        "internal": {"language": talk.language},
        "language": talk.language,
        "subject": talk.subject,
        "priority": 10,
        "isFromMigration": False,
        "meta": {
            "_id": seed_id("meta", talk.id),
            "reservations": [_reservation(store, stay) for stay in _stays(store, talk)],
            "integration": integration(talk.platform),
            party: _party(store.get(Guest, talk.guest_id), talk),
        },
        "accountId": ACCOUNT_ID,
        "type": talk.kind,
        "state": {
            "_id": seed_id("state", talk.id),
            "read": talk.read,
            "status": talk.status,
            "lastMessage": {"body": talk.last_body, "date": talk.last_at},
        },
        "createdAt": talk.created_at,
        "modifiedAt": talk.modified_at,
        "pendingTasks": [],
        "__v": 0,
        "updatedAt": talk.modified_at,
        "firstReceptionist": _receptionist(store),
    }


def _stays(store: Store, talk: Conversation) -> list[Stay]:
    return store.find(Stay, "conversation_id = ?", (talk.id,), order="created_at")


def _reservation(store: Store, stay: Stay) -> Json:
    unit = store.need(Unit, stay.unit_id)
    return {
        "_id": stay.id,
        "status": stay.status,
        "checkIn": stay.check_in_at,
        "checkOut": stay.check_out_at,
        "confirmationCode": stay.code,
        "customFields": custom_fields(stay),
        "listing": {
            "tags": unit.tags,
            "active": unit.active,
            "_id": listing_id(unit),
            "nickname": unit.name,
            "title": unit.title,
            "customFields": [],
        },
    }


def _party(guest: Guest | None, talk: Conversation) -> Json:
    value: Json = {"_id": talk.guest_id, "isReturning": False}
    if guest:
        value["fullName"] = guest.full_name
        if guest.email:
            value["email"] = guest.email
    return value


def _receptionist(store: Store) -> str:
    found = store.find(Staff, limit=1)
    return found[0].full_name if found else ""


def listed(full: Json, fields: str) -> Json:
    """A conversation with the named fields only; `guest`, `reservation`, `status`, `read` stand for parts of it."""
    value: Json = {"_id": full["_id"], "accountId": full["accountId"]}
    meta, state = full["meta"], full["state"]
    for name in fields.replace(",", " ").split():
        top = name.split(".")[0]
        if top in ("guest", "owner"):
            value.setdefault("meta", {}).update({key: meta[key] for key in ("guest", "owner") if key in meta})
        elif top in ("reservation", "reservations"):
            value.setdefault("meta", {})["reservations"] = meta["reservations"]
        elif top == "integration":
            value.setdefault("meta", {})["integration"] = meta["integration"]
        elif top in ("status", "read"):
            value.setdefault("state", {}).update(read=state["read"], status=state["status"])
        elif top == "lastMessage":
            value.setdefault("state", {})["lastMessage"] = state["lastMessage"]
        elif top in full:
            value[top] = full[top]
    return value


def hook_message(entry: Post) -> Json:
    """A post as a message webhook shows it: the module is a string, and it says which way it went."""
    kinds = {"inbound": "fromGuest", "outbound": "fromHost"}
    return {
        "postId": entry.id,
        "body": entry.body,
        "createdAt": entry.created_at,
        "type": kinds.get(entry.direction, "log"),
        "module": entry.module,
        "bcc": entry.bcc,
        "cc": entry.cc,
        "to": entry.to,
        "feedback": {},
    }


def hook_conversation(store: Store, talk: Conversation, thread: list[Post]) -> Json:
    """A conversation as a message webhook shows it."""
    guest = store.get(Guest, talk.guest_id)
    return {
        "_id": talk.id,
        "accountId": ACCOUNT_ID,
        "guestId": talk.guest_id,
        "conversationWith": "Owner" if talk.kind == "owner" else "Guest",
        "assignee": talk.assignee_id,
        "firstReceptionist": _receptionist(store),
        "isRead": talk.read,
        "language": talk.language,
        "status": talk.status,
        "priority": 10,
        "snoozedUntil": None,
        "subject": talk.subject,
        "createdAt": talk.created_at,
        "lastModifiedAt": talk.modified_at,
        "lastUpdatedAt": talk.modified_at,
        "lastUpdatedFromGuest": talk.last_guest_at,
        "integration": integration(talk.platform),
        "meta": {
            "guestName": guest.full_name if guest else "",
            "reservations": [
                {
                    "_id": stay.id,
                    "checkIn": stay.check_in_at,
                    "checkOut": stay.check_out_at,
                    "confirmationCode": stay.code,
                }
                for stay in _stays(store, talk)
            ],
        },
        "pendingTasks": [],
        "thread": [hook_message(entry) for entry in thread],
    }
