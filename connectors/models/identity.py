"""Which remote id a local object has at a connection, and every overwrite of a field (invariant 6)."""

from __future__ import annotations

from typing import Any

from django.db import models

from connectors.models.connection import Connection
from connectors.models.journal import WebhookDelivery


class ExternalId(models.Model):
    """(connection, entity, remote id) → local row. `version` is the newest remote version applied; `read_at` when the
    object was last fetched, so that a hint older than that read needs no new one."""

    connection = models.ForeignKey(Connection, models.CASCADE, related_name="external_ids")
    entity = models.CharField(max_length=20)
    remote_id = models.CharField(max_length=200)
    object_id = models.BigIntegerField()
    version = models.CharField(max_length=60, blank=True, default="")
    read_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["connection", "entity", "remote_id"], name="external_id_unique"),
        )
        indexes = (models.Index(fields=["entity", "object_id"], name="external_id_object"),)

    def __str__(self) -> str:
        return f"{self.entity} {self.remote_id}"


class RecordRead(models.Model):
    """The newest read of a remote object that only thin webhooks tell of, and who is about to read it: `began_at` of a
    read that was applied, `claimed_until` of one under way."""

    connection = models.ForeignKey(Connection, models.CASCADE, related_name="+")
    entity = models.CharField(max_length=20)
    remote_id = models.CharField(max_length=200)
    began_at = models.DateTimeField(null=True)
    claimed_until = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["connection", "entity", "remote_id"], name="record_read_unique"),
        )

    def __str__(self) -> str:
        return f"read of {self.entity} {self.remote_id}"


class FieldOverwrite(models.Model):
    """One change of a mirrored field, or one refused (applied=False): old, new, who sent it, under which rule."""

    connection = models.ForeignKey(Connection, models.CASCADE, related_name="overwrites")
    entity = models.CharField(max_length=20)
    object_id = models.BigIntegerField()
    field = models.CharField(max_length=40)
    old: Any = models.JSONField(null=True)
    new: Any = models.JSONField(null=True)
    source = models.CharField(max_length=20)
    rule = models.CharField(max_length=60)
    version = models.CharField(max_length=60, blank=True, default="")
    applied = models.BooleanField(default=True)
    delivery = models.ForeignKey(WebhookDelivery, models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField()

    class Meta:
        indexes = (
            models.Index(fields=["entity", "object_id", "-id"], name="overwrite_by_object"),
            models.Index(fields=["connection", "entity", "field", "-id"], name="overwrite_by_field"),
        )

    def __str__(self) -> str:
        return f"{self.entity} {self.object_id} {self.field}"
