"""Tables of the floor. Organizations live one layer up, so rows here carry the bare `organization_id`."""

from __future__ import annotations

from typing import Any

from django.db import models

from bellhop.core.fields import EncryptedJSONField, PublicIdField
from bellhop.core.words import read_out


class ClockOffset(models.Model):
    """One row, demo and test only: how far `clock.now()` is from the database's time, in seconds."""

    offset_s = models.FloatField(default=0)

    def __str__(self) -> str:
        return f"{self.offset_s:+.0f} s"


class LiveCounter(models.Model):
    """The last live number of an organization."""

    organization_id = models.BigIntegerField(primary_key=True)
    last_number = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"organization {self.organization_id}: {self.last_number}"


class LiveEvent(models.Model):
    """One change that a screen may show. Append-only; numbered once it is committed; pruned by age (`live.prune`).

    `topic` is what changed ("thread", "view_counts", "health", …), `subject_id` its row, `property_id` who may see it
    (null: everybody of the organization), `data` small facts that save a query.
    """

    organization_id = models.BigIntegerField()
    number = models.BigIntegerField(null=True)
    topic = models.CharField(max_length=30)
    subject_id = models.BigIntegerField(null=True)
    property_id = models.BigIntegerField(null=True)
    user_id = models.BigIntegerField(null=True)
    data: Any = models.JSONField(default=dict)
    at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["organization_id", "number"], name="live_event_number_unique"),
        )
        indexes = (
            models.Index(fields=["at"], name="live_event_at"),
            models.Index(
                fields=["organization_id", "id"],
                name="live_event_unnumbered",
                condition=models.Q(number__isnull=True),
            ),
        )

    def __str__(self) -> str:
        return f"{self.organization_id}/{self.number} {self.topic}"


class Incident(models.Model):
    """Something that needs a person (invariant 12): cause, since when, what is noticed, the way to fix it. `contact` is
    whom the person asks outside the house, `due_at` until when. Its texts are kept in English, and in `words` how they
    were made (`core.words`): screens and e-mails show the `said_…` ones."""

    public_id = PublicIdField()
    organization_id = models.BigIntegerField()
    connection_id = models.BigIntegerField(null=True)
    code = models.CharField(max_length=60)
    subject = models.CharField(max_length=120, blank=True, default="")
    title = models.CharField(max_length=200)
    detail = models.TextField(blank=True, default="")
    remedy = models.CharField(max_length=300, blank=True, default="")
    words: Any = models.JSONField(default=dict, db_default=models.Value({}, models.JSONField()))
    opened_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    times_seen = models.PositiveIntegerField(default=1)
    alerted_user_id = models.BigIntegerField(null=True)
    acknowledged_at = models.DateTimeField(null=True)
    acknowledged_by_id = models.BigIntegerField(null=True)
    contact = models.CharField(max_length=200, blank=True, default="", db_default="")
    due_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["organization_id", "code", "subject"],
                condition=models.Q(closed_at__isnull=True),
                name="incident_one_open",
            ),
        )
        indexes = (models.Index(fields=["organization_id", "-opened_at"], name="incident_by_organization"),)

    def __str__(self) -> str:
        return self.title

    @property
    def said_title(self) -> str:
        return read_out(self.title, self.words.get("title", {}))

    @property
    def said_detail(self) -> str:
        return read_out(self.detail, self.words.get("detail", {}))

    @property
    def said_remedy(self) -> str:
        return read_out(self.remedy, self.words.get("remedy", {}))


class OutgoingMail(models.Model):
    """An e-mail that is owed. `content` (subject, body) is encrypted, and emptied once it has left or failed."""

    class State(models.TextChoices):
        WAITING = "waiting"
        SENT = "sent"
        FAILED = "failed"

    organization_id = models.BigIntegerField(null=True)
    address = models.EmailField()
    content: Any = EncryptedJSONField()
    state = models.CharField(max_length=7, choices=State, default=State.WAITING)
    tries = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField()
    due_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=300, blank=True, default="")

    class Meta:
        indexes = (models.Index(fields=["due_at"], name="mail_due", condition=models.Q(state="waiting")),)

    def __str__(self) -> str:
        return f"mail {self.pk} to {self.address}: {self.state}"


class UnusedFile(models.Model):
    """A stored file that no row refers to: not yet, or no more. It is deleted when `delete_at` has come (see
    `core.files`)."""

    key = models.CharField(max_length=120, primary_key=True)
    delete_at = models.DateTimeField()

    class Meta:
        indexes = (models.Index(fields=["delete_at"], name="unused_file_due"),)

    def __str__(self) -> str:
        return self.key


class Throttle(models.Model):
    """How often something was done within a window of time that began at `window_at` (see `core.throttle`)."""

    key = models.CharField(max_length=200)
    window_at = models.DateTimeField()
    count = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["key", "window_at"], name="throttle_unique"),)
        indexes = (models.Index(fields=["window_at"], name="throttle_by_time"),)

    def __str__(self) -> str:
        return f"{self.key}: {self.count}"


class Heartbeat(models.Model):
    """When a process of ours was last alive (worker, beat); read by /readyz and by lease recovery."""

    name = models.CharField(max_length=80, primary_key=True)
    kind = models.CharField(max_length=20)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.name} at {self.at:%H:%M:%S}"
