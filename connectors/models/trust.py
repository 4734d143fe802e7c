"""What proves an integration: dated evidence, the level it comes to, steps between stages, rehearsals."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from bellhop.core.fields import PublicIdField
from connectors.models.connection import Connection, Stage


class Proof(models.TextChoices):
    """What was seen to work. `written` was accepted by the PMS, `seen_written` was read there or echoed."""

    PUSHED = "pushed", _("Webhook applied")
    READ = "read", _("Read")
    WRITTEN = "written", _("Write accepted")
    SEEN_WRITTEN = "seen_written", _("Write seen in the PMS")
    RECOVERED = "recovered", _("Failure handled without loss")


class Evidence(models.Model):
    """The newest proof of one kind for one entity of a connection. Written by traffic alone."""

    connection = models.ForeignKey(Connection, models.CASCADE, related_name="evidence")
    entity = models.CharField(max_length=20)
    proof = models.CharField(max_length=12, choices=Proof)
    at = models.DateTimeField()
    detail = models.CharField(max_length=200, blank=True, default="")
    delivery_id = models.BigIntegerField(null=True)
    command_id = models.BigIntegerField(null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["connection", "entity", "proof"], name="evidence_unique"),
        )

    def __str__(self) -> str:
        return f"{self.proof} {self.entity} of {self.connection_id}"


class EntityLevel(models.Model):
    """The level that the last check came to, so that a fall is noticed. Computed, never typed in."""

    connection = models.ForeignKey(Connection, models.CASCADE, related_name="levels")
    entity = models.CharField(max_length=20)
    level = models.PositiveSmallIntegerField()
    since = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["connection", "entity"], name="entity_level_unique"),)

    def __str__(self) -> str:
        return f"{self.entity} {self.level} of {self.connection_id}"


class StageChange(models.Model):
    """Who moved a connection to another stage, when, and what the checklist and the shadow report said."""

    connection = models.ForeignKey(Connection, models.CASCADE, related_name="stage_changes")
    before = models.CharField(max_length=10, choices=Stage)
    after = models.CharField(max_length=10, choices=Stage)
    by = models.ForeignKey("accounts.User", models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField()
    report: Any = models.JSONField(default=dict)

    def __str__(self) -> str:
        return f"{self.before} to {self.after}"


class PilotPlace(models.Model):
    """A property (by the upper layer's id) for which a connection in its pilot may write."""

    connection = models.ForeignKey(Connection, models.CASCADE, related_name="pilot_places")
    place_id = models.BigIntegerField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["connection", "place_id"], name="pilot_place_unique"),)

    def __str__(self) -> str:
        return f"{self.place_id} in the pilot of {self.connection_id}"


class Rehearsal(models.Model):
    """One write-back rehearsal: what was tried, what was called, what is left at the PMS."""

    public_id = PublicIdField()
    connection = models.ForeignKey(Connection, models.CASCADE, related_name="rehearsals")
    by = models.ForeignKey("accounts.User", models.SET_NULL, null=True, related_name="+")
    reservation = models.CharField(max_length=200)
    connector_version = models.CharField(max_length=40)
    code_version = models.CharField(max_length=40)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    passed = models.BooleanField(null=True)
    error = models.CharField(max_length=300, blank=True, default="")
    steps: Any = models.JSONField(default=list)
    calls: Any = models.JSONField(default=list)

    class Meta:
        indexes = (models.Index(fields=["connection", "-started_at"], name="rehearsal_by_time"),)

    def __str__(self) -> str:
        return f"rehearsal {self.public_id}"


class EndpointCall(models.Model):
    """One endpoint of the PMS that is called: the newest status, and when it last answered well. `path` holds {id} for
    ids; `status` is null where no answer came."""

    connection = models.ForeignKey(Connection, models.CASCADE, related_name="endpoint_calls")
    method = models.CharField(max_length=7)
    path = models.CharField(max_length=200)
    status = models.PositiveSmallIntegerField(null=True)
    at = models.DateTimeField()
    worked_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["connection", "method", "path"], name="endpoint_call_unique"),
        )

    def __str__(self) -> str:
        return f"{self.method} {self.path}: {self.status}"
