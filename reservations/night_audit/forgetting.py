"""Erasure of a guest from frozen papers: their name and words go, that there was somebody stays (as in the journal).
It is the one change that the database lets through, and only while this says that it is erasing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeAlias

from django.db import connection, transaction

from connectors.models import Drift
from reservations.models import Guest, NightAudit, NightAuditAddendum, Reservation, StayRequest, SurveyAnswer
from reservations.night_audit.facts import Fact, Section

WORDS: Final = ("guest", "text", "words", "note", "reason")
Keys: TypeAlias = Mapping[Section, frozenset[str]]


@transaction.atomic
def forget(guest: Guest, threads: Mapping[int, str]) -> int:
    """Erase a guest, whose `threads` (row → public id) the layer above tells. Returns how many papers named them."""
    theirs, public_ids = _keys(guest, threads), frozenset(threads.values())
    papers = NightAudit.objects.filter(organization_id=guest.organization_id).prefetch_related("addenda")
    _say_erasing("on")
    found = sum(_erase(row, theirs, public_ids) for row in papers.order_by("pk").iterator(chunk_size=50))
    _say_erasing("")
    return found


def _say_erasing(value: str) -> None:
    """For the rest of the transaction, to the trigger that keeps papers frozen."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('bellhop.erasing', %s, true)", [value])


def _keys(guest: Guest, threads: Mapping[int, str]) -> Keys:
    """Section → keys of the facts about the guest."""
    stays = list(Reservation.objects.filter(guest=guest).values_list("pk", flat=True))
    requests = StayRequest.objects.filter(reservation__in=stays).values_list("pk", flat=True)
    answers = SurveyAnswer.objects.filter(survey__guest=guest).values_list("pk", flat=True)
    drifts = Drift.objects.filter(
        connection__organization_id=guest.organization_id, entity="reservation", object_id__in=stays
    ) | Drift.objects.filter(
        connection__organization_id=guest.organization_id, entity="guest", object_id=guest.pk
    )
    of_stay, of_request = frozenset(map(str, stays)), frozenset(map(str, requests))
    return {
        Section.TIMES: of_request,
        Section.OPEN: of_request,
        Section.UNANSWERED: frozenset(map(str, threads)),
        Section.INSTRUCTIONS: of_stay,
        Section.CANCELLED: of_stay,
        Section.DEPARTURES: of_stay,
        Section.SCORES: frozenset(map(str, answers)),
        Section.DRIFT: frozenset(map(str, drifts.values_list("pk", flat=True))),
    }


def _erase(row: NightAudit, theirs: Keys, threads: frozenset[str]) -> bool:
    """In one paper and its addenda; a row that says nothing of them is not written."""
    touched = 0
    for section in Section:
        keys = theirs.get(section, frozenset())
        for fact in row.facts.get(section.value, {}).get("rows", []):
            touched += _emptied(fact, keys, threads)
    if touched:
        NightAudit.objects.filter(pk=row.pk).update(facts=row.facts)
    for addendum in row.addenda.all():
        keys = theirs.get(Section(addendum.section), frozenset())
        changed = [_emptied(fact, keys, threads) for fact in (addendum.row, addendum.before)]
        if any(changed):
            kept = NightAuditAddendum.objects.filter(pk=addendum.pk)
            kept.update(row=addendum.row, before=addendum.before)
            touched += 1
    return bool(touched)


def _emptied(fact: Fact, keys: frozenset[str], threads: frozenset[str]) -> bool:
    """Without name and words, if it is about them."""
    if not fact or (fact.get("key") not in keys and fact.get("thread") not in threads):
        return False
    fact.update({name: "" for name in WORDS if name in fact})
    fact["erased"] = True
    if fact.get("direction") == "inbound":
        fact["by"] = ""
    if "ours" in fact:
        fact["ours"] = fact["theirs"] = None
        fact["is_secret"] = True
    return True
