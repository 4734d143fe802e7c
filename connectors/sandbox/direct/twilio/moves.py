"""How a message gets on its way: sender chosen, files fetched, handed over, delivered or not."""

from connectors.sandbox.direct.fetching import FetchError, fetch
from connectors.sandbox.direct.line_world import LineWorld
from connectors.sandbox.direct.records import WHATSAPP, Media, Phone, Template, Text, pair_of
from connectors.sandbox.direct.twilio import templates, webhooks
from connectors.sandbox.direct.twilio.create import new_sid
from connectors.sandbox.direct.twilio.errors import final_state

WINDOW = 24 * 3600.0
_PICTURES = ("image/jpeg", "image/png", "image/gif")
_MOST_PICTURES, _MOST_OTHERS = 5_000_000, 500_000
_UNREACHABLE, _BLOCKED, _TOO_LARGE, _NOT_ON_WHATSAPP, _WINDOW_SHUT = 11200, 30004, 30019, 63003, 63016
_NEXT = {
    "accepted": "queued",
    "scheduled": "queued",
    "queued": "sending",
    "sending": "sent",
    "sent": "delivered",
}


class Moves:
    """The steps of one account's messages."""

    def __init__(self, world: LineWorld) -> None:
        self._world = world

    async def step(self, text: Text) -> None:
        """Take a message from one state to the next and report it."""
        files: list[Media] = []
        error = self._obstacle(text)
        if not error and text.state == "queued" and text.extra.get("media_urls"):
            files, error = await self._fetched(text)
        now = self._world.text(text.id)
        if now.state != text.state or now.moves_at is None:
            return
        with self._world.store.tx():
            self._world.store.put_all(files)
            self._move(now, error)

    def _obstacle(self, text: Text) -> int:
        """Why it goes no further; 0 if nothing is in its way."""
        phone = self._world.phones.reach(text.phone)
        if text.state == "queued" and text.kind == WHATSAPP:
            if not phone.whatsapp:
                return _NOT_ON_WHATSAPP
            if shut := self._window_shut(text):
                return shut
        if text.state == "queued" and phone.fails_with and final_state(phone.fails_with) == "failed":
            return phone.fails_with
        if text.state == "sent":
            return phone.fails_with or (_BLOCKED if phone.blocked else 0)
        return 0

    def _window_shut(self, text: Text) -> int:
        """What WhatsApp says to a template, or to free text outside its window; 0 for nothing."""
        is_open, sid = self._window_is_open(text), text.extra.get("content_sid")
        if sid:
            return templates.obstacle(self._world.store.get(Template, sid), window_is_open=is_open)
        return 0 if is_open else _WINDOW_SHUT

    def _window_is_open(self, text: Text) -> bool:
        wrote_at = self._world.pair(pair_of(f"window:{text.ours}", text.phone)).wrote_at
        return wrote_at is not None and self._world.clock.epoch() - wrote_at < WINDOW

    async def _fetched(self, text: Text) -> tuple[list[Media], int]:
        """The files, or the code of what is wrong with them."""
        rows: list[Media] = []
        now = self._world.clock.iso()
        for url in text.extra["media_urls"]:
            try:
                mime, data = await fetch(str(url), _MOST_PICTURES)
            except FetchError as error:
                return [], _TOO_LARGE if error.too_large else _UNREACHABLE
            if mime not in _PICTURES and len(data) > _MOST_OTHERS and text.kind != WHATSAPP:
                return [], _TOO_LARGE
            rows.append(Media(new_sid("ME"), text.id, mime, "", data, now))
        return ([], _TOO_LARGE) if sum(len(row.data) for row in rows) > _MOST_PICTURES else (rows, 0)

    def _move(self, text: Text, error: int) -> None:
        if error:
            text.state, text.error, text.moves_at = final_state(error), error, None
        elif text.state == "sent" and self._held(self._world.phones.reach(text.phone)):
            text.moves_at = None
            self._world.put_text(text)
            return
        else:
            text.state = _NEXT[text.state]
            last = text.state == "delivered"
            text.moves_at = None if last else self._world.clock.epoch() + self._world.settings.sending_seconds
        if text.state == "sent":
            text.sent_at = self._world.clock.iso()
        self._world.put_text(text)
        webhooks.status(self._world, text)

    def _held(self, phone: Phone) -> bool:
        """Airplane mode: the carrier keeps it."""
        return phone.airplane
