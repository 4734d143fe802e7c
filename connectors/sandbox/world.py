"""The running sandbox: store, clock, settings, faults, limits, and the queue of webhooks, in one place."""

import asyncio
import contextlib
import json
from collections.abc import Iterator
from pathlib import Path

from connectors.sandbox.clock import Clock
from connectors.sandbox.faults import Faults
from connectors.sandbox.happenings import Happening, Wire
from connectors.sandbox.house import House
from connectors.sandbox.ids import new_id
from connectors.sandbox.limits import Limiter
from connectors.sandbox.records import Change, Json, Stay
from connectors.sandbox.replica import Replica
from connectors.sandbox.requestlog import RequestLog
from connectors.sandbox.store import Store
from connectors.sandbox.webhook_queue import Queue


class World:
    """One PMS with everything that a handler or an action needs. Used from the event loop's thread only."""

    def __init__(self, data: Path, house: House) -> None:
        self.house = house
        self.store = Store(data / house.database, house.tables, house.indexes)
        self.settings = house.settings.load(self.store)
        self.clock = Clock(self.settings.clock_offset)
        self.faults = Faults(self.store, house.no_faults)
        self.limiter = Limiter(self.store, lambda: self.settings.limit_scale)
        self.replica = Replica(self.store)
        self.requests = RequestLog()
        self.wires: list[Wire] = []
        self._silent = False
        self.wake = asyncio.Event()
        self.queue = Queue(self.store, self.clock, self.faults, self.wake)
        self.follow_if_stale()

    def new_id(self, kind: str) -> str:
        """A fresh id for a record of this kind, in the vendor's form."""
        return self.house.new_id(kind)

    def announce(self, happening: Happening, wait: float = 0.0) -> None:
        """Queue the webhooks that tell of this, to go after `wait` seconds. Belongs into the change's transaction."""
        if self._silent or not self.queue.subscriptions():
            return
        for wire in self.wires:
            for event, body in wire.payloads(happening):
                text = json.dumps(body, ensure_ascii=False)
                self.queue.add(wire.name, event, text, wait, self.house.scope(body))

    @contextlib.contextmanager
    def silence(self) -> Iterator[None]:
        """Announce nothing meanwhile. Not to be held over an await."""
        self._silent = True
        try:
            yield
        finally:
            self._silent = False

    def record_change(self, stay: Stay, by: str, **values: object) -> Json:
        """Set fields of the stay and log who changed them; answers the old values of those that differ.

        The stay is stored with a fresh version; announcing it is the caller's.
        """
        now = self.clock.iso()
        changed: Json = {}
        for name, value in values.items():
            old = getattr(stay, name)
            if old != value:
                setattr(stay, name, value)
                changed[name] = old
                self.store.put(Change(new_id(), stay.id, now, by, name, _text(old), _text(value)))
        if changed:
            stay.updated_at = now
            self.store.put(stay)
        return changed

    def follow_if_stale(self) -> None:
        """Keep a lagging copy for as long as a fault asks for stale reads."""
        if any(fault.kind == "stale_reads" and fault.enabled for fault in self.faults.all()):
            self.replica.follow()
        else:
            self.replica.stop()

    def change_settings(self, values: Json) -> None:
        """Take over settings, keep them, and let them take effect. Raises SettingError."""
        self.settings.change(values)
        self.settings.save(self.store)
        self.clock.offset = self.settings.clock_offset
        self.wake.set()

    def close(self) -> None:
        """Keep what is only in memory and let go of the file."""
        self.limiter.save()
        self.store.close()


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
