"""Filters on screen: choices, chips that go one by one, addresses and saved views that carry them (ux L4, L5)."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.db import connection as database
from django.http import QueryDict
from django.test import Client
from django.test.utils import CaptureQueriesContext

from bellhop.accounts.models import Team
from bellhop.core import clock
from inbox.models import SavedView
from inbox.services import listing, triage
from inbox.services.listing import ListQuery
from inbox.views import filters, parts
from tests import factories
from tests.factories import Desk


def names(desk: Desk, **chosen: tuple[str, ...]) -> set[str]:
    return {row.party_name for row in listing.page(desk.agent, ListQuery(view="all", filters=chosen)).rows}


def test_every_filter_has_a_choice_that_finds_its_thread(desk: Desk) -> None:
    team = Team.objects.create(organization=desk.organization, name="Desk")
    stay = factories.stay(desk, source="airbnb")
    thread = factories.thread(desk, stay, party_name="it", assignee=desk.agent, team=team, language="pt")
    factories.thread(desk, factories.stay(desk, starts_in=40), party_name="other", channel="email", status="closed",
                     property=factories.property_of(desk.organization, "Casa"))  # fmt: skip
    triage.tag(desk.agent, thread, ["late"])
    offered = {
        name: [value for value, _words in found] for name, _label, found in filters.choices(desk.agent)
    }
    assert set(offered) == set(listing.FILTERS)
    wanted = {"assignee": desk.agent.public_id, "phase": "arriving", "arrival": "today", "channel": "sms"}
    for name, values in offered.items():
        value = wanted.get(name, values[0])
        if name == "property":
            value = desk.place.public_id
        if name == "status":
            value = "open"
        assert value in values, name
        assert names(desk, **{name: (value,)}) == {"it"}, name


def test_arrival_by_words_and_by_day(desk: Desk) -> None:
    for days in (0, 1, 6, 7):
        factories.thread(desk, factories.stay(desk, starts_in=days), party_name=str(days))
    day = (clock.now().date() + timedelta(days=7)).isoformat()
    assert names(desk, arrival=("today",)) == {"0"}
    assert names(desk, arrival=("tomorrow", day)) == {"1", "7"}
    assert names(desk, arrival=("week",)) == {"0", "1", "6"}
    assert names(desk, arrival=("nonsense",)) == set()


def test_the_address_carries_them_and_chips_take_them_away(desk: Desk, client: Client) -> None:
    client.force_login(desk.agent)
    address = (
        f"/inbox/all/?sort=oldest&channel=sms&channel=email&assignee=none&property={desk.place.public_id}"
    )
    page = client.get(address).content.decode()
    labels = re.findall(r'aria-label="Remove filter ([^"]+)"', page)
    assert labels == ["Harbour House", "SMS", "E-mail", "Nobody"]
    links = re.findall(r'<a class="chip" href="([^"]+)" aria-label="Remove filter SMS"', page)
    assert QueryDict(links[0].replace("&amp;", "&").partition("?")[2]).getlist("channel") == ["email"]
    assert "sort=oldest" in links[0]
    assert 'data-query="sort=oldest' in page


def test_the_menu_shows_what_is_chosen(desk: Desk, client: Client) -> None:
    client.force_login(desk.agent)
    menu = client.get("/inbox/all/filters/?channel=sms&arrival=2030-01-02&sort=oldest").content.decode()
    assert 'name="channel" value="sms" checked' in menu
    assert 'name="arrival" value="2030-01-02" checked' in menu
    assert 'name="sort" value="oldest"' in menu


@pytest.mark.usefixtures("steady_clock")
def test_chips_ask_only_for_the_names_they_need(desk: Desk) -> None:
    params = QueryDict("channel=sms&status=open&phase=arriving&language=pt&source=airbnb&arrival=week")
    with CaptureQueriesContext(database) as captured:
        shown = filters.chips(desk.agent, parts.list_query("all", params))
    assert len(captured) == 0
    words = [text for text, _link in shown]
    assert words == ["SMS", "Open", "Arriving today", "Arrives: The next 7 days", "Airbnb", "Portuguese"]


def test_saved_views_keep_filters_and_sort(desk: Desk, client: Client) -> None:
    """ux L4: private or shared, marked while it is what is on screen."""
    client.force_login(desk.agent)
    kept = "sort=oldest&channel=sms&language=pt"
    client.post("/views/", {"name": "Portuguese by SMS", "view": "all", "query": kept, "shared": "1"})
    saved = SavedView.objects.get()
    assert not saved.shared, "an agent may not share"
    page = client.get(f"/inbox/{saved.query}").content.decode()
    assert re.search(r'<h2 id="view-title">Portuguese by SMS', page)
    manager = desk.people["Operations manager"]
    client.force_login(manager)
    client.post("/views/", {"name": "For all", "view": "mine", "query": "status=open", "shared": "1"})
    client.force_login(desk.agent)
    page = client.get("/inbox/all/").content.decode()
    assert "For all" in page
    assert "Portuguese by SMS" in client.get("/inbox/all/filters/").content.decode()
    client.post(f"/views/{saved.public_id}/delete/")
    assert list(SavedView.objects.values_list("name", flat=True)) == ["For all"]


@pytest.mark.parametrize("values", [{"name": "", "view": "all"}, {"name": "x", "view": "nowhere"},
                                    {"name": "x", "view": "all", "query": "tag=" + "a" * 1000}])  # fmt: skip
def test_a_view_that_cannot_be_kept_is_refused(desk: Desk, client: Client, values: dict[str, str]) -> None:
    client.force_login(desk.agent)
    assert client.post("/views/", values).status_code == 400
    assert not SavedView.objects.exists()
