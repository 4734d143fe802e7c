"""What of a record may be shown to somebody outside: secrets never, guests' words and names only on purpose."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

MASKED = "••••••"
_SECRET_WORDS = ("secret", "token", "authorization", "signature", "password", "api_key", "apikey", "cookie")

# Fields that tell nothing of a person. What is not listed is taken for a guest's own.
PLAIN: Mapping[str, frozenset[str]] = {
    "reservation": frozenset(
        {
            "property",
            "unit",
            "conversation_id",
            "code",
            "channel_code",
            "status",
            "status_raw",
            "arrival_date",
            "departure_date",
            "check_in_time",
            "check_out_time",
            "source",
            "source_raw",
            "adults",
            "children",
            "infants",
            "pets",
            "rate_plan",
            "cancelled_at",
            "is_owner_stay",
            "is_test",
            "booked_at",
        }
    ),
    "guest": frozenset({"language"}),
    "unit": frozenset(
        {
            "property",
            "name",
            "title",
            "check_in_time",
            "check_out_time",
            "condition",
            "occupied",
            "do_not_disturb",
        }
    ),
    "property": frozenset({"name", "timezone", "address"}),
    "message": frozenset(
        {
            "direction",
            "author",
            "channel",
            "language",
            "sent_at",
            "arrived_late",
            "characters",
            "at_the_guest",
            "at_the_pms",
            "missing_here",
            "missing_there",
        }
    ),
}


def is_plain(entity: str, field: str) -> bool:
    """May the field's value leave the house without anybody's say?"""
    return field in PLAIN.get(entity, ())


def hidden(value: Any) -> str:
    """Instead of a value: that there is one, and how long it is."""
    if value in (None, "", [], {}):
        return ""
    return _("[redacted, %d characters]") % len(str(value))


def is_secret(name: str) -> bool:
    """Does a header or key of this name hold a credential?"""
    return any(word in name.lower().replace("-", "_") for word in _SECRET_WORDS)


def headers(found: Mapping[str, str]) -> list[tuple[str, str]]:
    """Sorted, credentials masked."""
    return [(name, MASKED if is_secret(name) else value) for name, value in sorted(found.items())]


def payload(body: bytes) -> str:
    """A body as a person reads it: JSON indented, values of secret keys masked; else as text."""
    try:
        told = json.loads(body)
    except ValueError:
        return body.decode(errors="replace")
    return json.dumps(without_secrets(told), indent=2, ensure_ascii=False)


def without_secrets(value: Any) -> Any:
    """The same JSON value, with what stands under secret keys masked."""
    if isinstance(value, dict):
        return {
            name: MASKED if is_secret(str(name)) and not isinstance(part, dict) else without_secrets(part)
            for name, part in value.items()
        }
    return [without_secrets(part) for part in value] if isinstance(value, list) else value
