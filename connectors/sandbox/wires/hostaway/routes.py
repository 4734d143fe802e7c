"""Which call is handled where."""

from collections.abc import Callable

from connectors.sandbox.records import Json
from connectors.sandbox.wires.hostaway import (
    account,
    conversations,
    listings,
    reservations,
    tasks,
    webhooks,
    writes,
)
from connectors.sandbox.wires.hostaway.answers import Call

Handler = Callable[[Call], Json]
_STAY, _TALK, _HOOKS = "/reservations/{id:int}", "/conversations/{id:int}", "/webhooks/unifiedWebhooks"

ROUTES: tuple[tuple[str, str, Handler], ...] = (
    ("GET", "/listings", listings.find),
    ("GET", "/listings/{id:int}", listings.get),
    ("GET", "/listingUnits/{id:int}", listings.units),
    ("GET", "/reservations", reservations.find),
    ("GET", _STAY, reservations.get),
    ("PUT", _STAY, writes.put),
    ("PUT", f"{_STAY}/statuses/cancelled", writes.cancel),
    ("PUT", f"{_STAY}/statuses/noShow", writes.no_show),
    ("GET", f"{_STAY}/conversations", conversations.of_stay),
    ("GET", f"{_STAY}/messageTemplates", account.templates_of_stay),
    ("GET", "/conversations", conversations.find),
    ("GET", _TALK, conversations.get),
    ("GET", f"{_TALK}/messages", conversations.messages),
    ("POST", f"{_TALK}/messages", conversations.send),
    ("GET", f"{_TALK}/messages/{{message:int}}", conversations.message),
    ("GET", "/messageTemplates", account.templates),
    ("GET", "/customFields", account.custom_fields),
    ("POST", "/customFields", account.add_custom_field),
    ("GET", "/users", account.users),
    ("GET", "/userGroups", account.user_groups),
    ("GET", "/guestPayments/charges", account.charges),
    ("GET", "/tasks", tasks.find),
    ("POST", "/tasks", tasks.create),
    ("GET", "/tasks/{id:int}", tasks.get),
    ("PUT", "/tasks/{id:int}", tasks.put),
    ("DELETE", "/tasks/{id:int}", tasks.delete),
    ("GET", _HOOKS, webhooks.find),
    ("POST", _HOOKS, webhooks.create),
    ("GET", f"{_HOOKS}/{{id:int}}", webhooks.get),
    ("PUT", f"{_HOOKS}/{{id:int}}", webhooks.put),
    ("DELETE", f"{_HOOKS}/{{id:int}}", webhooks.delete),
    ("GET", "/unifiedWebhookLogs", webhooks.logs),
)
