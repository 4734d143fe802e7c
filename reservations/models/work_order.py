"""A task or maintenance request of the PMS, as last told by it."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from bellhop.core.fields import PublicIdField
from reservations.models.property import Property, Unit
from reservations.models.stay import Reservation


class WorkOrder(models.Model):
    """`status` is the PMS's own word, `state` ours; `kind`: cleaning, maintenance, check_in, … or the PMS's word."""

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
