"""Reads: complete, repeatable, by time of change, and honest about words that nobody knows."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from bellhop.core import clock
from connectors.contract.base import PmsConnector
from connectors.contract.errors import NotFound
from connectors.contract.events import Entity
from connectors.contract.records import UNSET, MessageRecord, StayStatus
from tests.connectors.contract.bench import Bench
from tests.connectors.contract.trial import Trial

LISTS: dict[Entity, Callable[[PmsConnector], Any]] = {
    Entity.PROPERTY: lambda one: one.list_properties,
    Entity.UNIT: lambda one: one.list_units,
    Entity.RESERVATION: lambda one: one.list_reservations,
    Entity.CONVERSATION: lambda one: one.list_conversations,
    Entity.WORK_ORDER: lambda one: one.list_work_orders,
    Entity.HOUSEKEEPING: lambda one: one.list_housekeeping,
    Entity.PERSON: lambda one: one.list_people,
}
CHANGING = [Entity.RESERVATION, Entity.CONVERSATION]
SAID = 'Ünïcode 🌊 مرحبا, 1 < 2 & so on: it\'s "quoted"'


def facts(record: Any) -> tuple[Any, ...]:
    """What must not differ between two reads of something that nobody touched."""
    times = getattr(record, "arrival_date", None), getattr(record, "departure_date", None)
    return record.external_id, record.version, getattr(record, "status", None), *times


class Reading(Trial):
    """Every list that the connector declares as readable."""

    @pytest.mark.parametrize("entity", LISTS)
    def test_a_list_is_read_to_its_last_page(
        self, bench: Bench, entity: Entity, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Every id, whatever the page's size, the same in a second read; once, unless the connector's pages overlap on
        purpose."""
        self.needs(entity, "read")
        read = LISTS[entity](bench.connector)
        whole = bench.everything(read)
        assert whole, "the world has none to read"
        for name in self.page_sizes:
            monkeypatch.setattr(name, 7)
        paged = bench.everything(read)
        assert set(map(facts, whole)) == set(map(facts, paged))
        for found in (whole, paged):
            ids = [one.external_id for one in found]
            assert self.repeats_why or len(set(ids)) == len(ids)

    @pytest.mark.parametrize("entity", CHANGING)
    def test_changed_since_tells_nothing_older(self, bench: Bench, entity: Entity) -> None:
        self._needs_changes(entity)
        read = LISTS[entity](bench.connector)
        known = [one for one in bench.everything(read) if self._changed(one)]
        if not known:
            self.skip(
                self.connector_type.capabilities.of(entity).why, f"{entity} tells no time of change: why?"
            )
        since = sorted(self._changed(one) for one in known)[len(known) // 2]
        recent = bench.everything(read, changed_since=since)
        newer = {one.external_id for one in known if self._changed(one) > since}
        assert newer
        assert newer <= {one.external_id for one in recent}
        assert min(told for one in recent if (told := self._changed(one))) >= since - self.overlap

    @pytest.mark.parametrize("entity", CHANGING)
    def test_a_cursor_in_the_far_future_gives_nothing(self, bench: Bench, entity: Entity) -> None:
        self._needs_changes(entity)
        future = clock.now() + timedelta(days=3650)
        assert bench.everything(LISTS[entity](bench.connector), changed_since=future) == []

    def _needs_changes(self, entity: Entity) -> None:
        capability = self.needs(entity, "read")
        if entity not in self.connector_type.capabilities.changed_since:
            self.skip(capability.why or capability.fallback, f"{entity} has no changed-since: declare why")

    @staticmethod
    def _changed(record: Any) -> Any:
        told = getattr(record, "changed_at", None) or record.version
        return datetime.fromisoformat(told) if isinstance(told, str) else told

    def test_one_stay_reads_as_it_does_in_the_list(self, bench: Bench) -> None:
        self.needs(Entity.RESERVATION, "read")
        listed = bench.everything(bench.connector.list_reservations)
        [there] = [one for one in listed if one.external_id == bench.world.test_stay]
        alone = bench.stay()
        assert facts(alone) == facts(there)

    def test_what_does_not_exist_is_not_found(self, bench: Bench) -> None:
        missing = bench.world.test_stay[:-4] + "0000"
        with pytest.raises(NotFound):
            bench.connector.get_reservation(bench.call, missing)

    # --- words ---
    def test_every_status_word_is_mapped(self, bench: Bench) -> None:
        stay = bench.world.book("Word By Word")
        for word, status in self.statuses.items():
            bench.world.set_status(stay, word)
            record = bench.connector.get_reservation(bench.call, stay)
            assert (record.status, dict(record.unknown)) == (status, {}), word
        assert set(self.statuses.values()) <= set(StayStatus)

    def test_an_unknown_status_is_kept_and_reported(self, bench: Bench) -> None:
        stay = bench.world.book("Odd Status")
        bench.world.set_status(stay, "levitating")
        record = bench.connector.get_reservation(bench.call, stay)
        assert record.status is UNSET
        assert record.status_raw == "levitating"
        assert "levitating" in record.unknown.values()

    def test_a_missing_optional_field_is_no_error(self, bench: Bench) -> None:
        """Fault matrix: absent is UNSET or None, never a wiped value and never an exception."""
        assert self.optional_fields, "name some fields that may be missing"
        before = bench.stay()
        for field in self.optional_fields:
            bench.world.fault("drop_field", field=field)
            record = bench.stay()
            bench.world.heal()
            assert (record.external_id, record.arrival_date) == (before.external_id, before.arrival_date), (
                field
            )

    def test_what_a_guest_writes_is_read_letter_for_letter(self, bench: Bench) -> None:
        self.needs(Entity.MESSAGE, "read")
        bench.world.guest_writes(bench.world.test_stay, SAID)
        [talk, *_] = bench.connector.list_stay_conversations(bench.call, bench.stay())
        posts = bench.everything(bench.connector.list_posts, talk.external_id)
        newest = next(post for post in posts if isinstance(post, MessageRecord))
        assert newest.body_text == SAID
        assert newest.direction == "inbound"
        moments = [post.sent_at for post in posts if isinstance(post, MessageRecord)]
        assert moments == sorted(moments, reverse=True)

    def test_what_a_colleague_notes_is_read_letter_for_letter(self, bench: Bench) -> None:
        self.needs(Entity.NOTE, "read")
        bench.world.staff_writes_note(bench.world.test_stay, SAID)
        stay = bench.stay()
        found = list(bench.connector.list_notes(bench.call, stay.external_id))
        for talk in bench.connector.list_stay_conversations(bench.call, stay):
            found += bench.everything(bench.connector.list_posts, talk.external_id)
        assert SAID in {note.body_text for note in found}
