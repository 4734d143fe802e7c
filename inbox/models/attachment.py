"""Files of messages, and of drafts until their message is sent."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from bellhop.core.fields import PublicIdField
from inbox.models.message import Message
from inbox.models.thread import Draft


class FileState(models.TextChoices):
    WANTED = "wanted", _("Being fetched")
    FETCHING = "fetching", _("Being fetched")
    KEPT = "kept", _("Kept")
    REFUSED = "refused", _("Refused")
    FAILED = "failed", _("Could not be fetched")


class Attachment(models.Model):
    """A file of a message, or of a person's draft. A guest's is a row first; its bytes are fetched afterwards.

    What its sender told about it stays as told: `remote_id`, `name`, `url`, `mime_type`, and `size` until it is kept.
    `delivery_id` is the journal's entry that it lies in (an e-mail's). What it is, is `sniffed_type`; `sha256` is of
    the bytes as they came. `reason` says why it was refused (`core.file_types.REASONS`) or not fetched
    (`services.shown_files.REASONS`); `next_try_at` is when a worker may look at it, at once where it is null. A stored
    file that no row names any more is deleted: a trigger of this table sees to it (`core.files`).
    """

    public_id = PublicIdField()
    message = models.ForeignKey(Message, models.CASCADE, related_name="attachments", null=True)
    draft = models.ForeignKey(Draft, models.CASCADE, related_name="files", null=True, db_index=False)
    content_id = models.CharField(max_length=200, blank=True, default="", db_default="")
    remote_id = models.CharField(max_length=200, blank=True, default="")
    delivery_id = models.BigIntegerField(null=True)
    name = models.CharField(max_length=200, blank=True, default="")
    url = models.URLField(max_length=1000, blank=True, default="")
    mime_type = models.CharField(max_length=100, blank=True, default="")
    size = models.PositiveBigIntegerField(null=True)

    state = models.CharField(
        max_length=8, choices=FileState, default=FileState.WANTED, db_default=FileState.WANTED
    )
    reason = models.CharField(max_length=20, blank=True, default="", db_default="")
    tries = models.PositiveSmallIntegerField(default=0, db_default=0)
    next_try_at = models.DateTimeField(null=True)

    storage_key = models.CharField(max_length=120, blank=True, default="", db_default="")
    thumbnail_key = models.CharField(max_length=120, blank=True, default="", db_default="")
    sniffed_type = models.CharField(max_length=100, blank=True, default="", db_default="")
    sha256 = models.CharField(max_length=64, blank=True, default="", db_default="")
    width = models.PositiveIntegerField(null=True)
    height = models.PositiveIntegerField(null=True)
    alt_text = models.CharField(max_length=500, blank=True, default="", db_default="")

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=models.Q(message__isnull=False, draft__isnull=True)
                | models.Q(message__isnull=True, draft__isnull=False),
                name="attachment_of_one",
            ),
        )
        indexes = (
            models.Index(
                fields=["draft"], name="attachment_of_draft", condition=models.Q(draft__isnull=False)
            ),
            models.Index(
                fields=["-id"],
                name="attachment_wanted",
                condition=models.Q(state__in=["wanted", "fetching"]),
            ),
        )

    def __str__(self) -> str:
        return self.name or self.remote_id
