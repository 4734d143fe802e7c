"""The night audit: what stood at the close of a property's business date, frozen, and what became known later (ux A1,
A2)."""

from __future__ import annotations

from datetime import time
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from bellhop.core.fields import PublicIdField
from reservations.models.property import Property

USUAL_CLOSE = time(3)


class NightAuditPlan(models.Model):
    """When a property's business date ends (`closes_at`, local), and who gets its audit by e-mail at `mail_at` (local;
    None: nobody). The audit of `next_date` runs by itself at `next_at`, None while that is off; `tries`: how often it
    was begun."""

    property = models.OneToOneField(Property, models.CASCADE, related_name="audit_plan", primary_key=True)
    organization = models.ForeignKey("accounts.Organization", models.CASCADE, related_name="+")
    is_on = models.BooleanField(default=True)
    closes_at = models.TimeField(default=USUAL_CLOSE)
    mail_at = models.TimeField(null=True)
    recipients: Any = ArrayField(models.EmailField(), default=list)
    next_date = models.DateField(null=True)
    next_at = models.DateTimeField(null=True)
    tries = models.PositiveSmallIntegerField(default=0)

    class Meta:
        indexes = (
            models.Index(
                fields=["next_at"], name="audit_plan_due", condition=models.Q(next_at__isnull=False)
            ),
        )

    def __str__(self) -> str:
        return f"night audit of {self.property_id} at {self.closes_at:%H:%M}"


class NightAudit(models.Model):
    """One business date of one property, from `starts_at` to `ends_at`, as it stood at `run_at`.

    Frozen, which the database holds to: `facts` are the sections (key → rows, `of` where they are a part of something),
    `figures` the counts that lists and trends show, `layout` the version of both. Only when to look for late facts
    (`look_at`) and the e-mail (`mail_at`, `mail_tries`, `mailed_at`) change. `run_by` is None for one that ran by
    itself.
    """

    public_id = PublicIdField()
    organization = models.ForeignKey("accounts.Organization", models.CASCADE, related_name="+")
    property = models.ForeignKey(Property, models.PROTECT, related_name="night_audits")
    business_date = models.DateField()
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    run_at = models.DateTimeField()
    run_by = models.ForeignKey("accounts.User", models.SET_NULL, related_name="+", null=True)
    run_by_name = models.CharField(max_length=120, blank=True, default="")
    layout = models.PositiveSmallIntegerField()
    facts: Any = models.JSONField()
    figures: Any = models.JSONField()
    look_at = models.DateTimeField(null=True)
    mail_at = models.DateTimeField(null=True)
    mail_tries = models.PositiveSmallIntegerField(default=0)
    mailed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["property", "business_date"], name="night_audit_once"),
        )
        indexes = (
            models.Index(fields=["organization", "business_date"], name="night_audit_by_date"),
            models.Index(
                fields=["look_at"], name="night_audit_look", condition=models.Q(look_at__isnull=False)
            ),
            models.Index(
                fields=["mail_at"],
                name="night_audit_mail",
                condition=models.Q(mail_at__isnull=False, mailed_at__isnull=True),
            ),
        )

    def __str__(self) -> str:
        return f"night audit of {self.property_id}, {self.business_date}"


class NightAuditAddendum(models.Model):
    """A fact of an audit's date that became known after it ran; frozen as well. `row`: the fact as it is now (empty
    where it is gone), `before`: what the audit, or the last addendum about it, said."""

    class Kind(models.TextChoices):
        ADDED = "added", _("new")
        CHANGED = "changed", _("changed")
        GONE = "gone", _("gone")

    audit = models.ForeignKey(NightAudit, models.CASCADE, related_name="addenda")
    section = models.CharField(max_length=20)
    key = models.CharField(max_length=60)
    kind = models.CharField(max_length=7, choices=Kind)
    row: Any = models.JSONField(default=dict)
    before: Any = models.JSONField(default=dict)
    found_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "night audit addenda"
        indexes = (models.Index(fields=["audit", "id"], name="audit_addendum_in_order"),)

    def __str__(self) -> str:
        return f"{self.kind} in {self.section} of {self.audit_id}"
