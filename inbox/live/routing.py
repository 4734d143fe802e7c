"""The one socket address."""

from django.urls import path

from inbox.live.consumer import LiveConsumer

websocket_urlpatterns = [path("live/", LiveConsumer.as_asgi())]
