"""Twilio's Content Template Builder, and WhatsApp's decisions on what stands in it."""

from connectors.sandbox.control.requests import ControlError
from connectors.sandbox.direct.control.asks import TownAsk
from connectors.sandbox.direct.records import Template
from connectors.sandbox.direct.twilio import templates
from connectors.sandbox.direct.twilio.create import new_sid
from connectors.sandbox.records import Json

_CATEGORIES = ("UTILITY", "MARKETING", "AUTHENTICATION")


def contents(ask: TownAsk) -> Json:
    """Every template."""
    return {"templates": [_shown(row) for row in ask.town.twilio.store.find(Template)]}


def _shown(row: Template) -> Json:
    return {
        "id": row.id,
        "name": row.name,
        "language": row.language,
        "category": row.category,
        "status": row.status,
        "reason": row.extra["reason"],
        "text": templates.words_of(row),
        "variables": row.extra["variables"],
    }


def add(ask: TownAsk) -> Json:
    """A new template: `name`, `body`, `language` (en), `category` (UTILITY), `status` (pending), `variables`."""
    world, variables = ask.town.twilio, ask.body.get("variables", {})
    if not isinstance(variables, dict) or not all(isinstance(value, str) for value in variables.values()):
        raise ControlError("variables is an object of texts")
    name, body = ask.text("name"), ask.text("body")
    if not name or not body:
        raise ControlError("name and body are needed")
    category = ask.text("category", "UTILITY")
    if category not in _CATEGORIES:
        raise ControlError(f"category is one of {', '.join(_CATEGORIES)}")
    row = Template(new_sid("HX"), name, ask.text("language", "en"), category, _status(ask, "pending"))
    templates.with_content(row, {templates.TEXT: {"body": body}}, variables, world.clock.iso())
    world.store.put(row)
    return _shown(row)


def decide(ask: TownAsk) -> Json:
    """WhatsApp decides: `status`, with the `reason` of a rejection."""
    world = ask.town.twilio
    row = world.store.need(Template, ask.params["id"])
    row.status = _status(ask, "")
    row.extra |= {"reason": ask.text("reason"), "updated_at": world.clock.iso()}
    world.store.put(row)
    return _shown(row)


def _status(ask: TownAsk, default: str) -> str:
    status = ask.text("status", default)
    if status not in templates.STATUSES:
        raise ControlError(f"status is one of {', '.join(templates.STATUSES)}")
    return status
