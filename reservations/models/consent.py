"""What a person allowed or stopped, address by address, and which addresses are no use."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _


class ConsentScope(models.TextChoices):
    """What it is about: everything that leaves by itself, or only one kind of it."""

    ALL = "all", _("All automatic messages")
    MARKETING = "marketing", _("Marketing")
    TRANSACTIONAL = "transactional", _("Messages about the stay")


class ConsentState(models.TextChoices):
    GRANTED = "granted", _("Allowed")
    DENIED = "denied", _("Not allowed")
    REVOKED = "revoked", _("Stopped")


class ConsentSource(models.TextChoices):
    KEYWORD = "keyword", _("Keyword in a message")
    STAFF = "staff", _("A colleague")
    FORM = "form", _("Form")
    PROVIDER = "provider", _("The channel's provider")
    COMPLAINT = "complaint", _("Complaint")
    UNSUBSCRIBE = "unsubscribe", _("Unsubscribe link")
    IMPORT = "import", _("Import")


class ConsentEntry(models.Model):
    """One statement of one person about one address on one channel. Rows are only added; the state follows from them.

    `address` as contact points are normalised. `category` narrows the scope to one programme of the business (empty:
    all of it). `proof` holds what can be shown later: the wording and its version, the words of the message, an
    address of the network. `message_id` is the inbox's message that said it.
    """

    organization = models.ForeignKey("accounts.Organization", models.CASCADE, related_name="+")
    channel = models.CharField(max_length=10)
    address = models.CharField(max_length=254)
    scope = models.CharField(max_length=15, choices=ConsentScope)
    category = models.CharField(max_length=60, blank=True, default="")
    state = models.CharField(max_length=8, choices=ConsentState)
    source = models.CharField(max_length=12, choices=ConsentSource)
    basis = models.CharField(max_length=30, blank=True, default="")
    language = models.CharField(max_length=20, blank=True, default="")
    proof: Any = models.JSONField(default=dict)
    actor = models.ForeignKey("accounts.User", models.SET_NULL, related_name="+", null=True)
    message_id = models.BigIntegerField(null=True)
    remote_id = models.CharField(max_length=250, blank=True, default="")
    at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "consent entries"
        constraints = (
            models.UniqueConstraint(
                fields=["organization", "channel", "address", "remote_id"],
                condition=~models.Q(remote_id=""),
                name="consent_told_once",
            ),
        )
        indexes = (
            models.Index(fields=["organization", "channel", "address", "id"], name="consent_by_address"),
        )

    def __str__(self) -> str:
        return f"{self.scope} {self.state} for {self.channel}"


class DeadAddress(models.Model):
    """An address that a provider says is no use (hard bounce, no mobile number): nothing is sent there until a person
    lifts it, or something comes in from it."""

    organization = models.ForeignKey("accounts.Organization", models.CASCADE, related_name="+")
    channel = models.CharField(max_length=10)
    address = models.CharField(max_length=254)
    code = models.CharField(max_length=40, blank=True, default="")
    reason = models.CharField(max_length=300, blank=True, default="")
    since = models.DateTimeField()

    class Meta:
        verbose_name_plural = "dead addresses"
        constraints = (
            models.UniqueConstraint(
                fields=["organization", "channel", "address"], name="dead_address_unique"
            ),
        )

    def __str__(self) -> str:
        return f"{self.channel} address {self.pk}"
