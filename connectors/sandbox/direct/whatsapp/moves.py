"""How a message gets on its way: accepted, sent, delivered, or failed with a code."""

import mimetypes

from connectors.sandbox.direct.fetching import FetchError, fetch
from connectors.sandbox.direct.line_world import LineWorld
from connectors.sandbox.direct.records import Media, Phone, Text, pair_of
from connectors.sandbox.direct.whatsapp import webhooks
from connectors.sandbox.direct.whatsapp.media import fits
from connectors.sandbox.direct.whatsapp.send import FILES, WINDOW, new_media_id

_UNDELIVERABLE, _WINDOW_SHUT, _STOPPED, _BAD_MEDIA = 131026, 131047, 131050, 131053
_MOST = 100_000_000
_NEXT = {"accepted": "sent", "sent": "delivered"}


class Moves:
    """The steps of one account's messages."""

    def __init__(self, world: LineWorld) -> None:
        self._world = world

    async def step(self, text: Text) -> None:
        """Take a message from one state to the next and report it."""
        phone = self._world.phones.reach(text.phone)
        files: list[Media] = []
        error = self._obstacle(text, phone)
        if not error and text.state == "accepted" and text.extra.get("media_urls"):
            files, error = await self._fetched(text)
        now = self._world.text(text.id)
        if now.state != text.state or now.moves_at is None:
            return
        with self._world.store.tx():
            self._world.store.put_all(files)
            self._move(now, phone, error)

    def _obstacle(self, text: Text, phone: Phone) -> int:
        """Why it goes no further; 0 if nothing is in its way."""
        if text.state != "accepted":
            return 0
        if phone.fails_with:
            return phone.fails_with
        if phone.blocked or not phone.whatsapp:
            return _UNDELIVERABLE
        if "template" not in text.extra:
            wrote_at = self._world.pair(pair_of(text.ours, text.phone)).wrote_at
            is_open = wrote_at is not None and self._world.clock.epoch() - wrote_at < WINDOW
            return 0 if is_open else _WINDOW_SHUT
        return _STOPPED if phone.stops_marketing and text.extra["pricing"]["category"] == "marketing" else 0

    async def _fetched(self, text: Text) -> tuple[list[Media], int]:
        """The file, or the code of what is wrong with it."""
        url, kind = str(text.extra["media_urls"][0]), str(text.extra["type"])
        try:
            mime, data = await fetch(url, _MOST)
        except FetchError:
            return [], _BAD_MEDIA
        if kind in FILES and not fits(kind, mime, len(data)):
            return [], _BAD_MEDIA
        name = str(text.extra.get("filename") or f"file{mimetypes.guess_extension(mime) or ''}")
        return [Media(new_media_id(), text.id, mime, name, data, self._world.clock.iso())], 0

    def _move(self, text: Text, phone: Phone, error: int) -> None:
        if text.state == "sent" and phone.airplane:
            text.moves_at = None
            self._world.put_text(text)
            return
        text.state, text.error = ("failed", error) if error else (_NEXT[text.state], 0)
        goes_on = text.state == "sent"
        text.moves_at = self._world.clock.epoch() + self._world.settings.sending_seconds if goes_on else None
        if goes_on:
            text.sent_at = self._world.clock.iso()
        self._world.put_text(text)
        webhooks.status(self._world, text, phone)
