"""Content templates: those of the demo account, how they are filled, and whether WhatsApp lets them through.

Which kinds there are: https://www.twilio.com/docs/content/content-types-overview. What WhatsApp's statuses mean:
https://www.twilio.com/docs/whatsapp/tutorial/message-template-approvals-statuses
"""

import json
import re

from connectors.sandbox.direct.records import Template
from connectors.sandbox.direct.twilio.errors import TwilioError
from connectors.sandbox.records import Json

TEXT, CARD = "twilio/text", "twilio/card"
APPROVED, REJECTED, UNSUBMITTED = "approved", "rejected", "unsubmitted"
STOPPED = ("paused", "disabled")
STATUSES = (UNSUBMITTED, "received", "pending", APPROVED, REJECTED, *STOPPED)
MOST_LETTERS = 1600
_HOLE = re.compile(r"\{\{(\w+)\}\}")
_UNUSABLE = re.compile(r"[\n\t]| {5}")
_SHOWN = ("title", "body", "subtitle")
_WELCOME: Json = {
    "title": "Welcome to Harbour House, {{1}}",
    "subtitle": "Breakfast is from 7 to 10.",
    "body": None,
    "media": None,
    "actions": [
        {"type": "QUICK_REPLY", "id": "late", "title": "Late check-out"},
        {"type": "URL", "title": "House guide", "url": "https://harbour-house.example/guide/{{2}}"},
    ],
}


_SEEDED: tuple[tuple[str, str, str, str, str, Json, dict[str, str]], ...] = (
    (
        "c1e0",
        "check_in",
        "en",
        "UTILITY",
        APPROVED,
        {TEXT: {"body": "Hello {{1}}, your room is ready from {{2}}. See you soon!"}},
        {"1": "Maria", "2": "15:00"},
    ),
    (
        "c1e5",
        "check_in",
        "es",
        "UTILITY",
        APPROVED,
        {TEXT: {"body": "Hola {{1}}, su habitación está lista desde las {{2}}. ¡Hasta pronto!"}},
        {"1": "María", "2": "15:00"},
    ),
    (
        "0ffe",
        "weekend_offer",
        "en",
        "MARKETING",
        APPROVED,
        {TEXT: {"body": "Hi {{1}}, come back: 20 % off your next weekend."}},
        {"1": "Maria"},
    ),
    ("ca4d", "welcome_card", "en", "UTILITY", APPROVED, {CARD: _WELCOME}, {"1": "Maria", "2": "en"}),
    (
        "9a4c",
        "parking",
        "en",
        "UTILITY",
        "pending",
        {TEXT: {"body": "Hello {{1}}, your parking space is number {{2}} in the yard."}},
        {"1": "Maria", "2": "7"},
    ),
    ("f4ee", "anything", "en", "UTILITY", REJECTED, {TEXT: {"body": "{{1}}"}}, {"1": "Hello"}),
    (
        "d4af",
        "late_arrival",
        "en",
        "",
        UNSUBMITTED,
        {TEXT: {"body": "Hello {{1}}, when will you be here?"}},
        {"1": "Maria"},
    ),
)


def seeded(at: str) -> list[Template]:
    """Approved in two languages, for marketing, as a card; and such as WhatsApp hasn't approved."""
    rows = []
    for number, name, language, category, status, types, variables in _SEEDED:
        row = Template(f"HX{number * 8}", name, language, category, status)
        rows.append(with_content(row, types, variables, at))
        row.extra["reason"] = "INVALID_FORMAT" if status == REJECTED else ""
    return rows


def with_content(row: Template, types: Json, variables: dict[str, str], at: str) -> Template:
    """The template with its content by kind, and the default values of its variables."""
    row.components = [{"type": kind, **part} for kind, part in types.items()]
    row.extra = {"variables": variables, "reason": "", "created_at": at, "updated_at": at}
    return row


def types_of(template: Template) -> Json:
    """The content by its kind, as the API tells it."""
    return {
        str(part["type"]): {key: value for key, value in part.items() if key != "type"}
        for part in template.components
    }


def words_of(template: Template) -> str:
    """What a person reads: title, body and subtitle of the first kind."""
    part = template.components[0]
    return "\n".join(str(part[key]) for key in _SHOWN if part.get(key))


def buttons_of(template: Template) -> list[str]:
    """The labels of its buttons."""
    return [str(action["title"]) for action in template.components[0].get("actions") or ()]


def filled(template: Template, variables: str) -> str:
    """The words with every hole filled: by `ContentVariables`, else by the default value. Raises TwilioError.

    https://www.twilio.com/docs/api/errors/21656
    """
    values = _values(variables)
    known = set(_HOLE.findall(json.dumps(template.components)))
    if set(values) - known:
        raise TwilioError(63028)
    values = {**template.extra["variables"], **values}
    if any(not values.get(name) or _UNUSABLE.search(values[name]) for name in known):
        raise TwilioError(21656)
    if any(len(value) > MOST_LETTERS for value in values.values()):
        raise TwilioError(21658)
    return _HOLE.sub(lambda hole: values[hole[1]], words_of(template))


def _values(variables: str) -> dict[str, str]:
    try:
        values = json.loads(variables or "{}")
    except ValueError:
        values = None
    if not isinstance(values, dict) or not all(isinstance(value, str) for value in values.values()):
        raise TwilioError(21656)
    return values


def obstacle(template: Template | None, *, window_is_open: bool) -> int:
    """Why WhatsApp doesn't take it, as a code; 0 if it does. Inside the window a text needs no approval."""
    if template is not None and template.status in STOPPED:
        return 63041
    approved = template is not None and template.status == APPROVED
    return 0 if approved or window_is_open else 63016
