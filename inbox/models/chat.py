"""Web chat and guest portal: the widget of a site, its visitors, the links to a stay's page."""

from __future__ import annotations

import secrets
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from bellhop.core.fields import EncryptedJSONField, PublicIdField

COLOUR = "#0f5c55"


def new_key() -> str:
    return secrets.token_urlsafe(18)


def new_secret() -> str:
    return secrets.token_urlsafe(32)


def english() -> list[str]:
    return ["en"]


class ChatWidget(models.Model):
    """The chat of one web chat connection. `key` is public and stands in the site's pages. `origins` are the sites that
    may show it (scheme, host and port exactly); none: nobody may. `hours`: day of the week (0 is Monday) → spans of
    local time in `timezone` as ["09:00", "18:00"]; empty: always. Minutes: after `answer_within_min` without an answer
    the visitor is asked for an address, after `mail_after_min` unread answers go there. `secret` signs identities."""

    connection = models.OneToOneField(
        "connectors.Connection", models.CASCADE, related_name="chat", primary_key=True
    )
    organization = models.ForeignKey("accounts.Organization", models.CASCADE, related_name="+")
    property = models.ForeignKey("reservations.Property", models.SET_NULL, related_name="+", null=True)
    key = models.CharField(max_length=40, unique=True, default=new_key)
    origins: Any = ArrayField(models.CharField(max_length=200), default=list)
    title = models.CharField(max_length=60, blank=True, default="")
    greeting = models.CharField(max_length=300, blank=True, default="")
    colour = models.CharField(max_length=7, default=COLOUR)
    languages: Any = ArrayField(models.CharField(max_length=10), default=english)
    privacy_url = models.URLField(max_length=300, blank=True, default="")
    hours: Any = models.JSONField(default=dict)
    timezone = models.CharField(max_length=64, default="UTC")
    answer_within_min = models.PositiveSmallIntegerField(default=5)
    mail_after_min = models.PositiveSmallIntegerField(default=10)
    blocked: Any = ArrayField(models.CharField(max_length=50), default=list)
    secret = EncryptedJSONField(default=new_secret)

    def __str__(self) -> str:
        return self.title or self.key


class ChatVisitor(models.Model):
    """Somebody who chats: their `public_id` is their address on the channel. Their token is kept as a digest, empty
    where they come by a portal link only, or ended it. Name, e-mail and phone are what they typed: proof of nothing.
    `guest` and `stay` are known where the site or a portal link vouches for them (`verified_by`). `seen_at`: last
    connected. Answers up to `mailed_to` were sent to their address."""

    class By(models.TextChoices):
        NOBODY = "", _("Not verified")
        SITE = "site", _("Signed by the website")
        PORTAL = "portal", _("Portal link")

    public_id = PublicIdField()
    organization = models.ForeignKey("accounts.Organization", models.CASCADE, related_name="+")
    widget = models.ForeignKey(ChatWidget, models.CASCADE, related_name="visitors")
    token_digest = models.CharField(max_length=64, blank=True, default="")
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    name = models.CharField(max_length=120, blank=True, default="")
    email = models.CharField(max_length=254, blank=True, default="")
    phone = models.CharField(max_length=40, blank=True, default="")
    language = models.CharField(max_length=10, blank=True, default="")
    page_url = models.CharField(max_length=500, blank=True, default="")
    page_title = models.CharField(max_length=200, blank=True, default="")
    verified_by = models.CharField(max_length=6, choices=By, blank=True, default=By.NOBODY)
    guest = models.ForeignKey("reservations.Guest", models.CASCADE, related_name="+", null=True)
    stay = models.ForeignKey("reservations.Reservation", models.CASCADE, related_name="+", null=True)
    created_at = models.DateTimeField()
    seen_at = models.DateTimeField(null=True)
    mailed_to = models.BigIntegerField(default=0)
    mailed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["token_digest"], condition=~models.Q(token_digest=""), name="chat_token_unique"
            ),
        )
        indexes = (
            models.Index(fields=["widget", "-created_at"], name="chat_visitor_by_time"),
            models.Index(fields=["guest"], name="chat_visitor_by_guest"),
        )

    def __str__(self) -> str:
        return f"visitor {self.public_id}"


class PortalLink(models.Model):
    """A link to the page of one stay, made for one recipient on one channel, so that a leaked one can be told and
    revoked. It is good until some days after departure (`services.portal`). `tries`: how often somebody tried to prove
    who they are through it."""

    class Right(models.TextChoices):
        CHAT = "chat", _("Write")
        UPLOAD = "upload", _("Send files")
        DETAILS = "details", _("Door code, address, Wi-Fi")

    public_id = PublicIdField()
    organization = models.ForeignKey("accounts.Organization", models.CASCADE, related_name="+")
    stay = models.ForeignKey("reservations.Reservation", models.CASCADE, related_name="portal_links")
    guest = models.ForeignKey("reservations.Guest", models.CASCADE, related_name="+", null=True)
    visitor = models.OneToOneField(ChatVisitor, models.CASCADE, related_name="portal_link")
    channel = models.CharField(max_length=10, blank=True, default="")
    recipient = models.CharField(max_length=254, blank=True, default="")
    rights: Any = ArrayField(models.CharField(max_length=10), default=list)
    token_digest = models.CharField(max_length=64, unique=True)
    made_by = models.ForeignKey("accounts.User", models.SET_NULL, related_name="+", null=True)
    created_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)
    revoked_why = models.CharField(max_length=30, blank=True, default="")
    tries = models.PositiveSmallIntegerField(default=0)

    class Meta:
        indexes = (models.Index(fields=["stay", "-created_at"], name="portal_link_by_stay"),)

    def __str__(self) -> str:
        return f"portal link {self.public_id}"
