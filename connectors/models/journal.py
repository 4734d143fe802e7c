"""The journal of inbound webhooks, kept as received (invariant 1)."""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.indexes import BrinIndex
from django.db import models

from connectors.models.connection import Connection


class DeliveryState(models.TextChoices):
    RECEIVED = "received", "Received"
    PROCESSED = "processed", "Processed"
    IGNORED = "ignored", "Ignored"
    QUARANTINED = "quarantined", "Quarantined"
    DISCARDED = "discarded", "Discarded"
    REPLAYED = "replayed", "Replayed"


class WebhookDelivery(models.Model):
    """One raw HTTP request. Headers and body are never edited; only the outcome columns change.

    A replay is a new row that names its `original`. `next_try_at` is when a worker may look at it; `rereads` how often
    it was looked at again because the PMS still showed the state before.
    """

    connection = models.ForeignKey(Connection, models.CASCADE, related_name="deliveries")
    key = models.CharField(max_length=200)
    received_at = models.DateTimeField()
    headers: Any = models.JSONField(default=dict)
    body = models.BinaryField()
    verified = models.BooleanField(null=True)
    remote_addr = models.CharField(max_length=64, blank=True, default="")
    code_version = models.CharField(max_length=40, blank=True, default="")
    original = models.ForeignKey("self", models.SET_NULL, null=True, related_name="replays")

    state = models.CharField(max_length=12, choices=DeliveryState, default=DeliveryState.RECEIVED)
    attempts = models.PositiveSmallIntegerField(default=0)
    rereads = models.PositiveSmallIntegerField(default=0, db_default=0)
    next_try_at = models.DateTimeField()
    lease_until = models.DateTimeField(null=True)
    leased_by = models.CharField(max_length=80, blank=True, default="")
    processed_at = models.DateTimeField(null=True)
    entity = models.CharField(max_length=20, blank=True, default="", db_default="")
    event_at = models.DateTimeField(null=True)
    summary = models.CharField(max_length=300, blank=True, default="")
    error = models.CharField(max_length=300, blank=True, default="")
    traceback = models.TextField(blank=True, default="")

    class Meta:
        constraints = (models.UniqueConstraint(fields=["connection", "key"], name="delivery_key_unique"),)
        indexes = (
            models.Index(
                fields=["next_try_at", "id"], name="delivery_due", condition=models.Q(state="received")
            ),
            models.Index(fields=["connection", "-id"], name="delivery_by_connection"),
            models.Index(
                fields=["lease_until", "connection"],
                name="delivery_leased",
                condition=models.Q(state="received", lease_until__isnull=False),
            ),
            BrinIndex(fields=["received_at"], name="delivery_by_time"),
            models.Index(
                fields=["connection", "-id"],
                name="delivery_quarantine",
                condition=models.Q(state="quarantined"),
            ),
        )

    def __str__(self) -> str:
        return f"delivery {self.pk} ({self.state})"
