"""What one sets in the providers' consoles: where they report to; and many messages at once."""

from dataclasses import asdict, replace

from connectors.sandbox.control.requests import ControlError
from connectors.sandbox.direct.control.asks import TownAsk
from connectors.sandbox.direct.records import Line, Template
from connectors.sandbox.direct.twilio import webhooks as forms
from connectors.sandbox.direct.whatsapp import account, webhooks
from connectors.sandbox.direct.whatsapp.house import CALLBACK
from connectors.sandbox.records import Json

_URLS = ("inbound_url", "fallback_url", "status_url")


def change_line(ask: TownAsk) -> Json:
    """Where Twilio reports what comes in to a number or a service, and what became of the service's messages."""
    world = ask.town.twilio
    line = world.store.need(Line, ask.params["line"])
    for key, value in ask.body.items():
        is_url = key in _URLS and isinstance(value, str)
        if not is_url and not (key == "advanced_opt_out" and isinstance(value, bool)):
            raise ControlError(f"a line has {', '.join(_URLS)} (texts) and advanced_opt_out (true or false)")
    line = replace(line, **ask.body)
    world.store.put(line)
    forms.remember_fallbacks(world)
    return asdict(line)


async def change_callback(ask: TownAsk) -> Json:
    """The app's own webhook address, as set in the App Dashboard: `url`, `verify_token`; verified unless empty."""
    world, url = ask.town.whatsapp, ask.text("url")
    if url and not await account.verified(url, ask.text("verify_token")):
        raise ControlError("the callback URL or the verify token couldn't be validated")
    endpoint = world.endpoint(CALLBACK)
    endpoint.extra = endpoint.extra | {"app_url": url}
    endpoint.url = str(endpoint.extra.get("override") or url)
    world.store.put(endpoint)
    world.queue.subscriptions_changed()
    return {"url": endpoint.url, "subscribed": bool(endpoint.extra.get("subscribed"))}


def templates(ask: TownAsk) -> Json:
    """Every template of WhatsApp that is there."""
    rows = ask.town.whatsapp.store.find(Template, "status != ?", (account.GONE,))
    return {"templates": [account.shown(row) for row in rows]}


def review_template(ask: TownAsk) -> Json:
    """Meta decides on a template: `event` (APPROVED, REJECTED, PAUSED …, with `reason`), or another `category`."""
    world, category = ask.town.whatsapp, ask.text("category")
    if category:
        if category not in account.CATEGORIES:
            raise ControlError(f"category is one of {', '.join(account.CATEGORIES)}")
        row, _ = account.review(world, ask.params["id"], "APPROVED")
        was, row.category = row.category, category
        row.extra = row.extra | {"was": was}
        world.store.put(row)
        webhooks.template_category(world, row, was)
        return account.shown(row)
    event = ask.text("event")
    if not event:
        raise ControlError("event or category is needed")
    status = {"REINSTATED": "APPROVED", "FLAGGED": "APPROVED"}.get(event, event)
    row, _ = account.review(world, ask.params["id"], status)
    webhooks.template_status(world, row, event, ask.text("reason", "NONE"))
    return account.shown(row)


def account_error(ask: TownAsk) -> Json:
    """An error of the account that belongs to no message: `code`."""
    webhooks.account_error(ask.town.whatsapp, ask.whole("code", 130429))
    return {"ok": True}
