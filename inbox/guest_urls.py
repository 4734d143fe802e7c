"""Addresses of guests' pages: the chat of a website and the guest portal. Nobody signs in there."""

from django.urls import path

from inbox.views import chat, portal

urlpatterns = [
    path("chat/widget.js", chat.script, name="chat-widget"),
    path("chat/widget-<slug:version>.js", chat.script, name="chat-widget-pinned"),
    path("chat/frame/<str:key>", chat.frame, name="chat-frame"),
    path("chat/frame/<str:key>/kept", chat.kept, name="chat-kept"),
    path("chat/<str:key>/start", chat.start, name="chat-start"),
    path("chat/<str:key>/messages", chat.messages, name="chat-messages"),
    path("chat/<str:key>/write", chat.write, name="chat-write"),
    path("chat/<str:key>/files", chat.upload, name="chat-upload"),
    path("chat/<str:key>/seen", chat.seen, name="chat-seen"),
    path("chat/<str:key>/contact", chat.contact, name="chat-contact"),
    path("chat/<str:key>/identify", chat.identify, name="chat-identify"),
    path("chat/<str:key>/end", chat.end, name="chat-end"),
    path("g/", portal.again, name="portal-again"),
    path("g/<str:token>", portal.enter, name="portal-enter"),
    path("g/stay/<str:public_id>/", portal.stay, name="portal-stay"),
    path("g/stay/<str:public_id>/write", portal.write, name="portal-write"),
    path("g/stay/<str:public_id>/files", portal.upload, name="portal-upload"),
    path("g/stay/<str:public_id>/messages", portal.messages, name="portal-messages"),
    path("g/stay/<str:public_id>/seen", portal.seen, name="portal-seen"),
    path("g/stay/<str:public_id>/prove", portal.prove, name="portal-prove"),
]
