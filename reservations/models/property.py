"""A building or resort with its time zone, its rentable units, and who may see it."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from django.contrib.postgres.indexes import GinIndex
from django.db import models

from bellhop.core.fields import PublicIdField
from bellhop.core.search import Findable


class Property(models.Model):
    """A building or resort; all local dates and times of its stays are in its `timezone` (IANA). Cleaning a unit after
    a departure usually takes `departure_minutes`, during a stay `stay_over_minutes`. `board_day`: the local day up to
    which nights have made units dirty, where no PMS does."""

    public_id = PublicIdField()
    organization = models.ForeignKey("accounts.Organization", models.CASCADE, related_name="properties")
    name = models.CharField(max_length=200)
    timezone = models.CharField(max_length=64, default="UTC")
    address = models.CharField(max_length=300, blank=True, default="")
    departure_minutes = models.PositiveSmallIntegerField(default=45, db_default=45)
    stay_over_minutes = models.PositiveSmallIntegerField(default=20, db_default=20)
    board_day = models.DateField(null=True)

    class Meta:
        verbose_name_plural = "properties"
        indexes = (models.Index(fields=["organization", "name"], name="property_by_name"),)

    def __str__(self) -> str:
        return self.name

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)


class Unit(Findable):
    """A rentable room, apartment or home. Times are local clock times. `condition`: housekeeping's word (dirty, clean,
    inspected, …), of the PMS or of our board, whichever spoke last; `told_condition` what the PMS said last, and
    `told_refused` whether service was refused.
    `departure_minutes` where cleaning it takes longer or shorter than is usual in the property."""

    found_by = "name"

    public_id = PublicIdField()
    organization = models.ForeignKey("accounts.Organization", models.CASCADE, related_name="units")
    property = models.ForeignKey(Property, models.CASCADE, related_name="units")
    name = models.CharField(max_length=200)
    title = models.CharField(max_length=300, blank=True, default="")
    check_in_time = models.TimeField(null=True)
    check_out_time = models.TimeField(null=True)
    wifi = models.CharField(max_length=200, blank=True, default="")
    parking = models.CharField(max_length=200, blank=True, default="")
    condition = models.CharField(max_length=20, blank=True, default="")
    condition_note = models.CharField(max_length=300, blank=True, default="")
    occupied = models.BooleanField(null=True)
    do_not_disturb = models.BooleanField(default=False)
    condition_as_of = models.DateTimeField(null=True)
    told_condition = models.CharField(max_length=20, blank=True, default="", db_default="")
    told_refused = models.BooleanField(null=True)
    departure_minutes = models.PositiveSmallIntegerField(null=True)

    class Meta:
        indexes = (GinIndex(fields=["search"], name="unit_search"),)

    def __str__(self) -> str:
        return self.name


class PropertyScope(models.Model):
    """One property that a person without `all_properties` may see."""

    user = models.ForeignKey("accounts.User", models.CASCADE, related_name="property_scopes")
    property = models.ForeignKey(Property, models.CASCADE, related_name="scopes")

    class Meta:
        constraints = (models.UniqueConstraint(fields=["user", "property"], name="property_scope_unique"),)

    def __str__(self) -> str:
        return f"{self.user_id} may see {self.property_id}"
