"""Misfortune: each kind ends in the right class of error, bounded, and tells no secret."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connections
from structlog.testing import capture_logs

from connectors.contract.errors import (
    ConnectorError,
    NotAuthorized,
    RateLimited,
    Rejected,
    Retryable,
    Unreachable,
    Unreadable,
)
from connectors.contract.intents import AddNote
from tests.connectors.contract.bench import Bench
from tests.connectors.contract.trial import Trial

READS: list[tuple[str, dict[str, Any], type[ConnectorError]]] = [
    ("down", {"mode": "503"}, Retryable),
    ("down", {"mode": "cut"}, Unreachable),
    ("html_error", {"status": 502}, Retryable),
    ("too_many", {"retry_after": 30}, RateLimited),
    ("too_many", {"retry_after": None}, RateLimited),
    ("error_in_200", {}, ConnectorError),
    ("truncated", {}, Unreadable),
    ("huge", {"megabytes": 10}, Unreadable),
]
NOWHERE = "http://127.0.0.1:9"
THREADS, EACH = 4, 5


class Failing(Trial):
    """Through Bellhop's own caller, as in production."""

    @pytest.fixture
    def said(self, caplog: pytest.LogCaptureFixture) -> Iterator[list[str]]:
        """All that is logged during the test, by whatever means; a test adds what else was said."""
        caplog.set_level(logging.DEBUG)
        words: list[str] = []
        with capture_logs() as entries:
            yield words
            words += [repr(entry) for entry in entries]
            words += [record.getMessage() for record in caplog.records]

    # --- credentials ---
    def test_good_credentials_are_good(self, bench: Bench) -> None:
        assert bench.connector.ping(bench.call)

    def test_wrong_credentials_are_told(self, bench: Bench) -> None:
        bench.use(credentials=dict(self.wrong))
        with pytest.raises(NotAuthorized):
            bench.connector.ping(bench.call)

    def test_a_missing_scope_is_no_wrong_credential(self, bench: Bench) -> None:
        if self.limited is None:
            self.skip(self.limited_why, "say why there are no limited credentials")
            return
        stay = bench.stay()
        bench.use(credentials=dict(self.limited))
        assert bench.connector.ping(bench.call)
        with pytest.raises(Rejected) as caught:
            bench.connector.perform(bench.call, AddNote(reservation_id=stay.external_id, body="x"))
        assert caught.value.code in {"missing_scope", "forbidden"}

    def test_nobody_there_is_unreachable(self, bench: Bench, settings: Any) -> None:
        settings.BELLHOP_ALLOWED_PRIVATE_HOSTS = ["127.0.0.1:9"]
        bench.use(base_url=NOWHERE)
        with pytest.raises(Unreachable):
            bench.connector.ping(bench.call)

    # --- answers ---
    @pytest.mark.parametrize(("fault", "parameters", "error"), READS)
    def test_a_read_under_each_fault(
        self, bench: Bench, fault: str, parameters: dict[str, Any], error: type[ConnectorError]
    ) -> None:
        self.needs_fault(fault)
        bench.connector.ping(bench.call)
        bench.world.fault(fault, **parameters)
        with pytest.raises(error) as caught:
            bench.stay()
        assert len(str(caught.value)) < 1000
        assert "<" not in caught.value.user_message
        bench.world.heal()
        bench.renew()
        assert bench.stay()

    # --- limits ---
    def test_the_published_limits_hold_for_threads_together(self, shared_bench: Bench) -> None:
        """Invariant 9: what the world saw stays within every window, however many ask."""
        shared_bench.connector.ping(shared_bench.call)
        shared_bench.use(limit_scale=1)
        shared_bench.world.count_from_now()
        turned_away: list[ConnectorError] = []
        threads = [
            threading.Thread(target=self._hammer, args=(shared_bench, turned_away)) for _ in range(THREADS)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(120)
        peaks = shared_bench.world.peaks()
        assert peaks
        assert all(attempted <= allowed for attempted, allowed in peaks), peaks
        assert sum(attempted for attempted, _ in peaks) > 0
        assert {error.code for error in turned_away} <= {"own_limit"}

    @staticmethod
    def _hammer(bench: Bench, turned_away: list[ConnectorError]) -> None:
        try:
            for _ in range(EACH):
                bench.connector.ping(bench.call)
        except RateLimited as error:
            turned_away.append(error)
        finally:
            connections.close_all()

    # --- secrets ---
    def test_no_secret_is_ever_said(self, bench: Bench, said: list[str]) -> None:
        fields = {field.name for field in self.connector_type.credential_fields if field.secret}
        hidden = [given[name] for given in (self.credentials, self.wrong) for name in fields if name in given]
        assert hidden
        self._try(bench, said)
        bench.use(credentials=dict(self.wrong))
        self._try(bench, said)
        said += [repr(bench.connection), repr(bench.connector), repr(bench.connector.settings)]
        said += [bench.connector.limit_key(), bench.connector.address_key(), repr(bench.call.last)]
        for word in said:
            assert not [one for one in hidden if one in word], word

    @staticmethod
    def _try(bench: Bench, said: list[str]) -> None:
        for fault, more in (
            ("", {}),
            ("down", {"mode": "cut"}),
            ("html_error", {"status": 502}),
            ("truncated", {}),
        ):
            if fault:
                bench.world.fault(fault, **more)
            bench.renew()
            try:
                bench.stay()
            except ConnectorError as error:
                said += [str(error), repr(error), error.user_message, error.detail]
            bench.world.heal()
