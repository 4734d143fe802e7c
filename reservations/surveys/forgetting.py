"""Erasure of a guest: their words go, scores stay as counts, and their links lead nowhere."""

from __future__ import annotations

from django.db import transaction

from bellhop.core.fields import new_public_id
from reservations.models import Guest, Survey, SurveyAnswer


@transaction.atomic
def forget(guest: Guest) -> list[int]:
    """Empty what the guest said in surveys. Returns the answers, for those who keep words of them elsewhere."""
    answers = SurveyAnswer.objects.filter(survey__guest=guest)
    ids = list(answers.values_list("pk", flat=True))
    answers.update(words="", added="", may_contact=False)
    for survey in Survey.objects.select_for_update().filter(guest=guest).order_by("pk"):
        survey.public_id = new_public_id()
        survey.save(update_fields=["public_id"])
    return ids
