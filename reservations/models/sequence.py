"""Sequences: what a marketer planned, who is on it, and each message that is due for one stay."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.utils.translation import gettext_lazy as _

from bellhop.core.fields import PublicIdField
from reservations.models.reason import OR_NONE
from reservations.models.stay import Reservation


class Sequence(models.Model):
    """A marketer's timeline. `draft` is what is being written, `touched` who wrote each step last (step key → id of the
    person, name, time); `live` the version that new stays are enrolled in.

    Paused: nothing leaves while times go on passing under the late rules (`paused_at`, `resumed_at`: the last pause).
    Stopped: nobody is enrolled and nothing leaves.
    """

    class State(models.TextChoices):
        DRAFT = "draft", _("Draft")
        LIVE = "live", _("Live")
        PAUSED = "paused", _("Paused")
        STOPPED = "stopped", _("Stopped")

    public_id = PublicIdField()
    organization = models.ForeignKey("accounts.Organization", models.CASCADE, related_name="sequences")
    name = models.CharField(max_length=120)
    library_key = models.CharField(max_length=40, blank=True, default="")
    state = models.CharField(max_length=8, choices=State, default=State.DRAFT)
    draft: Any = models.JSONField(default=dict)
    draft_by = models.ForeignKey("accounts.User", models.SET_NULL, related_name="+", null=True)
    draft_at = models.DateTimeField()
    touched: Any = models.JSONField(default=dict)
    live = models.ForeignKey("reservations.SequenceVersion", models.SET_NULL, related_name="+", null=True)
    paused_at = models.DateTimeField(null=True)
    resumed_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["organization", "name"], name="sequence_name_unique"),)

    def __str__(self) -> str:
        return self.name


class SequenceVersion(models.Model):
    """What was published, unchanged from then on. Who is enrolled finishes on the version that they began."""

    sequence = models.ForeignKey(Sequence, models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    definition: Any = models.JSONField()
    published_at = models.DateTimeField()
    published_by = models.ForeignKey("accounts.User", models.SET_NULL, related_name="+", null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["sequence", "number"], name="sequence_version_unique"),
        )

    def __str__(self) -> str:
        return f"{self.sequence_id} v{self.number}"


class Enrollment(models.Model):
    """A stay on a sequence, once for ever: a stay that leaves it is never taken for a new one."""

    class State(models.TextChoices):
        ACTIVE = "active", _("Active")
        FINISHED = "finished", _("Finished")
        STOPPED = "stopped", _("Stopped")

    organization = models.ForeignKey("accounts.Organization", models.CASCADE, related_name="+")
    sequence = models.ForeignKey(Sequence, models.CASCADE, related_name="enrollments")
    version = models.ForeignKey(SequenceVersion, models.PROTECT, related_name="enrollments")
    reservation = models.ForeignKey(Reservation, models.CASCADE, related_name="enrollments")
    state = models.CharField(max_length=8, choices=State, default=State.ACTIVE)
    reason = models.CharField(max_length=40, blank=True, default="")
    enrolled_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["sequence", "reservation"], name="enrollment_unique"),
            models.CheckConstraint(condition=models.Q(reason__in=OR_NONE), name="enrollment_reason_known"),
        )
        indexes = (
            models.Index(
                fields=["reservation"], name="enrollment_active", condition=models.Q(state="active")
            ),
        )

    def __str__(self) -> str:
        return f"{self.reservation_id} on {self.sequence_id}"


class ScheduledMessage(models.Model):
    """One message of one stay: when it is due (UTC), and what became of it. `reason` is a code of the closed list (ux
    Q11), `detail` its values; `edited` the words that a person put in for this guest; `address` where it went.

    `planned_for`: when it was due, while `due_at` is only when to look again (a connection is down); None: `due_at` is.
    `occurrence` counts the changes of dates that a step about them was planned for; 0 for all other steps.
    """

    class State(models.TextChoices):
        PLANNED = "planned", _("Planned")
        HELD = "held", _("Held for approval")
        SENT = "sent", _("Sent")
        SUPPRESSED = "suppressed", _("Not sent")

    public_id = PublicIdField()
    organization = models.ForeignKey("accounts.Organization", models.CASCADE, related_name="+")
    enrollment = models.ForeignKey(Enrollment, models.CASCADE, related_name="scheduled")
    sequence = models.ForeignKey(Sequence, models.CASCADE, related_name="+")
    reservation = models.ForeignKey(Reservation, models.CASCADE, related_name="scheduled")
    step_key = models.CharField(max_length=40)
    occurrence = models.PositiveSmallIntegerField(default=0, db_default=0)
    due_at = models.DateTimeField()
    planned_for = models.DateTimeField(null=True)
    state = models.CharField(max_length=10, choices=State, default=State.PLANNED)
    reason = models.CharField(max_length=40, blank=True, default="")
    detail: Any = models.JSONField(default=dict)
    edited = models.TextField(blank=True, default="")
    channel = models.CharField(max_length=20, blank=True, default="")
    address = models.CharField(max_length=254, blank=True, default="")
    message_id = models.BigIntegerField(null=True)
    command_ids: Any = ArrayField(models.BigIntegerField(), default=list)
    settled_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["enrollment", "step_key", "occurrence"], name="scheduled_unique"),
            models.CheckConstraint(condition=models.Q(reason__in=OR_NONE), name="scheduled_reason_known"),
        )
        indexes = (
            models.Index(
                fields=["sequence", "due_at", "id"],
                name="scheduled_due",
                condition=models.Q(state="planned"),
            ),
            models.Index(fields=["reservation", "due_at"], name="scheduled_of_stay"),
            models.Index(fields=["organization", "due_at"], name="scheduled_calendar"),
            models.Index(fields=["sequence", "-settled_at", "-id"], name="scheduled_results"),
            models.Index(
                fields=["sequence", "step_key", "address"],
                name="scheduled_sent_to",
                condition=models.Q(state="sent"),
            ),
            models.Index(
                fields=["organization"],
                name="scheduled_waits_for_line",
                condition=models.Q(state="planned", reason="connection_down"),
            ),
            GinIndex(fields=["command_ids"], name="scheduled_of_command", condition=models.Q(state="sent")),
        )

    def __str__(self) -> str:
        return f"{self.step_key} for {self.reservation_id} ({self.state})"

    @property
    def time(self) -> datetime:
        """When it was to leave, however often it was looked at since."""
        return self.planned_for or self.due_at
