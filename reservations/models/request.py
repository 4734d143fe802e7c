"""What a guest asked for beside the booking, what was decided, and whether the PMS has it (ux V5, signature N14)."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from bellhop.core.fields import PublicIdField
from reservations.models.stay import Reservation
from reservations.models.work_order import PmsState


class RequestKind(models.TextChoices):
    LATE_CHECK_OUT = "late_check_out", _("Late check-out")
    EARLY_CHECK_IN = "early_check_in", _("Early check-in")
    EXTRA_BED = "extra_bed", _("Extra bed")
    COT = "cot", _("Cot")
    LUGGAGE = "luggage", _("Luggage")
    OTHER = "other", _("Other")


class StayRequest(models.Model):
    """Asked, decided, perhaps taken back. `wished` is the time that was asked for, `agreed` the one that holds, both
    local to the property; `before` is the stay's own time when it was approved, for taking it back. `price` is in major
    units. `message_id` is the message it came from. `pms_state` says whether the PMS has it, empty where nothing is
    written; `pms_way` how (times, task, note)."""

    class State(models.TextChoices):
        ASKED = "asked", _("Asked, not decided")
        PROPOSED = "proposed", _("Proposed")
        APPROVED = "approved", _("Approved")
        DECLINED = "declined", _("Declined")
        WITHDRAWN = "withdrawn", _("Taken back")

    class Source(models.TextChoices):
        MESSAGE = "message", _("from a message")
        HAND = "hand", _("by hand")
        HOUSEKEEPING = "housekeeping", _("by housekeeping")
        PMS = "pms", _("in the PMS")

    public_id = PublicIdField()
    organization = models.ForeignKey("accounts.Organization", models.CASCADE, related_name="stay_requests")
    reservation = models.ForeignKey(Reservation, models.CASCADE, related_name="requests")
    kind = models.CharField(max_length=20, choices=RequestKind)
    state = models.CharField(max_length=10, choices=State, default=State.ASKED)
    source = models.CharField(max_length=12, choices=Source, default=Source.HAND)
    message_id = models.BigIntegerField(null=True)
    wished = models.TimeField(null=True)
    agreed = models.TimeField(null=True)
    before = models.TimeField(null=True)
    price = models.DecimalField(max_digits=10, decimal_places=2, null=True)
    currency = models.CharField(max_length=3, blank=True, default="")
    note = models.CharField(max_length=500, blank=True, default="")
    asked_at = models.DateTimeField()
    asked_by = models.ForeignKey("accounts.User", models.SET_NULL, related_name="+", null=True)
    decided_at = models.DateTimeField(null=True)
    decided_by = models.ForeignKey("accounts.User", models.SET_NULL, related_name="+", null=True)
    decided_name = models.CharField(max_length=120, blank=True, default="")
    command_id = models.BigIntegerField(null=True)
    pms_way = models.CharField(max_length=10, blank=True, default="")
    pms_state = models.CharField(max_length=12, choices=PmsState, blank=True, default="")
    pms_reason = models.CharField(max_length=300, blank=True, default="")

    class Meta:
        constraints = (
            # One open wish of a kind per stay: a message asked twice is one request.
            models.UniqueConstraint(
                fields=["reservation", "kind"],
                name="request_open_once",
                condition=models.Q(state__in=("asked", "proposed", "approved"))
                & ~models.Q(kind__in=("other", "luggage")),
            ),
        )
        indexes = (
            models.Index(fields=["reservation", "asked_at"], name="request_by_stay"),
            models.Index(fields=["organization", "decided_at"], name="request_by_decision"),
            models.Index(
                fields=["organization", "asked_at"],
                name="request_undecided",
                condition=models.Q(state__in=("asked", "proposed")),
            ),
            models.Index(
                fields=["command_id"], name="request_command", condition=models.Q(command_id__isnull=False)
            ),
            models.Index(
                fields=["message_id"], name="request_message", condition=models.Q(message_id__isnull=False)
            ),
        )

    def __str__(self) -> str:
        return f"{self.kind} of {self.reservation_id} ({self.state})"

    @property
    def is_open(self) -> bool:
        """Nothing was decided yet, or the guest has to answer."""
        return self.state in {self.State.ASKED, self.State.PROPOSED}

    @property
    def has_time(self) -> bool:
        return self.kind in {RequestKind.LATE_CHECK_OUT, RequestKind.EARLY_CHECK_IN}
