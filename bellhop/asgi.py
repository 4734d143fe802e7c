"""The web process: webhooks and the socket are taken before Django, everything else is Django.

Plain ASGI: Daphne, uvicorn and granian run it alike.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bellhop.settings")

from channels.auth import AuthMiddlewareStack
from channels.routing import ProtocolTypeRouter, URLRouter
from channels.security.websocket import AllowedHostsOriginValidator
from django.core.asgi import get_asgi_application

_django: Any = get_asgi_application()  # sets Django up; what follows may import models

import bellhop.celery  # noqa: E402, F401 (what a request wakes goes through this app)
from bellhop import checks  # noqa: E402
from connectors.inbound import intake  # noqa: E402
from inbox.live.routing import websocket_urlpatterns  # noqa: E402

checks.at_start()

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


async def _http(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["path"].startswith("/hooks/"):
        await intake.application(scope, receive, send)
    else:
        await _django(scope, receive, send)


async def _lifespan(_scope: Scope, receive: Receive, send: Send) -> None:
    """Answered for the servers that ask; nothing here needs it."""
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return


application = ProtocolTypeRouter(
    {
        "http": _http,
        "lifespan": _lifespan,
        "websocket": AllowedHostsOriginValidator(AuthMiddlewareStack(URLRouter(websocket_urlpatterns))),
    }
)

# The slowest requests are mostly collections of what start-up made: set it aside, and collect less often.
gc.collect()
gc.freeze()
gc.set_threshold(50_000, 50, 1_000)

# A page being rendered hands over to the socket's loop after half a millisecond, not five: live push goes first.
sys.setswitchinterval(0.0005)
