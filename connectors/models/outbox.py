"""The outbox: Commands (effects owed to a remote system) and their Attempts. Rows are the truth, queues only wake."""

from __future__ import annotations

from typing import Any

from django.db import models

from bellhop.core.fields import PublicIdField
from connectors.models.connection import Connection


class CommandState(models.TextChoices):
    HELD = "held", "Held"
    WAITING = "waiting", "Waiting"
    IN_FLIGHT = "in_flight", "In flight"
    UNKNOWN = "unknown", "Unknown, checking"
    CONFIRMED = "confirmed", "Confirmed"
    FAILED = "failed", "Failed"
    UNCONFIRMED = "unconfirmed", "Unconfirmed"
    CANCELLED = "cancelled", "Cancelled"
    WOULD_HAVE_SENT = "would_have_sent", "Would have sent"


OPEN_STATES = (CommandState.HELD, CommandState.WAITING, CommandState.IN_FLIGHT, CommandState.UNKNOWN)
ACTIVE_STATES = (CommandState.IN_FLIGHT, CommandState.UNKNOWN)


class CommandKind(models.TextChoices):
    SEND_MESSAGE = "send_message", "Send message"
    ADD_NOTE = "add_note", "Add note"
    SET_CUSTOM_FIELD = "set_custom_field", "Set custom field"
    MIRROR_MESSAGE = "mirror_message", "Mirror message"
    SET_STAY_TIMES = "set_stay_times", "Set arrival and departure times"
    CREATE_WORK_ORDER = "create_work_order", "Create work order"
    UPDATE_WORK_ORDER = "update_work_order", "Update work order"
    ASSIGN_WORK_ORDER = "assign_work_order", "Assign work order"
    NOTE_WORK_ORDER = "note_work_order", "Add note to work order"
    SET_HOUSEKEEPING = "set_housekeeping", "Set housekeeping state"
    SEND_DIRECT = "send_direct", "Send on a channel"
    MARK_READ = "mark_read", "Show that it was read"


class Origin(models.TextChoices):
    AGENT = "agent"
    SEQUENCE = "sequence"
    SYSTEM = "system"


class Command(models.Model):
    """One effect owed. `order_key` serialises within (connection, order_key), in id order (invariant 5).

    `subject` names what the upper layer calls it ("message:123"); this layer never looks behind it.
    `place_id` is the property (by the upper layer's id) that a pilot may be limited to.
    `intent` is the connector's intent as JSON; `fingerprint` and `conversation_id` are how an echo is met before
    the remote id is known, `reference` the token that the text bears where it can. Smaller `priority` goes first.
    `report` is how far a channel's provider says that it came (sent, failed, delivered, read), forward only.
    """

    public_id = PublicIdField()
    organization = models.ForeignKey("accounts.Organization", models.PROTECT, related_name="+")
    connection = models.ForeignKey(Connection, models.PROTECT, related_name="commands")
    kind = models.CharField(max_length=20, choices=CommandKind)
    origin = models.CharField(max_length=10, choices=Origin, default=Origin.AGENT)
    priority = models.SmallIntegerField(default=0)
    order_key = models.CharField(max_length=80)
    subject = models.CharField(max_length=80)
    intent: Any = models.JSONField()
    conversation_id = models.CharField(max_length=200, blank=True, default="")
    place_id = models.BigIntegerField(null=True)
    fingerprint = models.CharField(max_length=32, blank=True, default="")
    reference = models.CharField(max_length=20, blank=True, default="")

    state = models.CharField(max_length=16, choices=CommandState, default=CommandState.WAITING)
    created_at = models.DateTimeField()
    due_at = models.DateTimeField()
    give_up_at = models.DateTimeField()
    tries = models.PositiveSmallIntegerField(default=0)
    reads = models.PositiveSmallIntegerField(default=0)
    first_sent_at = models.DateTimeField(null=True)
    lease_until = models.DateTimeField(null=True)
    leased_by = models.CharField(max_length=80, blank=True, default="")
    settled_at = models.DateTimeField(null=True)
    remote_id = models.CharField(max_length=200, blank=True, default="")
    matched_by_text = models.BooleanField(default=False)
    echoed_at = models.DateTimeField(null=True)
    echo_delivery = models.ForeignKey(
        "connectors.WebhookDelivery", models.SET_NULL, null=True, related_name="+"
    )
    reason = models.CharField(max_length=300, blank=True, default="")
    reason_code = models.CharField(max_length=40, blank=True, default="")
    report = models.CharField(max_length=10, blank=True, default="", db_default="")
    reported_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["connection", "order_key"],
                condition=models.Q(state__in=["in_flight", "unknown"]),
                name="command_one_active_per_key",
            ),
        )
        indexes = (
            models.Index(
                fields=["connection", "order_key", "id"],
                name="command_open_by_key",
                condition=models.Q(state__in=["held", "waiting", "in_flight", "unknown"]),
            ),
            models.Index(
                fields=["priority", "due_at", "id"],
                name="command_waiting",
                condition=models.Q(state="waiting"),
            ),
            models.Index(
                fields=["lease_until"],
                name="command_active",
                condition=models.Q(state__in=["in_flight", "unknown"]),
            ),
            models.Index(fields=["subject"], name="command_subject"),
            models.Index(fields=["connection", "conversation_id", "fingerprint"], name="command_echo"),
            models.Index(
                fields=["connection", "reference"],
                name="command_reference",
                condition=~models.Q(reference=""),
            ),
            models.Index(fields=["connection", "-id"], name="command_by_connection"),
            models.Index(
                fields=["connection", "remote_id"],
                name="command_remote",
                condition=~models.Q(remote_id=""),
            ),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.pk} ({self.state})"


class Attempt(models.Model):
    """One try of a Command: when, what came back, in words and in the provider's code.

    `left_at` is committed before the request leaves: a worker that died before it surely sent nothing.
    """

    class Result(models.TextChoices):
        RUNNING = "running", "Running"
        CONFIRMED = "confirmed", "Confirmed"
        RETRY = "retry", "Will retry"
        FAILED = "failed", "Failed"
        UNKNOWN = "unknown", "No clear answer"
        FOUND = "found", "Found on reading back"
        ABSENT = "absent", "Not found on reading back"

    command = models.ForeignKey(Command, models.CASCADE, related_name="attempts")
    number = models.PositiveSmallIntegerField()
    read_back = models.BooleanField(default=False)
    started_at = models.DateTimeField()
    left_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    result = models.CharField(max_length=10, choices=Result, default=Result.RUNNING)
    status_code = models.PositiveSmallIntegerField(null=True)
    code = models.CharField(max_length=60, blank=True, default="")
    message = models.CharField(max_length=300, blank=True, default="")
    detail = models.CharField(max_length=1000, blank=True, default="")
    request_id = models.CharField(max_length=100, blank=True, default="")
    worker = models.CharField(max_length=80, blank=True, default="")

    class Meta:
        constraints = (models.UniqueConstraint(fields=["command", "number"], name="attempt_number_unique"),)

    def __str__(self) -> str:
        return f"attempt {self.number} of {self.command_id} ({self.result})"
