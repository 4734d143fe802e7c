"""Playing the guests: what they write, read and set."""

from dataclasses import asdict
from typing import Any

from connectors.sandbox.clock import Clock
from connectors.sandbox.control.requests import ControlError
from connectors.sandbox.direct.control.asks import TownAsk
from connectors.sandbox.direct.line_world import LineWorld
from connectors.sandbox.direct.phones import PhoneError
from connectors.sandbox.direct.records import SMS, WHATSAPP, Line, Media, Phone, Text
from connectors.sandbox.direct.twilio import guest as twilio
from connectors.sandbox.direct.whatsapp import guest as whatsapp
from connectors.sandbox.direct.whatsapp import webhooks
from connectors.sandbox.direct.whatsapp.house import NUMBER
from connectors.sandbox.direct.whatsapp.send import new_id
from connectors.sandbox.records import Json

_WHATSAPP_EXTRAS = ("type", "reaction", "location", "interactive", "button", "contacts", "quotes", "referral")
_PREFERENCES = ("stop", "resume")


def phones(ask: TownAsk) -> Json:
    """Every phone with what came last, and our lines."""
    lines = [
        asdict(line) | {"provider": world.house.name}
        for world in ask.town.lines
        for line in world.store.find(Line)
    ]
    now = ask.town.twilio.clock.iso()
    return {
        "now": now,
        "phones": [asdict(row) | _last(ask, row) for row in ask.town.phones.all()],
        "lines": lines,
    }


def _last(ask: TownAsk, phone: Phone) -> Json:
    rows = [
        row
        for world in ask.town.lines
        for row in world.store.find(
            Text, "phone = ?", (phone.id,), order="created_at DESC, rowid DESC", limit=1
        )
    ]
    row = max(rows, key=lambda row: row.created_at, default=None)
    return {"last_at": row.created_at if row else None, "last_body": row.body if row else ""}


def add(ask: TownAsk) -> Json:
    """A new phone: `number`, `name`."""
    try:
        return asdict(ask.town.phones.add(ask.text("number"), ask.text("name")))
    except PhoneError as error:
        raise ControlError(str(error)) from error


def change(ask: TownAsk) -> Json:
    """Marks, codes and names; a phone that leaves airplane mode gets what was held."""
    try:
        phone = ask.town.phones.change(ask.params["number"], ask.body)
    except PhoneError as error:
        raise ControlError(str(error)) from error
    if not phone.airplane:
        for world in ask.town.lines:
            world.wake_held(phone.id, "sent")
    return asdict(phone)


def messages(ask: TownAsk) -> Json:
    """What the phone got and sent, oldest first; `kind` (sms, whatsapp) narrows down.

    What the provider has taken but not delivered isn't on the phone yet; `all=1` shows it too.
    """
    phone = ask.town.phones.need(ask.params["number"])
    kind, everything = ask.query.get("kind"), ask.query.get("all") == "1"
    rows = [
        shown(world, row)
        for world in ask.town.lines
        for row in world.store.find(Text, "phone = ?", (phone.id,), order="created_at, rowid")
        if kind in (None, row.kind) and (everything or is_there(row))
    ]
    rows.sort(key=lambda row: str(row["created_at"]))
    return {"phone": asdict(phone), "messages": rows}


def is_there(text: Text) -> bool:
    """Whether the guest sees it on the phone."""
    return text.inbound or text.state in ("delivered", "read")


def shown(world: LineWorld, text: Text) -> Json:
    """A message with its provider and its files."""
    files: list[Json] = [
        {
            "mime": row.mime,
            "filename": row.filename,
            "size": len(row.data),
            "url": f"/_control/phones/media/{world.house.name}/{row.id}",
        }
        for row in world.media_of(text)
    ]
    return asdict(text) | {"provider": world.house.name, "files": files}


def text(ask: TownAsk) -> Json:
    """The guest sends an SMS or, with `files`, an MMS to our number (`to`, if there are several)."""
    phone = ask.town.phones.reach(ask.params["number"])
    line = _line(ask.town.twilio, SMS, ask.text("to"))
    row = twilio.write(ask.town.twilio, phone, line, ask.text("body"), ask.files())
    return {"messages": [shown(ask.town.twilio, row)]}


