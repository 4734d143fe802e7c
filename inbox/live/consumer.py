"""One socket per browser tab: resume by number, presence and typing. It never writes anything but presence."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any
from urllib.parse import parse_qs

import structlog
from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings
from django.db import DatabaseError
from redis.exceptions import RedisError

from bellhop.accounts.models import User
from bellhop.accounts.permissions import Permission
from bellhop.core import live
from inbox.live import audience as audiences
from inbox.live.audience import Audience
from inbox.live.hub import hub
from inbox.services import threads
from reservations.models import Sequence

RECHECK_S = 60.0
SIGNED_OUT = 4401
STATES = ("viewing", "replying", "noting", "typing", "left")

log = structlog.get_logger(__name__)


class LiveConsumer(AsyncWebsocketConsumer):  # type: ignore[misc]
    """Speaks JSON. In: hello {n}, presence {thread, state}. Out: {n, events, rows}, refresh, presence."""

    audience: Audience
    number: int = 0
    joined: bool = False

    async def connect(self) -> None:
        user = self.scope["user"]
        if not user.is_authenticated:
            await self.accept()
            await self.close(code=SIGNED_OUT)
            return
        self.user = user
        self.page = parse_qs(self.scope["query_string"].decode("ascii", "ignore"))
        self.audience = await database_sync_to_async(_audience)(user.pk, self.page)
        self.checked_at = time.monotonic()
        self.seen: dict[str, int | None] = {}
        await self.accept()

    async def disconnect(self, code: int) -> None:  # noqa: ARG002 (the base class names it)
        if self.joined:
            hub.leave(self)
            await self._presence_quietly(None)
            await self._leave_group()

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:  # noqa: ARG002
        try:
            message = json.loads(text_data or "")
        except ValueError:
            return
        if not isinstance(message, dict):
            return
        if time.monotonic() - self.checked_at > RECHECK_S and not await self._recheck():
            return
        if message.get("type") == "ping":
            await self.send(text_data=json.dumps({"type": "pong"}))
        elif message.get("type") == "hello" and not self.joined:
            await self._hello(message.get("n"))
        elif message.get("type") == "presence" and self.joined:
            await self._presence(message)

    async def _hello(self, number: object) -> None:
        """Start at the browser's number, or at the newest where it has none."""
        last = await database_sync_to_async(live.number_all)(self.audience.organization_id)
        known = number if isinstance(number, int) and 0 <= number <= last else None
        self.number = last if known is None else known
        self.joined = True
        await self.send(text_data=json.dumps({"type": "ready", "n": self.number, "last": last}))
        if number is not None and known is None:
            await self.refresh(last)
        hub.join(self)
        await self._join_group()

    async def push(self, text: str) -> None:
        await self.send(text_data=text)

    async def refresh(self, number: int) -> None:
        """Too far behind to be told one by one: the page fetches its panes anew and keeps its drafts."""
        self.number = number
        await self.send(text_data=json.dumps({"type": "refresh", "n": number}))

    async def _recheck(self) -> bool:
        """Rights may have been taken away since the socket was opened."""
        self.checked_at = time.monotonic()
        try:
            fresh = await database_sync_to_async(_audience)(self.user.pk, self.page)
        except DatabaseError:
            return True
        if fresh is None:
            await self.close(code=SIGNED_OUT)
            return False
        if fresh != self.audience and self.joined:
            hub.leave(self)
            self.audience = fresh
            hub.join(self)
        return True

    # --- presence: who looks at what, who is writing -----------------------------------------------------------
    @property
    def _group(self) -> str:
        return presence_group(self.audience.organization_id)

    async def _join_group(self) -> None:
        await quietly(self.channel_layer.group_add(self._group, self.channel_name))

    async def _leave_group(self) -> None:
        await quietly(self.channel_layer.group_discard(self._group, self.channel_name))

    async def _presence(self, message: dict[str, Any]) -> None:
        thread_id, state = str(message.get("thread", ""))[:20], message.get("state")
        if state not in STATES or not self.audience.reads_threads:
            return
        if thread_id not in self.seen:
            if len(self.seen) > 500:
                self.seen.clear()
            found = await database_sync_to_async(_property_of)(self.user.pk, thread_id)
            if found is False:
                return
            self.seen[thread_id] = found
        self.here = {
            "type": "presence.told",
            "thread": thread_id,
            "property": self.seen[thread_id],
            "state": state,
            "user": self.user.public_id,
            "name": self.user.full_name,
            "initials": self.user.initials,
            "asks": bool(message.get("asks")),
            "from": self.channel_name,
        }
        await quietly(self.channel_layer.group_send(self._group, self.here))

    async def _presence_quietly(self, _thread: None) -> None:
        here = getattr(self, "here", None)
        if here is not None:
            left = {**here, "state": "left", "asks": False}
            await quietly(self.channel_layer.group_send(self._group, left))

    async def presence_told(self, event: dict[str, Any]) -> None:
        """Somebody of the organization; told on if this person may see the thread. Who asks gets our own state back."""
        if not self.audience.reads_threads or self.audience.on_board:
            return
        properties = self.audience.properties
        if properties is not None and event["property"] not in properties:
            return
        here = getattr(self, "here", None)
        asked = event["asks"] and event["from"] != self.channel_name
        if asked and here is not None and here["thread"] == event["thread"] and here["state"] != "left":
            await quietly(self.channel_layer.send(event["from"], {**here, "asks": False}))
        if event["user"] == self.user.public_id:
            return
        shown = {key: event[key] for key in ("thread", "state", "user", "name", "initials")}
        await self.send(text_data=json.dumps({"type": "presence", **shown}))


def presence_group(organization_id: int) -> str:
    return f"presence.{organization_id}"


def _language(wanted: str) -> str:
    """The language of the page that opened the socket; empty where it is none of ours."""
    return wanted if wanted in dict(settings.LANGUAGES) else ""


def _audience(user_id: int, page: dict[str, list[str]]) -> Audience | None:
    """Of a person on a page: `lang` is its language, `room` "board" for the housekeeping board."""
    user = User.objects.select_related("role").filter(pk=user_id, is_active=True).first()
    if user is None:
        return None
    language, room = page.get("lang", [""])[0], page.get("room", [""])[0]
    return audiences.of(user, _language(language), on_board=room == "board")


def _property_of(user_id: int, public_id: str) -> int | bool | None:
    """The property of a thread that the person may see, None for a sequence they may write; False where there is none
    such."""
    user = User.objects.select_related("role").get(pk=user_id)
    row = threads.visible_to(user).filter(public_id=public_id).values_list("property_id", flat=True)[:1]
    if row:
        return row[0]
    writes = Permission.SEQUENCES_EDIT.value in user.granted
    own = Sequence.objects.filter(organization_id=user.organization_id, public_id=public_id)
    return None if writes and own.exists() else False


async def quietly(sending: Any) -> None:
    """Presence is a courtesy: without Redis there is none, and nothing else suffers."""
    try:
        async with asyncio.timeout(1):
            await sending
    except (RedisError, OSError, TimeoutError) as error:
        log.debug("presence_not_told", error=type(error).__name__)
