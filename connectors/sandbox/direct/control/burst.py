"""Many messages of guests at once, some of them announced twice."""

import itertools

from connectors.sandbox.control.requests import ControlError
from connectors.sandbox.direct.control.asks import TownAsk
from connectors.sandbox.direct.records import SMS, WHATSAPP, Line, Phone
from connectors.sandbox.direct.twilio import guest as twilio
from connectors.sandbox.direct.whatsapp import guest as whatsapp
from connectors.sandbox.direct.whatsapp import webhooks
from connectors.sandbox.records import Delivery, Json
from connectors.sandbox.webhook_queue import PENDING

_MOST, _FIRST = 50_000, 2_000_000


def burst(ask: TownAsk) -> Json:
    """`count` messages of `kind` from `phones` made-up numbers (or `numbers`), every `duplicate_every`th told twice.

    WhatsApp: `batch` messages per webhook. The text is `body` with the number of the message behind it.
    """
    kind, count = ask.text("kind", SMS), ask.whole("count", 100)
    if kind not in (SMS, WHATSAPP) or not 0 < count <= _MOST:
        raise ControlError(f"kind is sms or whatsapp, count from 1 to {_MOST}")
    phones = _phones(ask, ask.whole("phones", 20) or 1)
    body, duplicate_every = ask.text("body", "Message"), ask.whole("duplicate_every", 0)
    world = ask.town.twilio if kind == SMS else ask.town.whatsapp
    start = world.store.find(Delivery, order="rowid DESC", limit=1)
    with world.store.tx():
        wanted = list(zip(itertools.cycle(phones), range(count)))
        if kind == SMS:
            line = world.store.find(Line, "kind = ?", (SMS,), limit=1)[0]
            ids = [twilio.write(world, phone, line, f"{body} {n}").id for phone, n in wanted]
        else:
            ids = _by_whatsapp(ask, wanted, body)
        made = _since(ask, kind, start)
        again = made[::duplicate_every] if duplicate_every else []
        for delivery in again:
            world.queue.redeliver(delivery)
    return {"ids": ids, "webhooks": len(made), "duplicates": len(again)}


def _phones(ask: TownAsk, count: int) -> list[Phone]:
    numbers = ask.body.get("numbers")
    if isinstance(numbers, list) and numbers:
        return [ask.town.phones.reach(str(number)) for number in numbers]
    return [Phone(f"+1917{_FIRST + n}", f"Guest {n}", f"US.9{_FIRST + n}") for n in range(count)]


def _by_whatsapp(ask: TownAsk, wanted: list[tuple[Phone, int]], body: str) -> list[str]:
    world, size, ids = ask.town.whatsapp, ask.whole("batch", 1) or 1, list[str]()
    for first in range(0, len(wanted), size):
        values: list[Json] = []
        for phone, number in wanted[first : first + size]:
            text = whatsapp.keep(world, phone, f"{body} {number}", [], {})
            ids.append(text.id)
            values.append(webhooks.message_value(world, text, phone))
        webhooks.post(world, "messages", values, "message")
    return ids


def _since(ask: TownAsk, kind: str, start: list[Delivery]) -> list[Delivery]:
    world = ask.town.twilio if kind == SMS else ask.town.whatsapp
    if not start:
        return world.store.find(Delivery, "state = ?", (PENDING,))
    after = 'state = ? AND rowid > (SELECT rowid FROM "Delivery" WHERE id = ?)'
    return world.store.find(Delivery, after, (PENDING, start[0].id))
