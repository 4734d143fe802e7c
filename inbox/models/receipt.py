"""Where a message stands at one destination. States are those of ux §1 and no others."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Destination(models.TextChoices):
    GUEST = "guest", _("Guest")
    PMS = "pms", _("PMS")


class ReceiptState(models.TextChoices):
    QUEUED = "queued", _("Queued")
    SENDING = "sending", _("Sending")
    SENT = "sent", _("Sent")
    DELIVERED = "delivered", _("Delivered")
    READ = "read", _("Read")
    FAILED = "failed", _("Not delivered")
    UNCONFIRMED = "unconfirmed", _("May not have arrived")


class Receipt(models.Model):
    """One message at one destination. `command_id` is the Command that settles it, null for messages of the PMS.

    `checking` is true while an unknown outcome is being read back ("sending, checking"). `thread_due` asks for the
    second transaction that changes the thread after settling (a settling one never locks it).
    """

    organization = models.ForeignKey("accounts.Organization", models.CASCADE, related_name="+")
    message = models.ForeignKey("inbox.Message", models.CASCADE, related_name="receipts")
    thread = models.ForeignKey("inbox.Thread", models.CASCADE, related_name="receipts")
    destination = models.CharField(max_length=5, choices=Destination)
    state = models.CharField(max_length=11, choices=ReceiptState)
    checking = models.BooleanField(default=False)
    command_id = models.BigIntegerField(null=True)
    reason = models.CharField(max_length=300, blank=True, default="")
    reason_code = models.CharField(max_length=60, blank=True, default="")
    since = models.DateTimeField()
    thread_due = models.BooleanField(default=False)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["message", "destination"], name="receipt_unique"),)
        indexes = (
            models.Index(fields=["command_id"], name="receipt_command"),
            models.Index(
                fields=["thread", "destination"],
                name="receipt_open",
                condition=models.Q(state__in=["queued", "sending", "failed", "unconfirmed"]),
            ),
            models.Index(fields=["id"], name="receipt_thread_due", condition=models.Q(thread_due=True)),
            models.Index(
                fields=["organization", "destination", "state", "thread"],
                name="receipt_problem",
                condition=models.Q(state__in=["queued", "sending", "failed", "unconfirmed"]),
            ),
        )

    def __str__(self) -> str:
        return f"{self.destination}: {self.state}"
