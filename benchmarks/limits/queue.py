"""The usual way: a Django view stores a webhook and enqueues a Celery task, which tells a group of Channels.

`python -m benchmarks.limits.queue` is the worker.
"""

from __future__ import annotations

import os
import sys
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "benchmarks.limits.settings")

from asgiref.sync import async_to_sync
from celery import Celery
from celery.signals import worker_ready
from channels.generic.websocket import AsyncWebsocketConsumer
from channels.layers import get_channel_layer
from channels.routing import ProtocolTypeRouter, URLRouter
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.urls import path

_django: Any = get_asgi_application()

from django.db import close_old_connections, connection, transaction  # noqa: E402

app = Celery("limits")
app.conf.update(broker_url=settings.CELERY_BROKER, task_ignore_result=True, worker_prefetch_multiplier=1)
GROUP = "inbox"


@app.task(name="limits.apply")  # type: ignore[untyped-decorator]
def apply(delivery_id: int) -> None:
    """Make a message of the delivery, then tell every socket."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT body FROM delivery WHERE id = %s", [delivery_id])
        body = bytes(cursor.fetchone()[0]).decode()
        cursor.execute("INSERT INTO message (body) VALUES (%s)", [body])
    close_old_connections()
    async_to_sync(get_channel_layer().group_send)(GROUP, {"type": "told", "text": body})


class Socket(AsyncWebsocketConsumer):  # type: ignore[misc]
    """Joins the group, passes on what it is told."""

    async def connect(self) -> None:
        await self.channel_layer.group_add(GROUP, self.channel_name)
        await self.accept()

    async def told(self, event: dict[str, Any]) -> None:
        await self.send(text_data=event["text"])


application = ProtocolTypeRouter({"http": _django, "websocket": URLRouter([path("live/", Socket.as_asgi())])})


@worker_ready.connect  # type: ignore[untyped-decorator]
def _say(**_: Any) -> None:
    sys.stdout.write("ready\n")
    sys.stdout.flush()


if __name__ == "__main__":
    app.start(["--quiet", "worker", "-P", "threads", "-c", "16", "-l", "WARNING"])
