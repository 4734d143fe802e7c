"""A stay owned by the PMS, as last told by it."""

from __future__ import annotations

import builtins
from datetime import date, datetime, time
from typing import Any

from django.contrib.postgres.indexes import OpClass
from django.db import models
from django.db.models.functions import Upper
from django.utils.translation import gettext_lazy as _

from bellhop.core.fields import PublicIdField
from reservations.models.guest import Guest
from reservations.models.property import Property, Unit


class StayPhase(models.TextChoices):
    INQUIRY = "inquiry", _("Inquiry")
    UPCOMING = "upcoming", _("Upcoming")
    ARRIVING = "arriving", _("Arriving today")
    IN_HOUSE = "in_house", _("In house")
    DEPARTING = "departing", _("Departing today")
    CHECKED_OUT = "checked_out", _("Checked out")
    CANCELLED = "cancelled", _("Cancelled")


class Reservation(models.Model):
    """One stay. Dates are local to the property, times local clock times, money in major units as decimal texts.
    `first_seen_at`: when it came in, None for what an import brought. `stopping_at`: a cancellation waits for what is
    on the wire, and nothing more of a sequence leaves. `dates_changed_at`: when its days last did, told live."""

    class Status(models.TextChoices):
        INQUIRY = "inquiry", _("Inquiry")
        TENTATIVE = "tentative", _("Tentative")
        CONFIRMED = "confirmed", _("Confirmed")
        CHECKED_IN = "checked_in", _("Checked in")
        CHECKED_OUT = "checked_out", _("Checked out")
        CANCELLED = "cancelled", _("Cancelled")
        NO_SHOW = "no_show", _("No-show")

    public_id = PublicIdField()
    organization = models.ForeignKey("accounts.Organization", models.CASCADE, related_name="reservations")
    connection = models.ForeignKey("connectors.Connection", models.PROTECT, related_name="+")
    remote_id = models.CharField(max_length=200)
    property = models.ForeignKey(Property, models.PROTECT, related_name="reservations", null=True)
    unit = models.ForeignKey(Unit, models.PROTECT, related_name="reservations", null=True)
    guest = models.ForeignKey(Guest, models.PROTECT, related_name="reservations", null=True)
    conversation_id = models.CharField(max_length=200, blank=True, default="")

    code = models.CharField(max_length=80, blank=True, default="")
    channel_code = models.CharField(max_length=120, blank=True, default="")
    status = models.CharField(max_length=12, choices=Status, default=Status.TENTATIVE)
    status_raw = models.CharField(max_length=60, blank=True, default="")
    arrival_date = models.DateField(null=True)
    departure_date = models.DateField(null=True)
    check_in_time = models.TimeField(null=True)
    check_out_time = models.TimeField(null=True)
    source = models.CharField(max_length=40, blank=True, default="")
    source_raw = models.CharField(max_length=80, blank=True, default="")
    adults = models.PositiveSmallIntegerField(null=True)
    children = models.PositiveSmallIntegerField(null=True)
    infants = models.PositiveSmallIntegerField(null=True)
    pets = models.PositiveSmallIntegerField(null=True)
    rate_plan = models.CharField(max_length=120, blank=True, default="")
    money: Any = models.JSONField(null=True)
    door_code = models.CharField(max_length=80, blank=True, default="")
    notes: Any = models.JSONField(default=dict)
    custom_fields: Any = models.JSONField(default=dict)
    cancelled_at = models.DateTimeField(null=True)
    cancelled_by = models.CharField(max_length=60, blank=True, default="")
    is_owner_stay = models.BooleanField(default=False)
    is_test = models.BooleanField(default=False)
    booked_at = models.DateTimeField(null=True)
    first_seen_at = models.DateTimeField(null=True)
    stopping_at = models.DateTimeField(null=True)
    dates_changed_at = models.DateTimeField(null=True)
    messages_paused_at = models.DateTimeField(null=True)
    messages_paused_name = models.CharField(max_length=200, blank=True, default="", db_default="")
    as_of = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["connection", "remote_id"], name="reservation_remote_unique"),
        )
        indexes = (
            models.Index(fields=["organization", "arrival_date"], name="reservation_by_arrival"),
            models.Index(fields=["connection", "conversation_id"], name="reservation_conversation"),
            models.Index(fields=["organization", "code"], name="reservation_by_code"),
            models.Index(fields=["property", "departure_date"], name="reservation_by_departure"),
            models.Index(
                "organization", OpClass(Upper("code"), "text_pattern_ops"), name="reservation_code_begins"
            ),
            models.Index(
                "organization",
                OpClass(Upper("channel_code"), "text_pattern_ops"),
                name="reservation_ota_code_begins",
            ),
        )

    def __str__(self) -> str:
        return self.code or self.remote_id

    @builtins.property
    def nights(self) -> int | None:
        if self.arrival_date is None or self.departure_date is None:
            return None
        return (self.departure_date - self.arrival_date).days

    @builtins.property
    def effective_check_in(self) -> time | None:
        """Agreed time, else the unit's usual one."""
        return self.check_in_time or (self.unit.check_in_time if self.unit else None)

    @builtins.property
    def effective_check_out(self) -> time | None:
        return self.check_out_time or (self.unit.check_out_time if self.unit else None)

    def phase_on(self, today: date) -> StayPhase:
        """The stay's phase on a local date of its property (ux L9)."""
        if self.status in {self.Status.CANCELLED, self.Status.NO_SHOW}:
            return StayPhase.CANCELLED
        if self.status == self.Status.INQUIRY:
            return StayPhase.INQUIRY
        if self.status == self.Status.CHECKED_OUT:
            return StayPhase.CHECKED_OUT
        if self.arrival_date is None or self.departure_date is None or today < self.arrival_date:
            return StayPhase.IN_HOUSE if self.status == self.Status.CHECKED_IN else StayPhase.UPCOMING
        if today > self.departure_date:
            return StayPhase.CHECKED_OUT
        if today == self.departure_date and today != self.arrival_date:
            return StayPhase.DEPARTING
        if today == self.arrival_date and self.status != self.Status.CHECKED_IN:
            return StayPhase.ARRIVING
        return StayPhase.IN_HOUSE

    def phase(self, now: datetime) -> StayPhase:
        """The phase at an instant, by the property's own calendar."""
        zone = self.property.zone if self.property else None
        return self.phase_on(now.astimezone(zone).date())
