"""Private remarks for colleagues."""

from __future__ import annotations

from django.db import models

from bellhop.core.fields import PublicIdField
from inbox.models.receipt import ReceiptState
from inbox.models.thread import Thread


class Note(models.Model):
    """A remark that never reaches the guest. With a `command_id` it was sent to the PMS as a note on purpose;
    with a `remote_id` and no author it was typed there."""

    public_id = PublicIdField()
    organization = models.ForeignKey("accounts.Organization", models.CASCADE, related_name="+")
    thread = models.ForeignKey(Thread, models.CASCADE, related_name="notes")
    connection = models.ForeignKey("connectors.Connection", models.PROTECT, related_name="+", null=True)
    author_user = models.ForeignKey("accounts.User", models.SET_NULL, related_name="+", null=True)
    author_name = models.CharField(max_length=120, blank=True, default="")
    body = models.TextField()
    written_at = models.DateTimeField()
    remote_id = models.CharField(max_length=200, blank=True, default="")
    client_token = models.CharField(max_length=60, blank=True, default="")
    command_id = models.BigIntegerField(null=True)
    pms_state = models.CharField(max_length=11, choices=ReceiptState, blank=True, default="")
    pms_reason = models.CharField(max_length=300, blank=True, default="")

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["connection", "remote_id"],
                condition=~models.Q(remote_id=""),
                name="note_remote_unique",
            ),
            models.UniqueConstraint(
                fields=["author_user", "client_token"],
                condition=~models.Q(client_token=""),
                name="note_token_unique",
            ),
        )
        indexes = (models.Index(fields=["thread", "-written_at", "-id"], name="note_by_time"),)

    def __str__(self) -> str:
        return f"note {self.pk}"


class Mention(models.Model):
    """A colleague named in a note; `seen_at` when they opened the thread."""

    note = models.ForeignKey(Note, models.CASCADE, related_name="mentions")
    thread = models.ForeignKey(Thread, models.CASCADE, related_name="mentions")
    user = models.ForeignKey("accounts.User", models.CASCADE, related_name="+")
    seen_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["note", "user"], name="mention_unique"),)
        indexes = (
            models.Index(
                fields=["user", "thread"], name="mention_unseen", condition=models.Q(seen_at__isnull=True)
            ),
        )

    def __str__(self) -> str:
        return f"{self.user_id} in note {self.note_id}"
