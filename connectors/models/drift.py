"""Fields, stays and messages on which the two sides disagree, and the comparisons that found them (ux D1 to D3)."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from bellhop.core.fields import PublicIdField
from connectors.models.connection import Connection


class DriftRun(models.Model):
    """One comparison: live stays with their conversations, one by one, then (all) properties and units, page by page.
    Resumes after the local id `after`, or at the page `cursor`. `tally`: "entity.field" → how often it was compared,
    and how often it differed."""

    class Scope(models.TextChoices):
        ALL = "all", _("all live stays")
        NEAR = "near", _("arrivals of 7 days")

    class Part(models.TextChoices):
        STAYS = "stays"
        PROPERTIES = "properties"
        UNITS = "units"

    connection = models.ForeignKey(Connection, models.CASCADE, related_name="drift_runs")
    scope = models.CharField(max_length=4, choices=Scope)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    part = models.CharField(max_length=10, choices=Part, default=Part.STAYS, db_default=Part.STAYS)
    after = models.BigIntegerField(default=0)
    cursor = models.TextField(blank=True, default="", db_default="")
    records = models.PositiveIntegerField(default=0)
    places = models.PositiveIntegerField(default=0, db_default=0)
    messages = models.PositiveIntegerField(default=0, db_default=0)
    tally: Any = models.JSONField(default=dict, db_default=models.Value({}, models.JSONField()))
    fields = models.PositiveIntegerField(default=0)
    found = models.PositiveIntegerField(default=0)
    lease_until = models.DateTimeField(null=True)
    leased_by = models.CharField(max_length=80, blank=True, default="")
    next_try_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=300, blank=True, default="")

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["connection"], condition=models.Q(finished_at__isnull=True), name="drift_run_one_open"
            ),
        )
        indexes = (models.Index(fields=["connection", "-started_at"], name="drift_run_by_time"),)

    def __str__(self) -> str:
        return f"comparison of {self.connection_id} ({self.scope})"


class Drift(models.Model):
    """One field that differs, or did. `object_id` and `place_id` are the upper layer's (0: there is no such row here).
    What is read to look again: the conversation where `conversation_id` is told, a unit or property itself, else the
    stay. `take_asked_at`: somebody wants the PMS's value, a worker is about to take it."""

    class State(models.TextChoices):
        OPEN = "open", _("Open")
        IGNORED = "ignored", _("Ignored")
        RESOLVED = "resolved", _("Solved")

    class Cause(models.TextChoices):
        UNSUPPORTED = "unsupported", _("Unsupported there")
        ONE_WAY = "one_way", _("One-way")
        NOT_SYNCED = "not_synced", _("Not synced yet")
        REQUIRED_MISSING = "required_missing", _("Required field missing")
        AUTOMATION = "automation", _("Changed by an automation")
        SEPARATE = "separate", _("Managed separately")
        LOST_WEBHOOK = "lost_webhook", _("Lost webhook")
        SCHEMA = "schema", _("Schema change")
        GONE = "gone", _("Gone from the PMS")

    class How(models.TextChoices):
        TOOK = "took", _("the PMS's value was taken")
        SENT = "sent", _("our value was sent and accepted")
        LATE_WEBHOOK = "late_webhook", _("the webhook arrived late and was applied")
        LATER_READ = "later_read", _("a later read brought it")
        CHANGED_BACK = "changed_back", _("the PMS changed to our value")
        BOTH = "both", _("it stands on both sides now")
        OVER = "over", _("the stay is over")

    public_id = PublicIdField()
    connection = models.ForeignKey(Connection, models.CASCADE, related_name="drifts")
    entity = models.CharField(max_length=20)
    object_id = models.BigIntegerField()
    remote_id = models.CharField(max_length=200)
    stay_remote_id = models.CharField(max_length=200, blank=True)
    conversation_id = models.CharField(max_length=200, blank=True, default="", db_default="")
    place_id = models.BigIntegerField(null=True)
    label = models.CharField(max_length=200, blank=True, default="")
    place = models.CharField(max_length=300, blank=True, default="")
    arrival_date = models.DateField(null=True)
    field = models.CharField(max_length=40)
    ours: Any = models.JSONField(null=True)
    theirs: Any = models.JSONField(null=True)
    owner = models.CharField(max_length=8)
    cause = models.CharField(max_length=20, choices=Cause)
    since = models.DateTimeField()
    found_at = models.DateTimeField()
    looked_at = models.DateTimeField()
    alerted_at = models.DateTimeField(null=True)

    state = models.CharField(max_length=8, choices=State, default=State.OPEN)
    take_asked_at = models.DateTimeField(null=True)
    ignore_until = models.DateField(null=True)
    reason = models.CharField(max_length=300, blank=True, default="")
    by = models.ForeignKey("accounts.User", models.SET_NULL, null=True, related_name="+")
    command = models.ForeignKey("connectors.Command", models.SET_NULL, null=True, related_name="+")
    how = models.CharField(max_length=12, choices=How, blank=True, default="")
    delivery_id = models.BigIntegerField(null=True)
    resolved_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=300, blank=True, default="")

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["connection", "entity", "object_id", "remote_id", "field"],
                condition=models.Q(state__in=["open", "ignored"]),
                name="drift_one_standing",
            ),
        )
        indexes = (
            models.Index(fields=["connection", "state", "arrival_date"], name="drift_by_arrival"),
            models.Index(fields=["connection", "stay_remote_id"], name="drift_by_stay"),
        )

    def __str__(self) -> str:
        return f"{self.entity}.{self.field} of {self.remote_id}"
