"""Fault matrix 18: one webhook crashes us every time, among hundreds of good ones."""

from __future__ import annotations

import pytest

from bellhop.core.models import Incident
from connectors.contract.records import MessageRecord
from connectors.inbound import processing
from connectors.models import DeliveryState, WebhookDelivery
from inbox.models import Message
from tests.pms import Pms

GOOD = 150
POISON = "the one that we can't digest"


def test_poison_among_hundreds_is_parked_and_the_rest_applied(
    pms: Pms, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Matrix 18, invariant 12: five tries, then a person is told; every other message is there, also those whose
    webhooks repeat the poisonous one among the earlier posts of their conversation."""
    thread = pms.thread()
    pms.subscribe()
    apply = processing.apply

    def with_a_bug(source: object, record: object, *more: object) -> str:
        if isinstance(record, MessageRecord) and record.body_text == POISON:
            raise ZeroDivisionError(POISON)
        return apply(source, record, *more)  # type: ignore[arg-type]

    monkeypatch.setattr(processing, "apply", with_a_bug)
    for number in range(GOOD):
        if number == GOOD // 2:
            pms.guest_writes(thread, POISON)
        pms.guest_writes(thread, f"Good {number}")
    pms.hear()
    assert Message.objects.filter(thread=thread, body__startswith="Good").count() == GOOD
    for _ in range(processing.MAX_CRASHES):
        pms.forward(600)
        pms.run()
    parked = WebhookDelivery.objects.get(state=DeliveryState.QUARANTINED)
    assert (parked.attempts, POISON in parked.error) == (processing.MAX_CRASHES, True)
    assert "ZeroDivisionError" in parked.traceback
    assert not WebhookDelivery.objects.filter(state=DeliveryState.RECEIVED).exists()
    assert not Message.objects.filter(body=POISON).exists()
    assert Incident.objects.filter(code="delivery_quarantined", closed_at__isnull=True).count() == 1
