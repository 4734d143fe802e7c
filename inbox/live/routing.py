"""The socket addresses: of colleagues' screens, of the chat, of the guest portal."""

from django.urls import path

from inbox.live.consumer import LiveConsumer
from inbox.live.guests import GuestConsumer

websocket_urlpatterns = [
    path("live/", LiveConsumer.as_asgi()),
    path("chat/live/", GuestConsumer.as_asgi()),
    path("g/stay/<str:public_id>/live/", GuestConsumer.as_asgi()),
]
