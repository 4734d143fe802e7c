"""The housekeeping board: a unit's cleaning on one day, what people said of it, what they reported."""

from __future__ import annotations

import builtins
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from bellhop.core.fields import PublicIdField
from reservations.models.property import Property, Unit
from reservations.models.request import StayRequest
from reservations.models.work_order import OrderedWork, PmsState


class UnitState(models.TextChoices):
    """The conditions of a unit that the board knows; a PMS may have words of its own beside."""

    DIRTY = "dirty", _("Dirty")
    PICKUP = "pickup", _("Pickup")
    CLEAN = "clean", _("Clean")
    INSPECTED = "inspected", _("Inspected")
    OUT_OF_ORDER = "out_of_order", _("Out of order")
    OUT_OF_SERVICE = "out_of_service", _("Out of service")


class Cleaning(models.Model):
    """One unit on one local day of its property; the row exists once somebody said something about that day.

    `minutes`: how long it is to take, where it differs from the usual. `refused`: the guest wants no service today.
    `change` is what changed for that day (who leaves or comes when, was, by whom), marked on its card from `changed_at`
    until `seen_at`."""

    organization = models.ForeignKey("accounts.Organization", models.CASCADE, related_name="+")
    property = models.ForeignKey(Property, models.CASCADE, related_name="cleanings")
    unit = models.ForeignKey(Unit, models.CASCADE, related_name="cleanings")
    date = models.DateField()
    assignee = models.ForeignKey("accounts.User", models.SET_NULL, related_name="+", null=True)
    minutes = models.PositiveSmallIntegerField(null=True)
    started_at = models.DateTimeField(null=True)
    started_by = models.ForeignKey("accounts.User", models.SET_NULL, related_name="+", null=True)
    finished_at = models.DateTimeField(null=True)
    refused = models.BooleanField(default=False)
    change: Any = models.JSONField(null=True)
    changed_at = models.DateTimeField(null=True)
    seen_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["unit", "date"], name="cleaning_once_a_day"),)
        indexes = (models.Index(fields=["property", "date"], name="cleaning_by_day"),)

    def __str__(self) -> str:
        return f"cleaning of {self.unit_id} on {self.date}"

    @builtins.property
    def is_going(self) -> bool:
        return self.started_at is not None and self.finished_at is None


class UnitStateChange(models.Model):
    """What somebody said of a unit with one tap, or the PMS did (`by_name` empty). `act`: a UnitState, or started,
    refused, welcome (service is wanted after all). `token` is the browser's own, so that a tap sent twice is one tap.
    `before` is what undoing it brings back. `pms_state` says whether the PMS has it; empty: kept here only."""

    organization = models.ForeignKey("accounts.Organization", models.CASCADE, related_name="+")
    unit = models.ForeignKey(Unit, models.CASCADE, related_name="state_changes")
    date = models.DateField()
    token = models.CharField(max_length=40)
    act = models.CharField(max_length=20)
    before: Any = models.JSONField(default=dict)
    at = models.DateTimeField()
    by = models.ForeignKey("accounts.User", models.SET_NULL, related_name="+", null=True)
    by_name = models.CharField(max_length=120, blank=True, default="")
    undone_at = models.DateTimeField(null=True)
    command_id = models.BigIntegerField(null=True)
    pms_state = models.CharField(max_length=12, choices=PmsState, blank=True, default="")
    pms_reason = models.CharField(max_length=300, blank=True, default="")

    class Meta:
        constraints = (models.UniqueConstraint(fields=["unit", "token"], name="unit_change_once"),)
        indexes = (
            models.Index(fields=["unit", "-id"], name="unit_change_newest"),
            models.Index(
                fields=["command_id"],
                name="unit_change_command",
                condition=models.Q(command_id__isnull=False),
            ),
        )

    def __str__(self) -> str:
        return f"{self.act} of {self.unit_id}"


class UnitReport(models.Model):
    """What somebody found in a unit, with a photo where they took one: work for the PMS, a request of the stay, or kept
    on the board until somebody says that it is done. A trigger lets go of its stored files (`core.files`)."""

    public_id = PublicIdField()
    organization = models.ForeignKey("accounts.Organization", models.CASCADE, related_name="+")
    unit = models.ForeignKey(Unit, models.CASCADE, related_name="reports")
    note = models.CharField(max_length=500)
    token = models.CharField(max_length=40)
    reported_at = models.DateTimeField()
    reported_by = models.ForeignKey("accounts.User", models.SET_NULL, related_name="+", null=True)
    reported_name = models.CharField(max_length=120, blank=True, default="")
    storage_key = models.CharField(max_length=120, blank=True, default="")
    thumbnail_key = models.CharField(max_length=120, blank=True, default="")
    work = models.ForeignKey(OrderedWork, models.SET_NULL, related_name="reports", null=True)
    request = models.ForeignKey(StayRequest, models.SET_NULL, related_name="reports", null=True)
    done_at = models.DateTimeField(null=True)
    done_name = models.CharField(max_length=120, blank=True, default="")

    class Meta:
        constraints = (models.UniqueConstraint(fields=["unit", "token"], name="unit_report_once"),)
        indexes = (
            models.Index(
                fields=["unit", "reported_at"], name="unit_report_open", condition=models.Q(done_at=None)
            ),
        )

    def __str__(self) -> str:
        return self.note
