"""What a guest is asked after a stay, or after a cancellation, and what they answered."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from bellhop.core.fields import PublicIdField
from reservations.models.guest import Guest
from reservations.models.sequence import ScheduledMessage
from reservations.models.stay import Reservation

LOW = 6


class Survey(models.Model):
    """One survey of one stay's guest, made when the first message with its link leaves (`scheduled`, `made_at`); a
    further message bears the same link. `public_id` is what the link is signed for."""

    class Kind(models.TextChoices):
        STAY = "stay", _("After the stay")
        FAREWELL = "farewell", _("After the cancellation")

    public_id = PublicIdField()
    organization = models.ForeignKey("accounts.Organization", models.CASCADE, related_name="+")
    reservation = models.ForeignKey(Reservation, models.CASCADE, related_name="surveys")
    guest = models.ForeignKey(Guest, models.CASCADE, related_name="+")
    kind = models.CharField(max_length=8, choices=Kind)
    scheduled = models.ForeignKey(ScheduledMessage, models.SET_NULL, related_name="surveys", null=True)
    made_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["reservation", "kind", "guest"], name="survey_of_guest_unique"),
        )

    def __str__(self) -> str:
        return f"{self.kind} survey {self.public_id}"


class SurveyAnswer(models.Model):
    """The one answer: `score` from 0 to 10, and `words`, to which some may be `added` once. `may_contact`: they said
    that they may be written to about it."""

    survey = models.OneToOneField(Survey, models.CASCADE, related_name="answer")
    organization = models.ForeignKey("accounts.Organization", models.CASCADE, related_name="+")
    score = models.PositiveSmallIntegerField()
    words = models.TextField(blank=True, default="")
    may_contact = models.BooleanField(default=False)
    language = models.CharField(max_length=10, blank=True, default="")
    answered_at = models.DateTimeField()
    added = models.TextField(blank=True, default="")
    added_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (models.CheckConstraint(condition=models.Q(score__lte=10), name="survey_score_to_ten"),)
        indexes = (models.Index(fields=["organization", "answered_at"], name="survey_answer_by_time"),)

    def __str__(self) -> str:
        return f"{self.score} of 10"

    @property
    def is_low(self) -> bool:
        """A detractor, as the NPS counts."""
        return self.score <= LOW
