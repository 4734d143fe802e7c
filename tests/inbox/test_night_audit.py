"""Night audits: what stood at the close of a business date, frozen, and what became known later (ux A1, A2)."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.db import connection as database
from django.test.utils import CaptureQueriesContext

from bellhop.core import clock
from bellhop.core.models import Incident
from connectors.models import Drift, ExternalId, FieldOverwrite
from inbox.models import Destination, Receipt, ReceiptState, Thread
from inbox.services import triage
from reservations.models import NightAudit, NightAuditAddendum, RequestKind, Reservation, StayRequest
from reservations.night_audit import addenda, plans, running
from reservations.night_audit.facts import Section
from reservations.services import requests
from reservations.services.requests import Terms, Wish
from tests import factories
from tests.factories import Desk
from tests.sequences import at_noon, live, move_to, step

pytestmark = pytest.mark.django_db
LATE = RequestKind.LATE_CHECK_OUT


@pytest.fixture(autouse=True)
def noon() -> Any:
    at_noon()
    yield
    clock.set_offset(timedelta())
    clock.forget()


def today() -> date:
    return clock.now().date()


def run(desk: Desk, on: date | None = None) -> NightAudit:
    return running.run(desk.agent, desk.place, on or today())


def rows(audit: NightAudit, section: Section) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = audit.facts[section.value]["rows"]
    return found


def test_an_empty_day_says_zero_everywhere(desk: Desk) -> None:
    audit = run(desk)
    assert set(audit.facts) == {section.value for section in Section}
    assert all(part["rows"] == [] for part in audit.facts.values())
    assert audit.figures["late_check_outs"] == audit.figures["unanswered"] == audit.figures["outages"] == 0
