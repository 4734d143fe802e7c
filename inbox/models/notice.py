"""What one person was told: the rows behind the bell."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from bellhop.core.fields import PublicIdField
from inbox.models.message import Message
from inbox.models.note import Note
from inbox.models.thread import Thread


class Notice(models.Model):
    """One thing that a person should know (ux R3, U4). Words are made on screen from `kind` and `data`; what it is
    about, once: a message, a note, an incident, or else the thread."""

    class Kind(models.TextChoices):
        FAILED = "failed", _("A message was not delivered")
        UNCONFIRMED = "unconfirmed", _("A message may not have arrived")
        NOT_SENT = "not_sent", _("A message was not sent")
        MENTION = "mention", _("Somebody mentioned you")
        ASSIGNED = "assigned", _("A conversation was assigned to you")
        FILE = "file", _("A file of the guest could not be fetched")
        EMERGENCY = "emergency", _("A guest may be in danger")
        SURVEY = "survey", _("A guest gave a low score")
        INCIDENT = "incident", _("Something needs a person")

    public_id = PublicIdField()
    user = models.ForeignKey("accounts.User", models.CASCADE, related_name="notices")
    kind = models.CharField(max_length=11, choices=Kind)
    thread = models.ForeignKey(Thread, models.CASCADE, related_name="+", null=True)
    message = models.ForeignKey(Message, models.CASCADE, related_name="+", null=True)
    note = models.ForeignKey(Note, models.CASCADE, related_name="+", null=True)
    incident_id = models.BigIntegerField(null=True)
    data: Any = models.JSONField(default=dict)
    at = models.DateTimeField()
    read_at = models.DateTimeField(null=True)

    class Meta:
        indexes = (
            models.Index(fields=["user", "-id"], name="notice_by_user"),
            models.Index(
                fields=["user", "thread"], name="notice_unread", condition=models.Q(read_at__isnull=True)
            ),
        )

    def __str__(self) -> str:
        return f"{self.kind} for {self.user_id}"
