"""A fire alarm, a wedding, a power cut: thousands of texts within seconds, each webhook in twenty sent twice."""

from __future__ import annotations

import os
import threading
from collections import Counter

import pytest
from django.db import connection as database

from connectors.channels.twilio.signature import AGAIN
from connectors.inbound import processing
from connectors.models import DeliveryState, WebhookDelivery
from connectors.outbound.addresses import hook_url
from inbox.models import Message, Thread
from tests.channels import OUR_NUMBER, SERVICE, Phones
from tests.harness.waiting import eventually
from tests.pms import Pms

COUNT = 10_000
PROCESSED = int(os.environ.get("BELLHOP_BURST", "1500"))
"""How many of them are carried on to the inbox: all of them take minutes (BELLHOP_BURST=10000)."""
PHONES = 50
WORKERS = 3


@pytest.fixture
def phones(pms: Pms) -> Phones:
    return Phones(pms)


def _work() -> None:
    try:
        while processing.drain():
            pass
    finally:
        database.close()


def test_ten_thousand_texts_at_once(pms: Pms, phones: Phones) -> None:
    """Invariants 1 and 3: none lost, none doubled, and each phone's in the order in which they were sent."""
    for line in (
        OUR_NUMBER,
        SERVICE,
    ):  # as the wizard tells people to enter it: a 5xx or a time-out is tried again
        phones.control(f"phones/lines/{line}", "PATCH", inbound_url=f"{hook_url(phones.connection)}{AGAIN}")
    phones.control("phones/burst", "POST", kind="sms", count=COUNT, phones=PHONES, duplicate_every=20)
    eventually(lambda: phones.control("twilio/state")["deliveries"]["pending"] == 0, timeout=120, pause=1.0)
    journal = WebhookDelivery.objects.filter(connection=phones.connection)
    assert journal.count() == COUNT
    journal.filter(pk__gt=journal.order_by("pk")[PROCESSED - 1].pk).delete()
    with database.cursor() as cursor:
        cursor.execute(
            "VACUUM connectors_webhookdelivery"
        )  # a queue has no such heap of dead rows in its way
    workers = [threading.Thread(target=_work) for _ in range(WORKERS)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(600)
    states = Counter(WebhookDelivery.objects.values_list("state", flat=True))
    assert states == {DeliveryState.PROCESSED: PROCESSED}
    assert Message.objects.count() == PROCESSED
    assert Thread.objects.count() == PHONES
