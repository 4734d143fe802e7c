"""Messages: immutable utterances."""

from __future__ import annotations

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.utils.translation import gettext_lazy as _

from bellhop.core.fields import PublicIdField
from inbox.models.thread import Thread


class Direction(models.TextChoices):
    INBOUND = "inbound", _("From the guest")
    OUTBOUND = "outbound", _("To the guest")


class Author(models.TextChoices):
    GUEST = "guest", _("Guest")
    AGENT = "agent", _("Agent")
    PMS_STAFF = "pms_staff", _("PMS user")
    AUTOMATIC = "automatic", _("Automatic")


class Message(models.Model):
    """One utterance. `sent_at` is when it was uttered: the remote time, or our commit; `sequence` orders what the PMS
    gives the same time (0: it tells nothing, the order of our rows does).

    `remote_id` is filled for messages that came from the PMS, and for ours once the PMS told its id. `client_token`
    makes a repeated send request the same Message. A withdrawn one was undone before it left and is not shown.
    `send_at` is set where its author chose to send it later: until then its text and time may change, and it dies with
    its stay unless `keep_if_cancelled`. `search` is the folded body (see `core.search`).

    On a channel of our own `connection` is the channel's and `address` the other side's; `warning` is what an agent
    should know about it. The sender may have `deleted` it there or changed it to `edited_body`; `body` stays.
    """

    public_id = PublicIdField()
    organization = models.ForeignKey("accounts.Organization", models.CASCADE, related_name="+")
    thread = models.ForeignKey(Thread, models.CASCADE, related_name="messages")
    connection = models.ForeignKey("connectors.Connection", models.PROTECT, related_name="+", null=True)
    reservation = models.ForeignKey("reservations.Reservation", models.SET_NULL, related_name="+", null=True)
    direction = models.CharField(max_length=8, choices=Direction)
    author = models.CharField(max_length=9, choices=Author)
    author_user = models.ForeignKey("accounts.User", models.SET_NULL, related_name="+", null=True)
    author_name = models.CharField(max_length=120, blank=True, default="")
    channel = models.CharField(max_length=20, blank=True, default="")
    body = models.TextField()
    language = models.CharField(max_length=20, blank=True, default="")
    sent_at = models.DateTimeField()
    sequence = models.BigIntegerField(default=0, db_default=0)
    created_at = models.DateTimeField()
    arrived_late = models.BooleanField(default=False)
    remote_id = models.CharField(max_length=200, blank=True, default="")
    client_token = models.CharField(max_length=60, blank=True, default="")
    address = models.ForeignKey("reservations.ChannelAddress", models.SET_NULL, related_name="+", null=True)
    warning = models.CharField(max_length=200, blank=True, default="", db_default="")
    edited_body = models.TextField(blank=True, default="", db_default="")
    deleted_at = models.DateTimeField(null=True)
    reaction = models.CharField(max_length=32, blank=True, default="", db_default="")
    send_at = models.DateTimeField(null=True)
    keep_if_cancelled = models.BooleanField(default=False)
    withdrawn_at = models.DateTimeField(null=True)
    search = SearchVectorField(null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["connection", "remote_id"],
                condition=~models.Q(remote_id=""),
                name="message_remote_unique",
            ),
            models.UniqueConstraint(
                fields=["author_user", "client_token"],
                condition=~models.Q(client_token=""),
                name="message_token_unique",
            ),
        )
        indexes = (
            models.Index(fields=["thread", "-sent_at", "-sequence", "-id"], name="message_by_order"),
            GinIndex(fields=["search"], name="message_search"),
        )

    def __str__(self) -> str:
        return f"message {self.pk}"
