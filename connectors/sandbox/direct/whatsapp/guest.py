"""The guest's side: messages that come in, reactions, reading, and what a person sets in the app."""

from collections.abc import Sequence

from connectors.sandbox.direct.line_world import LineWorld
from connectors.sandbox.direct.records import GUEST, WHATSAPP, File, Media, Phone, Text, pair_of
from connectors.sandbox.direct.whatsapp import webhooks
from connectors.sandbox.direct.whatsapp.house import NUMBER
from connectors.sandbox.direct.whatsapp.media import kind_of
from connectors.sandbox.direct.whatsapp.send import new_id, new_media_id
from connectors.sandbox.records import Json

_NO_REAL_MESSAGE = ("reaction", "system")


def write(
    world: LineWorld, phone: Phone, body: str, files: Sequence[File] = (), extra: Json | None = None
) -> list[Text]:
    """A guest writes; each file is a message of its own, the text is the caption of the first."""
    parts = [(body, [file]) for file in files[:1]] + [("", [file]) for file in files[1:]] or [(body, [])]
    with world.store.tx():
        return [_one(world, phone, words, file, extra or {}) for words, file in parts]


def _one(world: LineWorld, phone: Phone, body: str, files: Sequence[File], extra: Json) -> Text:
    text = keep(world, phone, body, files, extra)
    webhooks.inbound(world, text, phone)
    return text


def keep(world: LineWorld, phone: Phone, body: str, files: Sequence[File], extra: Json) -> Text:
    """A message that came in, without telling of it. It opens the window unless it is a mere reaction."""
    now = world.clock.iso()
    text = Text(new_id(), WHATSAPP, phone.id, NUMBER, True, GUEST, body, now, now, "received", now)
    kind = kind_of(files[0].mime) if files else "text"
    text.extra = {"type": kind, **extra}
    world.store.put_all(
        [Media(new_media_id(), text.id, file.mime, file.filename, file.data, now) for file in files]
    )
    if text.extra["type"] not in _NO_REAL_MESSAGE:
        pair = world.pair(pair_of(NUMBER, phone.id))
        pair.wrote_at = world.clock.epoch()
        world.store.put(pair)
    world.put_text(text)
    return text


def read(world: LineWorld, text: Text) -> list[Text]:
    """The guest has seen this message and what came before it; told unless receipts are off."""
    seen, phone = world.unread(text), world.phones.need(text.phone)
    with world.store.tx():
        for row in seen:
            row.read_at = world.clock.iso()
            row.state = "read" if phone.receipts else row.state
            world.put_text(row)
            if phone.receipts:
                webhooks.status(world, row, phone)
    return seen