def whatsapp_message(ask: TownAsk) -> Json:
    """The guest writes by WhatsApp: to Meta's number, or to Twilio's if `to` says so.

    `type` with an object of that name (reaction, location, interactive, button …) makes another sort of message.
    """
    phone = ask.town.phones.reach(ask.params["number"])
    to = ask.text("to", NUMBER)
    extra = {name: ask.body[name] for name in _WHATSAPP_EXTRAS if name in ask.body}
    if to == NUMBER:
        rows = whatsapp.write(ask.town.whatsapp, phone, ask.text("body"), ask.files(), extra)
        return {"messages": [shown(ask.town.whatsapp, row) for row in rows]}
    line = _line(ask.town.twilio, WHATSAPP, to)
    row = twilio.write(ask.town.twilio, phone, line, ask.text("body"), ask.files(), extra)
    return {"messages": [shown(ask.town.twilio, row)]}


def _line(world: LineWorld, kind: str, to: str) -> Line:
    where, params = ("kind = ? AND id = ?", [kind, to]) if to else ("kind = ?", [kind])
    found = world.store.find(Line, where, params, limit=1)
    if not found:
        raise ControlError(f"no {kind} line has the number {to}")
    return found[0]


def read(ask: TownAsk) -> Json:
    """The guest has seen everything that is there; `kind` or `id` narrow down."""
    phone, kind, key = ask.town.phones.need(ask.params["number"]), ask.text("kind"), ask.text("id")
    seen: list[Text] = []
    for world, reader in ((ask.town.twilio, twilio.read), (ask.town.whatsapp, whatsapp.read)):
        for each in (SMS, WHATSAPP):
            where, params = (
                "phone = ? AND kind = ? AND inbound = 0 AND state = 'delivered'",
                list[Any]([phone.id, each]),
            )
            if key:
                where, params = f"{where} AND id = ?", [*params, key]
            newest = world.store.find(Text, where, params, order="created_at DESC, rowid DESC", limit=1)
            if newest and kind in ("", each):
                seen += reader(world, newest[0])
    return {"read": [row.id for row in seen]}


def preference(ask: TownAsk) -> Json:
    """The guest stops or resumes marketing in WhatsApp: `value` is stop or resume."""
    value = ask.text("value")
    if value not in _PREFERENCES:
        raise ControlError("value is stop or resume")
    phone = ask.town.phones.change(ask.params["number"], {"stops_marketing": value == "stop"})
    webhooks.preference(ask.town.whatsapp, phone, value)
    return asdict(phone)


def change_number(ask: TownAsk) -> Json:
    """The guest takes another number (`to`) in WhatsApp."""
    old = ask.town.phones.need(ask.params["number"])
    try:
        new = ask.town.phones.reach(ask.text("to"))
    except PhoneError as error:
        raise ControlError(str(error)) from error
    new = ask.town.phones.change(new.id, {"name": old.name})
    webhooks.number_changed(ask.town.whatsapp, old, new, new_id())
    return asdict(new)


def media(ask: TownAsk) -> Media:
    """A file of a message. Raises ControlError and MissingError."""
    worlds = {world.house.name: world for world in ask.town.lines}
    world = worlds.get(ask.params["provider"])
    if world is None:
        raise ControlError("the provider is twilio or whatsapp")
    return world.store.need(Media, ask.params["id"])


def clock(ask: TownAsk) -> Json:
    """Move the clock of every provider: `forward` seconds, or `offset` seconds from real time."""
    now = ask.town.twilio.clock.offset
    forward, offset = ask.body.get("forward", 0), ask.body.get("offset", now)
    if not isinstance(forward, int | float) or not isinstance(offset, int | float):
        raise ControlError("forward and offset are numbers of seconds")
    for world in ask.town.worlds:
        world.change_settings({"clock_offset": offset + forward})
    return {"now": Clock(ask.town.twilio.clock.offset).iso()}
