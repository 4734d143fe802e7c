"""The ownership log: where a connection departs from the default rules, and who reviewed them when."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from bellhop.core.fields import PublicIdField
from connectors.models.connection import Connection


class FieldRule(models.Model):
    """The rule of one field of one connection, from the moment somebody changed or reviewed it; until then the default
    of `connectors.trust.ownership` holds."""

    class Owner(models.TextChoices):
        PMS = "pms", _("PMS")
        BELLHOP = "bellhop", "Bellhop"

    class Direction(models.TextChoices):
        IN = "in", _("PMS → Bellhop")
        ONCE = "once", _("filled once, then Bellhop only")
        NEVER = "never", _("Bellhop only")

    class Freshness(models.TextChoices):
        INSTANT = "instant", _("instant (1 min)")
        MINUTES = "minutes", _("minutes (15 min)")
        DAILY = "daily", _("daily (24 h)")

    connection = models.ForeignKey(Connection, models.CASCADE, related_name="rules")
    entity = models.CharField(max_length=20)
    field = models.CharField(max_length=40)
    owner = models.CharField(max_length=8, choices=Owner)
    direction = models.CharField(max_length=8, choices=Direction)
    freshness = models.CharField(max_length=8, choices=Freshness)
    alert = models.ForeignKey("accounts.User", models.SET_NULL, null=True, related_name="+")
    reason = models.CharField(max_length=300, blank=True, default="")
    changed_at = models.DateTimeField(null=True)
    changed_by = models.ForeignKey("accounts.User", models.SET_NULL, null=True, related_name="+")
    reviewed_at = models.DateTimeField(null=True)
    reviewed_by = models.ForeignKey("accounts.User", models.SET_NULL, null=True, related_name="+")

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["connection", "entity", "field"], name="field_rule_unique"),
        )

    def __str__(self) -> str:
        return f"{self.entity}.{self.field} of {self.connection_id}"


class OwnershipReview(models.Model):
    """One quarterly sign-off: who looked through all rules of a connection, and what contradicted them that day."""

    public_id = PublicIdField()
    connection = models.ForeignKey(Connection, models.CASCADE, related_name="ownership_reviews")
    signed_by = models.ForeignKey("accounts.User", models.SET_NULL, null=True, related_name="+")
    signed_name = models.CharField(max_length=120)
    signed_at = models.DateTimeField()
    fields = models.PositiveIntegerField()
    against: Any = models.JSONField(default=list)

    def __str__(self) -> str:
        return f"review by {self.signed_name}"
