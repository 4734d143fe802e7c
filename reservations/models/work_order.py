"""A task or maintenance request of the PMS, as last told by it."""

from __future__ import annotations

import builtins

from django.db import models
from django.utils.translation import gettext_lazy as _

from bellhop.core.fields import PublicIdField
from reservations.models.directory import Contact
from reservations.models.property import Property, Unit
from reservations.models.stay import Reservation


class PmsState(models.TextChoices):
    """Does the PMS have what we owe it?"""

    WAITING = "waiting", _("Waiting for the PMS")
    DONE = "done", _("In the PMS")
    FAILED = "failed", _("Not in the PMS")
    UNCONFIRMED = "unconfirmed", _("May not be in the PMS")


class WorkOrder(models.Model):
    """`status` is the PMS's own word, `state` ours; `kind`: cleaning, maintenance, check_in, … or the PMS's word.
    `wished_state`: what somebody here said, until the PMS says so too; `pms_state` whether it has that.
    `assignee` is whom the PMS names. Where `assign_state` isn't empty, somebody here said who does it:
    `wished_assignee` (empty: nobody), `contact` where that is one of the directory."""

    class State(models.TextChoices):
        OPEN = "open", _("Open")
        IN_PROGRESS = "in_progress", _("In progress")
        DONE = "done", _("Done")
        CANCELLED = "cancelled", _("Cancelled")

    public_id = PublicIdField()
    organization = models.ForeignKey("accounts.Organization", models.CASCADE, related_name="work_orders")
    connection = models.ForeignKey("connectors.Connection", models.PROTECT, related_name="+")
    remote_id = models.CharField(max_length=200)
    reservation = models.ForeignKey(Reservation, models.SET_NULL, related_name="work_orders", null=True)
    unit = models.ForeignKey(Unit, models.SET_NULL, related_name="work_orders", null=True)
    property = models.ForeignKey(Property, models.SET_NULL, related_name="work_orders", null=True)

    title = models.CharField(max_length=300, blank=True, default="")
    kind = models.CharField(max_length=40, blank=True, default="")
    status = models.CharField(max_length=40, blank=True, default="")
    state = models.CharField(max_length=12, choices=State, default=State.OPEN)
    description = models.TextField(blank=True, default="")
    resolution = models.TextField(blank=True, default="")
    assignee = models.CharField(max_length=120, blank=True, default="")
    wished_state = models.CharField(max_length=12, choices=State, blank=True, default="")
    command_id = models.BigIntegerField(null=True)
    pms_state = models.CharField(max_length=12, choices=PmsState, blank=True, default="")
    pms_reason = models.CharField(max_length=300, blank=True, default="")
    contact = models.ForeignKey(Contact, models.SET_NULL, related_name="+", null=True)
    wished_assignee = models.CharField(max_length=120, blank=True, default="", db_default="")
    assign_command_id = models.BigIntegerField(null=True)
    assign_state = models.CharField(max_length=12, choices=PmsState, blank=True, default="", db_default="")
    assign_reason = models.CharField(max_length=300, blank=True, default="", db_default="")
    due_at = models.DateTimeField(null=True)
    as_of = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["connection", "remote_id"], name="work_order_remote_unique"),
        )
        indexes = (
            models.Index(fields=["reservation", "due_at"], name="work_order_by_stay"),
            models.Index(fields=["unit", "due_at"], name="work_order_by_unit"),
        )

    def __str__(self) -> str:
        return self.title

    @builtins.property
    def does_it(self) -> str:
        """Who does it, as far as anybody said."""
        return self.wished_assignee if self.assign_state else self.assignee


class Priority(models.TextChoices):
    """As a PMS with priorities takes them; empty: as usual."""

    LOW = "low", _("Can wait")
    MEDIUM = "medium", _("Soon")
    HIGH = "high", _("Urgent")


class Entry(models.TextChoices):
    """May somebody go in while the guest is out? Empty: not asked."""

    YES = "yes", _("May enter")
    CALL = "call", _("Only after a call")
    NO = "no", _("Only with the guest there")


class OrderedWork(models.Model):
    """Work that somebody here ordered from the PMS. Once the PMS has it (`remote_id`), it comes back as a WorkOrder;
    this keeps who ordered it, and from which message."""

    public_id = PublicIdField()
    organization = models.ForeignKey("accounts.Organization", models.CASCADE, related_name="+")
    connection = models.ForeignKey("connectors.Connection", models.PROTECT, related_name="+")
    reservation = models.ForeignKey(Reservation, models.SET_NULL, related_name="ordered_work", null=True)
    unit = models.ForeignKey(Unit, models.SET_NULL, related_name="ordered_work", null=True)
    property = models.ForeignKey(Property, models.SET_NULL, related_name="+", null=True)
    title = models.CharField(max_length=300)
    kind = models.CharField(max_length=40)
    priority = models.CharField(max_length=8, choices=Priority, blank=True, default="")
    entry = models.CharField(max_length=8, choices=Entry, blank=True, default="")
    description = models.TextField(blank=True, default="")
    message_id = models.BigIntegerField(null=True)
    ordered_at = models.DateTimeField()
    ordered_by = models.ForeignKey("accounts.User", models.SET_NULL, related_name="+", null=True)
    ordered_name = models.CharField(max_length=120, blank=True, default="")
    command_id = models.BigIntegerField(null=True)
    remote_id = models.CharField(max_length=200, blank=True, default="")
    pms_state = models.CharField(max_length=12, choices=PmsState, default=PmsState.WAITING)
    pms_reason = models.CharField(max_length=300, blank=True, default="")

    class Meta:
        indexes = (
            models.Index(fields=["reservation", "ordered_at"], name="ordered_by_stay"),
            models.Index(fields=["unit", "ordered_at"], name="ordered_by_unit"),
            models.Index(
                fields=["command_id"], name="ordered_command", condition=models.Q(command_id__isnull=False)
            ),
        )

    def __str__(self) -> str:
        return self.title


class WorkNote(models.Model):
    """A colleague's remark on work. It goes to the PMS once the work has a `remote_id` there. An empty `pms_state`: the
    PMS keeps none, it stands here only."""

    public_id = PublicIdField()
    organization = models.ForeignKey("accounts.Organization", models.CASCADE, related_name="+")
    connection = models.ForeignKey("connectors.Connection", models.PROTECT, related_name="+")
    ordered = models.ForeignKey(OrderedWork, models.SET_NULL, related_name="notes", null=True)
    remote_id = models.CharField(max_length=200, blank=True, default="")
    property = models.ForeignKey(Property, models.SET_NULL, related_name="+", null=True)
    author = models.ForeignKey("accounts.User", models.SET_NULL, related_name="+", null=True)
    author_name = models.CharField(max_length=120)
    body = models.TextField()
    written_at = models.DateTimeField()
    command_id = models.BigIntegerField(null=True)
    pms_state = models.CharField(max_length=12, choices=PmsState, blank=True, default="")
    pms_reason = models.CharField(max_length=300, blank=True, default="")

    class Meta:
        indexes = (
            models.Index(fields=["connection", "remote_id", "written_at"], name="work_note_by_task"),
            models.Index(
                fields=["command_id"], name="work_note_command", condition=models.Q(command_id__isnull=False)
            ),
        )

    def __str__(self) -> str:
        return self.body[:40]
