"""The sockets of guests' pages: chat and portal. They are told that something changed and ask for what they may see;
whoever sends too much, too large or reads too slowly is closed, and nobody else notices."""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from collections.abc import Callable
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

import structlog
from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from django.core import signing
from django.db import DatabaseError

from bellhop.core import live, peers
from bellhop.core.throttle import Limit, TooOften, count
from inbox.live.audience import GuestAudience
from inbox.live.consumer import presence_group, quietly
from inbox.live.hub import hub
from inbox.services.chat import cookies, reading, visitors
from inbox.services.chat.reading import Reader

HELLO_WITHIN_S: Final = 10.0
LARGEST: Final = 4_096
FRAMES: Final = 40
FRAMES_WITHIN_S: Final = 10.0
UNREAD_FRAMES: Final = 4
READ_WITHIN_S: Final = 20.0
SOCKETS_OF_ONE: Final = 6
OPENINGS: Final = Limit(120, 60)

REFUSED, TOO_LARGE, FLOOD, SLOW, TOO_MANY = 4401, 1009, 4429, 4408, 4409

R = TypeVar("R")

log = structlog.get_logger(__name__)
_open: Counter[int] = Counter()


class GuestConsumer(AsyncWebsocketConsumer):  # type: ignore[misc]
    """Speaks JSON. In: hello {key, token, after}, got {n}, seen {keys, state}, ping. Out: ready, shown {n, messages,
    state}, typing, pong. The token comes in the first frame, never in the address."""

    audience: GuestAudience
    number: int = 0
    joined: bool = False

    async def connect(self) -> None:
        headers = dict(self.scope["headers"])
        if not _is_own(headers):
            await self.close(code=REFUSED)
            return
        self.peer = _peer(self.scope, headers)
        self.opened_at = time.monotonic()
        self.frames: list[float] = []
        self.sent, self.unread = 0, dict[int, float]()
        self.after, self.thread, self.behind = "", "", False
        self.stale, self.work = False, asyncio.create_task(asyncio.sleep(0))
        self.reader: Reader | None = None
        try:
            await database_sync_to_async(count)(f"chat:socket:{peers.network_of(self.peer)}", OPENINGS)
        except (TooOften, DatabaseError):
            await self.close(code=FLOOD)
            return
        await self.accept()
        self.waits = asyncio.create_task(self._expect_hello())

    async def _expect_hello(self) -> None:
        await asyncio.sleep(HELLO_WITHIN_S)
        if not self.joined:
            await self.close(code=REFUSED)

    async def disconnect(self, code: int) -> None:  # noqa: ARG002 (the base class names it)
        if (waits := getattr(self, "waits", None)) is not None:
            waits.cancel()
        if self.joined and self.reader is not None:
            self.joined = False
            hub.leave(self)
            _open[self.reader.visitor.pk] -= 1
            await quietly(
                self.channel_layer.group_discard(
                    presence_group(self.audience.organization_id), self.channel_name
                )
            )

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        if bytes_data is not None or len(text_data or "") > LARGEST:
            await self.close(code=TOO_LARGE)
            return
        if self._is_flood():
            await self.close(code=FLOOD)
            return
        try:
            message = json.loads(text_data or "")
        except (ValueError, RecursionError):
            return
        if isinstance(message, dict):
            await self._take(message)

    def _is_flood(self) -> bool:
        now = time.monotonic()
        self.frames = [at for at in self.frames if at > now - FRAMES_WITHIN_S] + [now]
        return len(self.frames) > FRAMES

    async def _take(self, message: dict[str, Any]) -> None:
        kind = message.get("type")
        if kind == "hello" and not self.joined:
            await self._hello(message)
        elif not self.joined or self.reader is None:
            return
        elif kind == "got":
            number = message.get("n")
            self.unread.pop(number if isinstance(number, int) else 0, None)
            if self.behind:
                self._wake()
        elif kind == "seen":
            await self._database(reading.seen, self.reader, message.get("keys"), message.get("state"))
        elif kind == "ping" and await self._recheck():
            await self.send(text_data=json.dumps({"type": "pong"}))

    async def _hello(self, message: dict[str, Any]) -> None:
        reader = await self._find(message)
        if reader is None:
            await self.close(code=REFUSED)
            return
        if _open[reader.visitor.pk] >= SOCKETS_OF_ONE:
            await self.close(code=TOO_MANY)
            return
        self.reader, self.joined = reader, True
        _open[reader.visitor.pk] += 1
        after = message.get("after")
        self.after = after[:20] if isinstance(after, str) else ""
        organization_id = reader.visitor.organization_id
        self.number = await database_sync_to_async(live.number_all)(organization_id)
        await self._follow(reader)
        await self.send(text_data=json.dumps({"type": "ready"}))
        hub.join(self)
        await quietly(self.channel_layer.group_add(presence_group(organization_id), self.channel_name))
        await self._database(visitors.here, reader.visitor)
        self._wake()

    async def _find(self, message: dict[str, Any]) -> Reader | None:
        """By the token of the chat in this frame; on the portal's address by its cookie."""
        link_id = self.scope["url_route"]["kwargs"].get("public_id", "")
        if link_id:
            given = self.scope.get("cookies", {}).get(cookies.PORTAL, "")
            return await self._database(_by_cookie, link_id, given)
        key, token = message.get("key"), message.get("token")
        if not isinstance(key, str) or not isinstance(token, str):
            return None
        return await self._database(reading.by_token, key, token)

    async def _follow(self, reader: Reader) -> None:
        found = await self._database(reading.thread_of, reader)
        self.thread = found[1] if found else ""
        self.audience = GuestAudience(reader.visitor.organization_id, frozenset([found[0]] if found else []))

    async def push(self, text: str) -> None:
        """From the hub, for everybody of this audience: only whether something changed."""
        if '"changed"' in text:
            self._wake()

    async def refresh(self, number: int) -> None:
        self.number = number
        self._wake()

    def _wake(self) -> None:
        """The hub waits for no guest: each is shown what is new by a task of its own, once for all that came."""
        self.stale = True
        if self.work.done():
            self.work = asyncio.create_task(self._catch_up())

    async def _catch_up(self) -> None:
        try:
            while self.stale and self.joined:
                self.stale = False
                await self._changed()
        except OSError as error:
            log.info("guest_gone", error=type(error).__name__)

    async def _changed(self) -> None:
        """Their thread may be another one now: it was begun, merged or linked."""
        if self.reader is None or not self.joined:
            return
        before = self.audience
        await self._follow(self.reader)
        if self.audience != before:
            now, self.audience = self.audience, before
            hub.leave(self)
            self.audience = now
            hub.join(self)
        await self._show()

    async def _show(self) -> None:
        """A page that doesn't say that it got what it was sent gets no more for the time being."""
        if self.unread and time.monotonic() - min(self.unread.values()) > READ_WITHIN_S:
            await self.close(code=SLOW)
            return
        self.behind = len(self.unread) >= UNREAD_FRAMES
        if self.behind or self.reader is None:
            return
        shown = await self._database(reading.snapshot, self.reader, self.after)
        if shown is None:
            return
        keys = [message["key"] for message in shown["messages"] if message["key"]]
        self.after = keys[-1] if keys else self.after
        self.sent += 1
        self.unread[self.sent] = time.monotonic()
        await self.send(text_data=json.dumps({"type": "shown", "n": self.sent, **shown}))

    async def _recheck(self) -> bool:
        """Their token may have ended meanwhile."""
        assert self.reader is not None
        fresh = await self._database(reading.again, self.reader)
        if fresh is None:
            await self.close(code=REFUSED)
            return False
        self.reader = fresh
        await self._database(visitors.here, fresh.visitor)
        return True

    async def presence_told(self, event: dict[str, Any]) -> None:
        """A colleague writes in this thread: that, and not who."""
        if self.thread and event["thread"] == self.thread and event["state"] in {"replying", "typing"}:
            await self.send(text_data=json.dumps({"type": "typing"}))

    async def _database(self, function: Callable[..., R], *args: Any) -> R | None:
        """None while the database is away: the page asks again."""
        try:
            found: R = await database_sync_to_async(function)(*args)
        except DatabaseError as error:
            log.warning("guest_page_not_read", error=type(error).__name__)
            return None
        return found


def _is_own(headers: dict[bytes, bytes]) -> bool:
    """Opened by a page of ours, scheme aside: a browser says where its page is from. Without a word: no."""
    origin = headers.get(b"origin", b"").decode("latin-1")
    return bool(origin) and urlsplit(origin).netloc == headers.get(b"host", b"").decode("latin-1")


def _peer(scope: dict[str, Any], headers: dict[bytes, bytes]) -> str:
    remote = (scope.get("client") or [""])[0]
    return peers.peer_of(remote, headers.get(b"x-forwarded-for", b"").decode("latin-1"))


def _by_cookie(link_id: str, given: str) -> Reader | None:
    try:
        named = cookies.link_of(given)
    except signing.BadSignature:
        return None
    return reading.by_link(link_id) if named == link_id else None
