"""An import has one worker at a time, however long a page takes."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bellhop.core import clock
from connectors.contract.base import Page
from connectors.inbound import sync
from connectors.models import SyncRun
from connectors.outbound import caller
from tests.pms import Pms


def test_a_long_page_keeps_the_lease_that_was_renewed(pms: Pms, monkeypatch: pytest.MonkeyPatch) -> None:
    """Invariant 9: two workers on one import would read everything twice within one limit."""
    sync.start_backfill(pms.connection)
    run = sync._claim()
    assert run is not None
    renewed = clock.now() + timedelta(minutes=5)
    SyncRun.objects.filter(pk=run.pk).update(lease_until=renewed)
    monkeypatch.setattr(sync, "_page", lambda *_: Page(items=(), next_cursor="more"))
    call = caller.caller_for(pms.connection, bulk=True)
    assert not sync._step(run, call)
    row = SyncRun.objects.get(pk=run.pk)
    assert (row.cursor, row.lease_until) == ("more", renewed)
    monkeypatch.setattr(sync, "_page", lambda *_: Page(items=(), next_cursor=None))
    assert sync._step(run, call)
    row.refresh_from_db()
    assert row.finished_at is not None
    assert row.lease_until is None
