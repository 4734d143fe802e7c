"""The limit of live push: one Redis subscription per process; what it brings goes to every socket, encoded once."""

from __future__ import annotations

import asyncio
import os
from typing import Any

import redis.asyncio as redis
from channels.generic.websocket import AsyncWebsocketConsumer
from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.asgi import get_asgi_application
from django.urls import path

CHANNEL = "limits:live"
_django: Any = get_asgi_application()


class Hub:
    """Sockets of this process."""

    def __init__(self) -> None:
        self.sockets: set[Socket] = set()
        self._listening: asyncio.Task[None] | None = None

    def join(self, socket: Socket) -> None:
        self.sockets.add(socket)
        if self._listening is None:
            self._listening = asyncio.create_task(self._listen())

    async def _listen(self) -> None:
        client = redis.Redis.from_url(os.environ["LIMITS_REDIS"])
        async with client.pubsub() as channel:
            await channel.subscribe(CHANNEL)
            async for message in channel.listen():
                if message["type"] == "message":
                    text = message["data"].decode()
                    for socket in list(self.sockets):
                        await socket.send(text_data=text)


hub = Hub()


class Socket(AsyncWebsocketConsumer):  # type: ignore[misc]
    """Joins the hub, says nothing."""

    async def connect(self) -> None:
        await self.accept()
        hub.join(self)

    async def disconnect(self, code: int) -> None:  # noqa: ARG002 (the base class names it)
        hub.sockets.discard(self)


application = ProtocolTypeRouter({"http": _django, "websocket": URLRouter([path("live/", Socket.as_asgi())])})
