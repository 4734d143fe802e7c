"""Night audits in tests: always at noon, of today unless another date is named."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any

import pytest

from bellhop.core import clock
from reservations.models import NightAudit
from reservations.night_audit import running
from reservations.night_audit.plans import Wanted
from tests.factories import Desk
from tests.sequences import at_noon


@pytest.fixture(autouse=True)
def noon(db: None) -> Iterator[None]:
    at_noon()
    yield
    clock.set_offset(timedelta())
    clock.forget()


def today() -> date:
    return clock.now().date()


def run(desk: Desk, on: date | None = None) -> NightAudit:
    return running.run(desk.agent, desk.place, on or today())


def wanted(**changes: Any) -> Wanted:
    values = {"is_on": True, "closes_at": time(3), "mail_at": None, "recipients": (), **changes}
    return Wanted(**values)


def at(hour: int, minute: int = 0, days: int = 0) -> datetime:
    return clock.now().replace(hour=hour, minute=minute, second=1, microsecond=0) + timedelta(days=days)
