"""A person who stays or rents, and the ways to reach them."""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models

from bellhop.core.fields import PublicIdField
from bellhop.core.search import Findable


class Guest(Findable):
    """A person (guest or tenant) of one organization. On legal hold since `held_at`: nothing of a sequence leaves."""

    found_by = "full_name"

    public_id = PublicIdField()
    organization = models.ForeignKey("accounts.Organization", models.CASCADE, related_name="guests")
    full_name = models.CharField(max_length=200, blank=True, default="")
    language = models.CharField(max_length=20, blank=True, default="")
    notes = models.TextField(blank=True, default="")
    tags: Any = ArrayField(models.CharField(max_length=60), default=list)
    held_at = models.DateTimeField(null=True)
    held_reason = models.CharField(max_length=300, blank=True, default="", db_default="")
    created_at = models.DateTimeField()
    as_of = models.DateTimeField(null=True)

    class Meta:
        indexes = (
            models.Index(fields=["organization", "full_name"], name="guest_by_name"),
            GinIndex(fields=["search"], name="guest_search"),
        )

    def __str__(self) -> str:
        return self.full_name


class ContactKind(models.TextChoices):
    PHONE = "phone", "Phone"
    EMAIL = "email", "E-mail"
    RELAY = "relay", "Relay address"
    WHATSAPP_USER = "whatsapp_user", "WhatsApp user"


class ContactPoint(models.Model):
    """A phone (E.164 where it can be read as one), an e-mail address, or an OTA's relay address."""

    organization = models.ForeignKey("accounts.Organization", models.CASCADE, related_name="contact_points")
    guest = models.ForeignKey(Guest, models.CASCADE, related_name="contact_points")
    kind = models.CharField(max_length=15, choices=ContactKind)
    value = models.CharField(max_length=254)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["guest", "kind", "value"], name="contact_point_unique"),
        )
        indexes = (models.Index(fields=["organization", "kind", "value"], name="contact_point_value"),)

    def __str__(self) -> str:
        return self.value
