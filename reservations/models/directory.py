"""Whom to call: vendors and colleagues, and who of them is on call when."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from bellhop.core.fields import PublicIdField
from reservations.models.property import Property


class Trade(models.TextChoices):
    STAFF = "staff", _("Our staff")
    HANDYMAN = "handyman", _("Handyman")
    PLUMBER = "plumber", _("Plumber")
    ELECTRICIAN = "electrician", _("Electrician")
    HEATING = "heating", _("Heating and gas")
    LIFT = "lift", _("Lift")
    LOCKSMITH = "locksmith", _("Locksmith")
    CLEANING = "cleaning", _("Cleaning")
    SECURITY = "security", _("Security")
    OTHER = "other", _("Other")


class Contact(models.Model):
    """A vendor or a colleague. `phone` is E.164; without `all_properties` only for `properties`."""

    public_id = PublicIdField()
    organization = models.ForeignKey("accounts.Organization", models.CASCADE, related_name="+")
    name = models.CharField(max_length=120)
    trade = models.CharField(max_length=12, choices=Trade)
    phone = models.CharField(max_length=20, blank=True, default="")
    email = models.EmailField(blank=True, default="")
    notes = models.CharField(max_length=500, blank=True, default="")
    all_properties = models.BooleanField(default=True)
    properties = models.ManyToManyField(Property, related_name="+")

    class Meta:
        indexes = (models.Index(fields=["organization", "name"], name="contact_by_name"),)

    def __str__(self) -> str:
        return self.name


class Weekday(models.IntegerChoices):
    """As `date.weekday()` counts."""

    MONDAY = 0, _("Monday")
    TUESDAY = 1, _("Tuesday")
    WEDNESDAY = 2, _("Wednesday")
    THURSDAY = 3, _("Thursday")
    FRIDAY = 4, _("Friday")
    SATURDAY = 5, _("Saturday")
    SUNDAY = 6, _("Sunday")


class OnCallShift(models.Model):
    """Who is on call on a weekday (None: on every day) from `starts_at` to `ends_at`, by the property's clocks. An end
    that isn't later than the start is on the next day. `property` None: wherever nothing of its own is planned."""

    public_id = PublicIdField()
    organization = models.ForeignKey("accounts.Organization", models.CASCADE, related_name="+")
    property = models.ForeignKey(Property, models.CASCADE, related_name="on_call_shifts", null=True)
    contact = models.ForeignKey(Contact, models.PROTECT, related_name="shifts")
    weekday = models.PositiveSmallIntegerField(choices=Weekday, null=True)
    starts_at = models.TimeField()
    ends_at = models.TimeField()

    class Meta:
        indexes = (models.Index(fields=["organization", "property"], name="shift_by_property"),)

    def __str__(self) -> str:
        return f"{self.contact_id} from {self.starts_at}"


class OnCallException(models.Model):
    """Who is on call instead, from one local moment to another: the weekly shifts don't count meanwhile."""

    public_id = PublicIdField()
    organization = models.ForeignKey("accounts.Organization", models.CASCADE, related_name="+")
    property = models.ForeignKey(Property, models.CASCADE, related_name="on_call_exceptions", null=True)
    contact = models.ForeignKey(Contact, models.PROTECT, related_name="exceptions")
    first_day = models.DateField()
    starts_at = models.TimeField()
    last_day = models.DateField()
    ends_at = models.TimeField()

    class Meta:
        indexes = (
            models.Index(fields=["organization", "property", "last_day"], name="exception_by_property"),
        )

    def __str__(self) -> str:
        return f"{self.contact_id} from {self.first_day}"


class PmsPerson(models.Model):
    """Somebody who works in the PMS, to whom its tasks can be given. Who is no longer listed there keeps an old
    `as_of`."""

    connection = models.ForeignKey("connectors.Connection", models.CASCADE, related_name="+")
    remote_id = models.CharField(max_length=200)
    name = models.CharField(max_length=120)
    as_of = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["connection", "remote_id"], name="pms_person_unique"),)

    def __str__(self) -> str:
        return self.name
