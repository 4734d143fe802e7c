"""Leases of this process: renewed together by one thread, freed at once when a worker is known to be dead."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import structlog
from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.db.models import Model

from bellhop.core import clock
from connectors.models import Command, DriftRun, SyncRun, WebhookDelivery

LEASE = timedelta(seconds=10)
RENEW_EVERY_S = 3.0
LEASED: tuple[type[Model], ...] = (Command, WebhookDelivery, SyncRun, DriftRun)

log = structlog.get_logger(__name__)


class Keeper:
    """Renews every lease that is held until it is let go."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: set[tuple[type[Model], int]] = set()
        self._thread: threading.Thread | None = None

    @contextmanager
    def held(self, model: type[Model], row_id: int) -> Iterator[None]:
        """Keep the lease of one row alive for the length of the block."""
        with self._lock:
            self._held.add((model, row_id))
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="leases", daemon=True)
                self._thread.start()
        try:
            yield
        finally:
            with self._lock:
                self._held.discard((model, row_id))

    def _run(self) -> None:
        idle = threading.Event()
        while True:
            idle.wait(RENEW_EVERY_S)
            with self._lock:
                held = set(self._held)
            if not held:
                continue
            try:
                self._renew(held)
            except DatabaseError as error:
                log.warning("lease_renewal_failed", error=type(error).__name__)
            finally:
                connection.close()

    def _renew(self, held: set[tuple[type[Model], int]]) -> None:
        until = clock.now() + LEASE
        for model in LEASED:
            ids = [row_id for kind, row_id in held if kind is model]
            if ids:
                model._default_manager.filter(
                    pk__in=ids, leased_by=settings.BELLHOP_WORKER_NAME, lease_until__isnull=False
                ).update(lease_until=until)


keeper = Keeper()


@transaction.atomic
def release(worker_name: str) -> int:
    """Free what a dead worker held: what was in flight is looked at by the next sweep. Returns how many rows."""
    now = clock.now()
    return sum(
        model._default_manager.filter(leased_by=worker_name, lease_until__gt=now).update(lease_until=now)
        for model in LEASED
    )
