"""What one person has set up for their own work."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from bellhop.core.fields import PublicIdField


class SnoozePreset(models.Model):
    """A snooze of one's own: a name and a rule, read in the zone of the thread's property (ux L12).

    `number` is hours, days or the weekday (0 is Monday), as `kind` says; `at` is a local clock time, unused for hours.
    """

    class Kind(models.TextChoices):
        HOURS = "hours", _("after so many hours")
        DAYS = "days", _("after so many days, at a time")
        WEEKDAY = "weekday", _("next weekday, at a time")
        ARRIVAL = "arrival", _("so many days before arrival, at a time")
        DEPARTURE = "departure", _("so many days before departure, at a time")

    public_id = PublicIdField()
    owner = models.ForeignKey("accounts.User", models.CASCADE, related_name="snooze_presets")
    name = models.CharField(max_length=40)
    kind = models.CharField(max_length=9, choices=Kind)
    number = models.PositiveSmallIntegerField()
    at = models.TimeField(null=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["owner", "name"], name="snooze_preset_name_unique"),)

    def __str__(self) -> str:
        return self.name
