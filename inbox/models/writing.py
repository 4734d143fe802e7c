"""What helps an agent write."""

from __future__ import annotations

from django.db import models

from bellhop.core.fields import PublicIdField


class CannedReply(models.Model):
    """A ready answer: of one person (`owner`), else of the organization, maybe for one property and language.

    `body` may hold variables such as {{ guest.first_name }}; they are filled when it is inserted, never when sent.
    """

    public_id = PublicIdField()
    organization = models.ForeignKey("accounts.Organization", models.CASCADE, related_name="canned_replies")
    owner = models.ForeignKey("accounts.User", models.CASCADE, related_name="canned_replies", null=True)
    property = models.ForeignKey("reservations.Property", models.CASCADE, related_name="+", null=True)
    name = models.CharField(max_length=60)
    body = models.TextField()
    language = models.CharField(max_length=20, blank=True, default="")

    class Meta:
        verbose_name_plural = "canned replies"
        indexes = (models.Index(fields=["organization", "name"], name="canned_by_name"),)

    def __str__(self) -> str:
        return self.name
