"""The connections that webhooks are for, remembered for a few seconds."""

from __future__ import annotations

import json
import time
from collections import OrderedDict
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

import structlog

from bellhop.core import vault
from connectors.contract.connector import Connector, Settings
from connectors.contract.registry import connector_class, is_channel
from connectors.outbound.addresses import hook_url_of

if TYPE_CHECKING:
    from connectors.inbound.intake_store import Store

log = structlog.get_logger(__name__)
REMEMBER_S = 5.0
REMEMBER_MAX = 5_000
REPORT_EVERY_S = 10.0


@dataclass(frozen=True, slots=True)
class Target:
    """What intake needs of a connection."""

    connection_id: int
    connector: Connector
    secrets: tuple[str, ...]


class Known:
    """Token in the address → connection. Unknown tokens are remembered too, so that guessing costs us nothing."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._entries: OrderedDict[str, tuple[float, Target | None]] = OrderedDict()
        self._refused: dict[int, int] = {}
        self._reported_at: dict[int, float] = {}

    async def get(self, token: str, *, fresh: bool = False) -> Target | None:
        """The connection with this token. Raises NoDatabase."""
        entry = self._entries.get(token)
        if entry is not None and not fresh and time.monotonic() - entry[0] < REMEMBER_S:
            return entry[1]
        target = _target(await self._store.connection_row(token))
        self._entries[token] = (time.monotonic(), target)
        while len(self._entries) > REMEMBER_MAX:
            self._entries.popitem(last=False)
        return target

    async def refused(self, connection_id: int, now: datetime) -> None:
        """A wrong signature is counted and logged now and then, never stored; then the secret is looked for anew, in
        case it was rotated. Raises NoDatabase."""
        self._refused[connection_id] = self._refused.get(connection_id, 0) + 1
        if time.monotonic() - self._reported_at.get(connection_id, -REPORT_EVERY_S) < REPORT_EVERY_S:
            return
        self._reported_at[connection_id] = time.monotonic()
        count = self._refused.pop(connection_id)
        log.warning("webhook_signatures_refused", connection=connection_id, count=count)
        await self._store.look_for_secret(connection_id, now)


def _target(row: tuple[int, str, str, str, str, bytes, bytes] | None) -> Target | None:
    """Channels sign with what the account was connected with, some over our address: their connectors get both. No
    other credentials are kept here."""
    if row is None:
        return None
    connection_id, slug, base_url, timezone, hook_token, secrets, credentials = row
    entries = json.loads(vault.decrypt(bytes(secrets)))
    settings = Settings(base_url=base_url, timezone=timezone, hook_url=hook_url_of(hook_token))
    if is_channel(slug):
        settings = replace(settings, credentials=json.loads(vault.decrypt(bytes(credentials))))
    connector = connector_class(slug)(settings)
    return Target(connection_id, connector, tuple(entry["value"] for entry in entries))
