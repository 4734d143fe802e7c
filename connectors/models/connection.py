"""A connection: one account at a PMS or channel, its secrets, its health, its progress in importing."""

from __future__ import annotations

import secrets
from typing import Any

from django.db import models
from django.db.models import Value
from django.db.models.functions import Left

from bellhop.core.fields import EncryptedJSONField, PublicIdField


class ConnectionKind(models.TextChoices):
    PMS = "pms", "PMS"
    CHANNEL = "channel", "Channel"


class Stage(models.TextChoices):
    SANDBOX = "sandbox", "Sandbox"
    SHADOW = "shadow", "Shadow"
    PILOT = "pilot", "Pilot"
    LIVE = "live", "Live"


def new_hook_token() -> str:
    return secrets.token_urlsafe(24)


class Connection(models.Model):
    """Facts that change rarely. What changes with every call is in ConnectionHealth. `public_token`: the address of the
    ledger's public page, empty while there is none. `addresses` of a channel: our own address on each of its
    channels; `place_id` (the upper layer's id of a property): whose people see what strangers write there."""

    public_id = PublicIdField()
    organization = models.ForeignKey("accounts.Organization", models.PROTECT, related_name="connections")
    slug = models.SlugField(max_length=40)
    kind = models.CharField(
        max_length=8, choices=ConnectionKind, default=ConnectionKind.PMS, db_default=ConnectionKind.PMS
    )
    name = models.CharField(max_length=120)
    stage = models.CharField(max_length=10, choices=Stage, default=Stage.SANDBOX)
    base_url = models.URLField(max_length=300)
    credentials = EncryptedJSONField(default=dict)
    webhook_secrets = EncryptedJSONField(default=list)
    hook_token = models.CharField(max_length=64, unique=True, default=new_hook_token)
    timezone = models.CharField(max_length=64, default="UTC")
    limit_scale = models.FloatField(default=1.0)
    addresses: Any = models.JSONField(default=dict, db_default=Value({}, models.JSONField()))
    place_id = models.BigIntegerField(null=True)
    account_name = models.CharField(max_length=200, blank=True, default="")
    subscription_id = models.CharField(max_length=100, blank=True, default="")
    subscription_url = models.CharField(max_length=500, blank=True, default="")
    paused_at = models.DateTimeField(null=True, blank=True)
    paused_reason = models.CharField(max_length=300, blank=True, default="")
    public_token = models.CharField(max_length=64, blank=True, default="", db_default="")
    created_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["organization", "name"], name="connection_name_unique"),
            models.UniqueConstraint(
                fields=["public_token"], condition=~models.Q(public_token=""), name="connection_public_unique"
            ),
        )
        indexes = (models.Index(Left("hook_token", 8), name="connection_hook_prefix"),)

    def __str__(self) -> str:
        return self.name

    def secret_values(self) -> list[str]:
        """Webhook secrets that are still accepted, newest first (an old one is good for a day after rotation)."""
        return [entry["value"] for entry in self.webhook_secrets]


class ConnectionHealth(models.Model):
    """Evidence and circuit breaker of one connection. `outcomes` holds the last 20 calls, "1" = answered, "0" = not.
    `bulk_hold_until`: the share of the limit that bulk work may use is used up until then; people's go on."""

    connection = models.OneToOneField(Connection, models.CASCADE, related_name="health", primary_key=True)
    last_delivery_at = models.DateTimeField(null=True)
    last_applied_at = models.DateTimeField(null=True)
    last_read_at = models.DateTimeField(null=True)
    last_write_at = models.DateTimeField(null=True)
    last_error_at = models.DateTimeField(null=True)
    last_error = models.CharField(max_length=300, blank=True, default="")
    outcomes = models.CharField(max_length=20, blank=True, default="")
    down_since = models.DateTimeField(null=True)
    probe_at = models.DateTimeField(null=True)
    probes = models.PositiveIntegerField(default=0)
    hold_until = models.DateTimeField(null=True)
    bulk_hold_until = models.DateTimeField(null=True)
    credentials_refused_at = models.DateTimeField(null=True)
    caught_up_to = models.DateTimeField(null=True)
    catch_up_due_at = models.DateTimeField(null=True)
    subscription_due_at = models.DateTimeField(null=True)
    normal_per_hour = models.FloatField(null=True)
    silent_probe_at = models.DateTimeField(null=True)
    heard_at = models.DateTimeField(null=True)
    known_to = models.BigIntegerField(default=0)
    stale_since = models.DateTimeField(null=True)
    shapes_seen_to = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"health of {self.connection_id}"


class AccessToken(models.Model):
    """The shared access token of a connection; its row lock makes one process the issuer at a time."""

    connection = models.OneToOneField(Connection, models.CASCADE, related_name="token", primary_key=True)
    value = EncryptedJSONField(null=True)
    expires_at = models.DateTimeField(null=True)
    issued: Any = models.JSONField(default=list)
    issuing_until = models.DateTimeField(null=True)
    cooldown_until = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"token of {self.connection_id}"


class RateState(models.Model):
    """What was granted lately under one limit key: per window a ring of counters (see `outbound.limits`)."""

    key = models.CharField(max_length=200, primary_key=True)
    windows: Any = models.JSONField(default=dict)
    hold_until = models.DateTimeField(null=True)
    hold_s = models.FloatField(default=0)

    def __str__(self) -> str:
        return self.key


class SyncRun(models.Model):
    """Progress of reading one kind of thing. Resumes from `cursor`.

    The first import (back-fill) and each catch-up are rows of their own; what is read at regular intervals because
    nothing pushes it (poll), or to be sure (sweep; log: what the PMS says that it could not deliver), has one row, used
    again, whose `next_try_at` is when it is due.
    """

    class Purpose(models.TextChoices):
        BACKFILL = "backfill"
        CATCH_UP = "catch_up"
        POLL = "poll"
        SWEEP = "sweep"
        LOG = "log"

    connection = models.ForeignKey(Connection, models.CASCADE, related_name="sync_runs")
    purpose = models.CharField(max_length=10, choices=Purpose)
    entity = models.CharField(max_length=20)
    since = models.DateTimeField(null=True)
    cursor = models.TextField(blank=True, default="")
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(null=True)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    lease_until = models.DateTimeField(null=True)
    leased_by = models.CharField(max_length=80, blank=True, default="")
    next_try_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=300, blank=True, default="")

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["connection", "purpose", "entity"],
                condition=models.Q(finished_at__isnull=True),
                name="sync_run_one_open",
            ),
        )

    def __str__(self) -> str:
        return f"{self.purpose} {self.entity} of {self.connection_id}"
