"""The guest's side: texts that come in, opt-out words, files, and reading."""

from collections.abc import Sequence

from connectors.sandbox.direct.line_world import LineWorld
from connectors.sandbox.direct.records import (
    GUEST,
    PROVIDER,
    WHATSAPP,
    File,
    Line,
    Media,
    Phone,
    Text,
    pair_of,
)
from connectors.sandbox.direct.twilio import webhooks
from connectors.sandbox.direct.twilio.create import new_sid
from connectors.sandbox.records import Json

STOP = frozenset({"STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"})
START = frozenset({"START", "YES", "UNSTOP"})
HELP = frozenset({"HELP", "INFO"})
_ANSWERS = {
    "STOP": "You have successfully been unsubscribed. You will not receive any more messages from this number. "
    "Reply START to resubscribe.",
    "START": "You have successfully been re-subscribed to messages from this number. Reply HELP for help. "
    "Reply STOP to unsubscribe.",
    "HELP": "Reply STOP to unsubscribe. Msg&Data Rates May Apply.",
}


def write(
    world: LineWorld,
    phone: Phone,
    line: Line,
    body: str,
    files: Sequence[File] = (),
    extra: Json | None = None,
) -> Text:
    """A guest writes to one of our numbers. Inside a transaction."""
    now = world.clock.iso()
    text = Text(
        new_sid("MM" if files else "SM"),
        line.kind,
        phone.id,
        line.id,
        True,
        GUEST,
        body,
        now,
        now,
        "received",
        now,
    )
    text.service = line.service
    text.extra = {"num_media": len(files), **(extra or {})}
    rows = [Media(new_sid("ME"), text.id, file.mime, file.filename, file.data, now) for file in files]
    with world.store.tx():
        world.store.put_all(rows)
        _mark_opt_out(world, text, line)
        _open_window(world, text)
        world.put_text(text)
        webhooks.inbound(world, text, phone)
    return text


def _open_window(world: LineWorld, text: Text) -> None:
    if text.kind == WHATSAPP:
        pair = world.pair(pair_of(f"window:{text.ours}", text.phone))
        pair.wrote_at = world.clock.epoch()
        world.store.put(pair)


def _mark_opt_out(world: LineWorld, text: Text, line: Line) -> None:
    """An exact single word blocks or frees the pair, and Twilio answers it by itself."""
    word = text.body.strip().upper()
    kind = next(
        (name for name, words in (("STOP", STOP), ("START", START), ("HELP", HELP)) if word in words), ""
    )
    if not kind:
        return
    text.extra["opt_out"] = kind
    pair = world.pair(pair_of(line.service or f"{line.kind}:{line.id}", text.phone))
    if kind != "HELP":
        was, pair.stopped = pair.stopped, kind == "STOP"
        world.store.put(pair)
        if was == pair.stopped:
            return  # nothing has changed, nothing is said
    _answer(world, text, _ANSWERS[kind])


def _answer(world: LineWorld, text: Text, words: str) -> None:
    now, epoch = world.clock.iso(), world.clock.epoch()
    said = Text(new_sid("SM"), text.kind, text.phone, text.ours, False, PROVIDER, words, now, now, "queued")
    said.service, said.moves_at = text.service, epoch + world.settings.sending_seconds
    world.put_text(said)


def read(world: LineWorld, text: Text) -> list[Text]:
    """The guest has seen this message and what came before it; only WhatsApp tells."""
    seen = world.unread(text)
    with world.store.tx():
        for row in seen:
            row.read_at = world.clock.iso()
            if row.kind == WHATSAPP and world.phones.need(row.phone).receipts:
                row.state = "read"
            world.put_text(row)
            if row.state == "read":
                webhooks.status(world, row)
    return seen
