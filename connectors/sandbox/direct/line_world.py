"""The world of one provider: as a PMS's, plus phones, and messages that move on by themselves."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path

from connectors.sandbox.direct.phones import Phones
from connectors.sandbox.direct.records import Media, Pair, Text
from connectors.sandbox.house import House
from connectors.sandbox.records import Json, Subscription
from connectors.sandbox.store import MissingError
from connectors.sandbox.world import World

Step = Callable[[Text], Awaitable[None]]
_LONGEST_NAP = 5.0
_AT_ONCE = 100
_log = logging.getLogger(__name__)


class LineWorld(World):
    """One provider. `address` is where this program is reached, without a slash at the end."""

    def __init__(self, data: Path, house: House, phones: Phones, address: str) -> None:
        self.stir = asyncio.Event()
        super().__init__(data, house)
        self.phones = phones
        self.address = address

    def change_settings(self, values: Json) -> None:
        """As in every world; what waits looks at the clock again."""
        super().change_settings(values)
        self.stir.set()

    def endpoint(self, key: str) -> Subscription:
        """Where webhooks of one sort go."""
        return self.store.need(Subscription, key)

    def owe(self, key: str, event: str, body: str, url: str = "") -> None:
        """Owe a webhook to one of the endpoints, if it has an address."""
        endpoint = self.endpoint(key)
        if url or endpoint.url:
            self.queue.owe(endpoint, event, body, url=url)

    def pair(self, key: str) -> Pair:
        """What is known of a pair."""
        return self.store.get(Pair, key) or Pair(key)

    def text(self, key: str) -> Text:
        """One message. Raises MissingError."""
        return self.store.need(Text, key)

    def media_of(self, text: Text) -> list[Media]:
        """The files of a message, in order."""
        return self.store.find(Media, "text_id = ?", (text.id,))

    def put_text(self, text: Text) -> None:
        """Keep a message as it is now."""
        text.updated_at = self.clock.iso()
        self.store.put(text)
        self.stir.set()

    def wake_held(self, number: str, state: str) -> None:
        """A phone is reachable again: what was held for it goes on now."""
        with self.store.tx():
            for text in self.store.find(
                Text, "phone = ? AND state = ? AND moves_at IS NULL AND inbound = 0", (number, state)
            ):
                text.moves_at = self.clock.epoch()
                self.put_text(text)

    def unread(self, text: Text) -> list[Text]:
        """What the guest hasn't read yet of what was delivered until this one came."""
        return self.store.find(
            Text,
            "phone = ? AND kind = ? AND inbound = 0 AND state = 'delivered' AND read_at IS NULL AND created_at <= ?",
            (text.phone, text.kind, text.created_at),
            order="created_at, rowid",
        )


class Mover:
    """A loop that takes every message whose next state is due one step further."""

    def __init__(self, world: LineWorld, step: Step) -> None:
        self._world = world
        self._step = step

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            self._world.stir.clear()
            due = self._world.store.find(
                Text, "moves_at <= ?", (self._world.clock.epoch(),), order="moves_at, rowid", limit=_AT_ONCE
            )
            if due:
                await asyncio.gather(*(self._move(text) for text in due))
            else:
                await self._nap()

    async def _move(self, text: Text) -> None:
        try:
            await self._step(text)
        except MissingError:
            return  # it was reset away meanwhile
        except Exception:
            _log.exception("message %s could not be moved on", text.id)
            raise

    async def _nap(self) -> None:
        soon = self._world.store.find(Text, "moves_at IS NOT NULL", order="moves_at", limit=1)
        until = (soon[0].moves_at or 0.0) - self._world.clock.epoch() if soon else _LONGEST_NAP
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._world.stir.wait(), min(max(until, 0.001), _LONGEST_NAP))
