"""What the walker of `test_urls` must know about each address: who may open it, and what its parts name.

A new address fails the walk until it is listed in ADDRESSES; a new kind of part until it is in PARTS.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from bellhop.accounts.permissions import Permission
from tests.architecture.world import World

ANYBODY: Final = "anybody"
"""Signed in or not: signing in, health for machines."""

Access = tuple[Permission, ...] | str

# Full name of the address → the permissions that a person needs (all of them); () is every person who is signed in.
ADDRESSES: dict[str, Access] = {
    "healthz": ANYBODY,
    "readyz": ANYBODY,
    "shared-file": ANYBODY,
    "unsubscribe": ANYBODY,
    "accounts:settings": (),
    "accounts:keys": (),
    "accounts:invite": ANYBODY,
    "accounts:theme": (),
    "accounts:house-rules": (Permission.CONNECTIONS_EDIT,),
    "accounts:audit": (Permission.AUDIT_READ,),
    "reservations:people": (Permission.USERS_EDIT,),
    "reservations:person": (Permission.USERS_EDIT,),
    "reservations:person-act": (Permission.USERS_EDIT,),
    "connectors:health": (Permission.HEALTH_READ,),
    "connectors:connect": (Permission.CONNECTIONS_EDIT,),
    "connectors:connect-to": (Permission.CONNECTIONS_EDIT,),
    "connectors:replay-range": (Permission.HEALTH_ACT,),
    "connectors:detail": (Permission.HEALTH_READ,),
    "connectors:reauthenticate": (Permission.CONNECTIONS_EDIT,),
    "connectors:connection-act": (Permission.HEALTH_ACT,),
    "connectors:ledger": (Permission.HEALTH_READ,),
    "connectors:publish-ledger": (Permission.CONNECTIONS_EDIT,),
    "connectors:public-ledger": ANYBODY,
    "connectors:stage": (Permission.HEALTH_READ,),
    "connectors:change-stage": (Permission.CONNECTIONS_EDIT,),
    "connectors:rehearsals": (Permission.HEALTH_READ,),
    "connectors:start-rehearsal": (Permission.CONNECTIONS_EDIT,),
    "connectors:rehearsal": (Permission.HEALTH_READ,),
    "connectors:delivery": (Permission.PAYLOADS_READ,),
    "connectors:delivery-act": (Permission.HEALTH_ACT,),
    "connectors:cancel-command": (Permission.HEALTH_ACT,),
    "connectors:acknowledge": (Permission.HEALTH_ACT,),
    "connectors:case": (Permission.HEALTH_READ,),
    "connectors:open-case": (Permission.HEALTH_ACT,),
    "connectors:close-case": (Permission.HEALTH_ACT,),
    "connectors:drift": (Permission.HEALTH_READ,),
    "connectors:drift-act": (Permission.HEALTH_ACT,),
    "connectors:drift-compare": (Permission.HEALTH_ACT,),
    "connectors:drift-detail": (Permission.HEALTH_READ,),
    "connectors:ownership": (Permission.HEALTH_READ,),
    "connectors:rule": (Permission.HEALTH_READ,),
    "connectors:rules-reviewed": (Permission.HEALTH_ACT,),
    "connectors:rules-sign-off": (Permission.HEALTH_ACT,),
    "inbox:home": (),
    "inbox:list": (Permission.THREADS_READ,),
    "inbox:rows": (Permission.THREADS_READ,),
    "inbox:filters": (Permission.THREADS_READ,),
    "inbox:bulk": (Permission.THREADS_BULK,),
    "inbox:thread": (Permission.THREADS_READ,),
    "inbox:counts": (Permission.THREADS_READ,),
    "inbox:search": (Permission.THREADS_READ,),
    "inbox:bulk-undo": (Permission.THREADS_BULK,),
    "inbox:bulk-menu": (Permission.THREADS_BULK,),
    "inbox:notices": (),
    "inbox:notices-count": (),
    "inbox:notices-read": (),
    "inbox:notices-mute": (),
    "inbox:notices-browser": (),
    "inbox:replies": (Permission.THREADS_READ,),
    "inbox:canned-reply": (Permission.THREADS_READ,),
    "inbox:remove-canned": (Permission.THREADS_READ,),
    "inbox:preferences": (Permission.THREADS_READ,),
    "inbox:remove-snooze": (Permission.THREADS_READ,),
    "inbox:save-view": (Permission.THREADS_READ,),
    "inbox:delete-view": (Permission.THREADS_READ,),
    "inbox:log": (Permission.THREADS_READ,),
    "inbox:head": (Permission.THREADS_READ,),
    "inbox:panel": (Permission.THREADS_READ,),
    "inbox:menu": (Permission.THREADS_TRIAGE,),
    "inbox:row": (Permission.THREADS_READ,),
    "inbox:read": (Permission.THREADS_READ,),
    "inbox:reply": (Permission.THREADS_REPLY,),
    "inbox:note": (Permission.THREADS_NOTE,),
    "inbox:draft": (Permission.THREADS_READ,),
    "inbox:ways": (Permission.THREADS_READ,),
    "inbox:composer": (Permission.THREADS_READ,),
    "inbox:take-over": (Permission.THREADS_TRIAGE,),
    "inbox:canned": (Permission.THREADS_REPLY,),
    "inbox:candidates": (Permission.THREADS_MATCH,),
    "inbox:door-code": (Permission.DOOR_CODES_READ,),
    "inbox:link": (Permission.THREADS_MATCH,),
    "inbox:act": (Permission.THREADS_TRIAGE,),
    "inbox:undo": (Permission.THREADS_REPLY,),
    "inbox:later": (Permission.THREADS_REPLY,),
    "inbox:send-now": (Permission.THREADS_REPLY,),
    "inbox:send-again": (Permission.THREADS_REPLY,),
    "inbox:keep-in-pms": (Permission.THREADS_NOTE,),
    "inbox:arrived": (Permission.THREADS_REPLY,),
    "inbox:note-to-pms": (Permission.THREADS_NOTE,),
    "inbox:mail": (Permission.THREADS_READ,),
    "inbox:merge": (Permission.THREADS_MATCH,),
    "inbox:split": (Permission.THREADS_MATCH,),
    "inbox:undo-merge": (Permission.THREADS_MATCH,),
    "inbox:block": (Permission.THREADS_MATCH,),
    "inbox:consent": (Permission.CONSENT_EDIT,),
    "inbox:draft-files": (Permission.THREADS_REPLY,),
    "inbox:file": (Permission.THREADS_READ,),
    "inbox:thumbnail": (Permission.THREADS_READ,),
    "inbox:describe-file": (Permission.THREADS_REPLY,),
    "inbox:remove-file": (Permission.THREADS_REPLY,),
    "inbox:fetch-again": (Permission.THREADS_READ,),
}

# Addresses of packages: they name no object of an organization, so they are only asked as nobody.
FOREIGN_PACKAGES = ("account_", "mfa_")
OPEN_TO_NOBODY = {
    "account_login",
    "account_logout",
    "account_signup",
    "account_inactive",
    "account_reset_password",
    "account_reset_password_done",
    "account_reset_password_from_key",
    "account_reset_password_from_key_done",
    "account_confirm_email",
    "account_email_verification_sent",
    "mfa_authenticate",
}

# (word before the part, or first word of the path; name of the part) → what to put there. "*": any path.
PARTS: dict[tuple[str, str], Callable[[World], object]] = {
    ("*", "view"): lambda _: "all",
    ("*", "action"): lambda _: "close",
    ("*", "token"): lambda _: "a-token-that-is-not-there",
    ("*", "name"): lambda _: "photo.jpg",
    ("connect", "slug"): lambda _: "guesty",
    ("*", "what"): lambda _: "assign",
    ("*", "how"): lambda _: "link",
    ("people", "public_id"): lambda world: world.people["Agent"].public_id,
    ("people", "action"): lambda _: "link",
    ("connections", "public_id"): lambda world: world.connection.public_id,
    ("connections", "action"): lambda _: "pause",
    ("*", "kind"): lambda _: "drift",
    ("cases", "public_id"): lambda world: world.drift.public_id,
    ("drift", "public_id"): lambda world: world.drift.public_id,
    ("ownership", "public_id"): lambda world: world.connection.public_id,
    ("*", "entity"): lambda _: "reservation",
    ("*", "field"): lambda _: "rate_plan",
    ("rehearsals", "public_id"): lambda world: world.rehearsal.public_id,
    ("deliveries", "number"): lambda world: world.delivery.pk,
    ("commands", "public_id"): lambda world: world.command.public_id,
    ("incidents", "public_id"): lambda world: world.incident.public_id,
    ("inbox", "public_id"): lambda world: world.thread.public_id,
    ("threads", "public_id"): lambda world: world.thread.public_id,
    ("messages", "public_id"): lambda world: world.message.public_id,
    ("files", "public_id"): lambda world: world.file.public_id,
    ("merges", "public_id"): lambda world: world.merge.public_id,
    ("notes", "public_id"): lambda world: world.note.public_id,
    ("replies", "public_id"): lambda world: world.canned.public_id,
    ("snoozes", "public_id"): lambda world: world.snooze.public_id,
    ("views", "public_id"): lambda world: world.saved_view.public_id,
}
OWNED = {"public_id", "number"}
"""Parts that name an object of an organization: a foreign one must be 404."""

# Addresses of things that are one person's own: a colleague gets 404, so only the owner is asked.
OWN_TO_ADMIN = {"inbox:delete-view", "inbox:remove-snooze", "inbox:canned-reply", "inbox:remove-canned"}
