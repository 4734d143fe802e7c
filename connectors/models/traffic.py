"""What is normal for a connection: webhooks per hour, and the shapes that payloads have had."""

from __future__ import annotations

from typing import Any

from django.db import models

from connectors.models.connection import Connection


class TrafficHour(models.Model):
    """How many webhooks came in within one hour (UTC, by its beginning)."""

    connection = models.ForeignKey(Connection, models.CASCADE, related_name="+")
    hour = models.DateTimeField()
    count = models.PositiveIntegerField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["connection", "hour"], name="traffic_hour_unique"),)

    def __str__(self) -> str:
        return f"{self.count} in {self.hour:%Y-%m-%d %H}"


class PayloadShape(models.Model):
    """One set of field names that payloads of one kind have had; `delivery_id` is the first that had it."""

    connection = models.ForeignKey(Connection, models.CASCADE, related_name="+")
    kind = models.CharField(max_length=80)
    digest = models.CharField(max_length=32)
    paths: Any = models.JSONField()
    count = models.PositiveIntegerField(default=0)
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    delivery_id = models.BigIntegerField()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["connection", "kind", "digest"], name="payload_shape_unique"),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.digest}"
