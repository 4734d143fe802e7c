"""Several webhooks, one read; and a read under way is waited for."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bellhop.core import clock
from connectors.contract.events import Entity, ReadHint
from connectors.inbound import thin
from connectors.inbound.reading import Fetched
from connectors.models import Connection, RecordRead
from connectors.outbound.caller import connector_for
from tests.connectors import factories

pytestmark = pytest.mark.django_db

HINT = ReadHint(entity=Entity.RESERVATION, external_id="8845658565630")


@pytest.fixture
def connection() -> Connection:
    made = factories.connection("https://pms.example")
    Connection.objects.filter(pk=made.pk).update(slug="cloudbeds", credentials={"api_key": "k"})
    return Connection.objects.get(pk=made.pk)


def covered(connection: Connection, since: float = 0.0) -> bool:
    """Is an entry that came in `since` seconds ago covered?"""
    moment = clock.now() - timedelta(seconds=since)
    return thin.is_covered(connection, connector_for(connection), HINT, moment)


def read(connection: Connection, ago: float = 0.0) -> None:
    began = clock.now() - timedelta(seconds=ago)
    found = Fetched(HINT.entity, HINT.external_id, began, ())
    thin.note(connection, connector_for(connection), [found])


def test_the_first_one_reads_and_the_others_wait(connection: Connection) -> None:
    assert not covered(connection)
    with pytest.raises(thin.Later):
        covered(connection)
    read(connection)
    assert covered(connection, since=1)


def test_what_came_after_the_read_began_is_read_again(connection: Connection) -> None:
    assert not covered(connection)
    read(connection, ago=5)
    assert covered(connection, since=6)
    assert not covered(connection, since=4)


def test_a_read_that_failed_is_the_next_ones(connection: Connection) -> None:
    assert not covered(connection)
    thin.let_go(connection, connector_for(connection), [HINT])
    assert not covered(connection)


def test_a_reader_that_died_holds_nobody_for_long(connection: Connection) -> None:
    assert not covered(connection)
    RecordRead.objects.update(claimed_until=clock.now() - timedelta(seconds=1))
    assert not covered(connection)
