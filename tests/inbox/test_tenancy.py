"""Invariant 10: other organizations, and properties that aren't one's own, don't exist: in services and on sockets."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bellhop.accounts.models import User
from bellhop.core.models import LiveEvent
from connectors.trust import overview
from inbox.live import audience, fragments, rows
from inbox.models import Thread
from inbox.services import canned, find, listing, matching, threads
from inbox.services.listing import ListQuery
from reservations.services import scope
from tests import factories
from tests.factories import Desk


@pytest.fixture
def other(db: None) -> Desk:
    return factories.desk("other")


@pytest.fixture
def talk(desk: Desk) -> Thread:
    thread = factories.thread(desk, factories.stay(desk, "Maria Lindqvist"))
    factories.says(thread, "A secret penguin")
    return thread


def everything(user: User) -> list[object]:
    """Whatever a person can get to see of conversations."""
    found: list[object] = [*threads.visible_to(user)]
    for view in listing.VIEWS:
        found += listing.page(user, ListQuery(view=view, sort="recent")).rows
    result = find.find(user, "penguin")
    return [*found, *result.threads, *result.messages, *find.find(user, "maria").threads]


def test_a_foreign_person_gets_nothing(desk: Desk, other: Desk, talk: Thread) -> None:
    for user in other.people.values():
        assert everything(user) == []
        assert not any(listing.counts(user).values())
        assert listing.row(user, talk.pk) is None
        assert not threads.may_see(user, talk)
    assert matching.candidates(other.agent, factories.thread(other, party_name="Maria Lindqvist")) == []
    assert len(everything(desk.agent)) > 4


def test_properties_are_walls_too(desk: Desk, talk: Thread) -> None:
    elsewhere = factories.property_of(desk.organization, "Casa")
    here, there = (
        factories.limited(desk.organization, desk.place),
        factories.limited(desk.organization, elsewhere),
    )
    nowhere = factories.limited(desk.organization)
    homeless = factories.thread(desk, party_name="maria", property=None)
    assert factories.visible(here) == {talk.pk}
    assert factories.visible(there) == factories.visible(nowhere) == set()
    assert everything(there) == everything(nowhere) == []
    assert threads.may_see(here, talk)
    assert not threads.may_see(there, talk)
    assert not threads.may_see(here, homeless)
    assert factories.visible(desk.agent) == {talk.pk, homeless.pk}
    assert [place.name for place in scope.properties(there)] == ["Casa"]


def test_health_is_an_organizations_own(desk: Desk, other: Desk) -> None:
    assert [row.connection for row in overview.rows(desk.people["Admin"])] == [desk.connection]
    assert [row.connection for row in overview.rows(other.people["Admin"])] == [other.connection]


def test_canned_replies_are_an_organizations_own(desk: Desk, other: Desk, talk: Thread) -> None:
    from inbox.models import CannedReply

    CannedReply.objects.create(organization=desk.organization, name="Ours", body="x")
    assert canned.matching(other.agent, factories.thread(other)) == []


# --- sockets ---
def seen(user: User) -> list[str]:
    """Topics that a person's socket is told, of everything that ever happened anywhere."""
    whose = audience.of(user)
    own = [
        event for event in LiveEvent.objects.order_by("id") if event.organization_id == whose.organization_id
    ]
    return [told["topic"] for told in fragments.render([whose], own)[whose].get("events", [])]


def test_a_socket_tells_by_role_scope_and_person(desk: Desk, other: Desk, talk: Thread) -> None:
    """Invariant 10: threads to who reads them at that property, alerts to one person, incidents to who acts on them."""
    from bellhop.core import incidents
    from inbox.services import triage

    elsewhere = factories.property_of(desk.organization, "Casa")
    incidents.open_incident(desk.organization.pk, "x", "Something broke")
    triage.assign(desk.people["Admin"], talk, desk.agent)
    assert seen(desk.agent) == ["thread", "thread", "alert"]
    assert seen(desk.people["Operations manager"]) == ["thread", "incident", "alert", "thread"]
    assert seen(factories.limited(desk.organization, desk.place)) == ["thread", "thread"]
    assert seen(factories.limited(desk.organization, elsewhere)) == []
    assert seen(desk.people["Housekeeper"]) == []
    assert seen(other.agent) == []


def test_people_of_equal_rights_share_a_rendering(desk: Desk, talk: Thread) -> None:
    mine, theirs = audience.of(desk.agent), audience.of(factories.person(desk.organization))
    events = list(LiveEvent.objects.filter(topic="thread"))
    told = fragments.render([mine, theirs], events)
    assert told[mine] == told[theirs]
    assert talk.public_id in told[mine]["rows"]
    hidden = replace(mine, properties=frozenset())
    assert fragments.render([hidden], events)[hidden] == {}


def test_rows_carry_nothing_personal(desk: Desk, talk: Thread) -> None:
    """What one rendering for many may not hold: whose draft, who has read."""
    from inbox.models import Draft
    from inbox.services import drafts, triage

    whose = audience.of(desk.agent)
    events = list(LiveEvent.objects.filter(topic="thread"))
    before = fragments.render([whose], events)[whose]["rows"]
    drafts.save(desk.agent, talk, Draft.Mode.REPLY, "mine alone", seen_message_id=0, device="")
    triage.mark_unread(desk.agent, talk)
    rows._rows.clear()
    assert fragments.render([whose], events)[whose]["rows"] == before
