"""Canned replies are kept by their person, the shared ones by who may; unknown values are refused (ux C6, C7)."""

from __future__ import annotations

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client

from inbox.models import CannedReply
from inbox.services import canned
from inbox.services.canned import CannedRefused, Written
from tests import factories
from tests.factories import Desk


def test_ones_own_and_shared_ones(desk: Desk) -> None:
    mine = canned.keep(desk.agent, Written(name=" Mine ", body="Hello {{ guest.first_name }}"))
    assert (mine.name, mine.owner) == ("Mine", desk.agent)
    with pytest.raises(PermissionDenied):
        canned.keep(desk.agent, Written(name="x", body="y", shared=True))
    marketer = desk.people["Marketer"]
    ours = canned.keep(marketer, Written(name="Ours", body="Hello", shared=True))
    with pytest.raises(PermissionDenied):
        canned.keep(desk.agent, Written(name="x", body="y"), ours)
    assert list(canned.editable(desk.agent)) == [mine]
    assert list(canned.editable(marketer)) == [ours]
    assert not canned.editable(factories.desk("other").people["Admin"]).exists()


@pytest.mark.parametrize(("name", "body"), [("", "x"), ("x", " "), ("x", "{{ guest.shoe_size }}")])
def test_what_is_refused(desk: Desk, name: str, body: str) -> None:
    with pytest.raises(CannedRefused):
        canned.keep(desk.agent, Written(name=name, body=body))


def test_every_value_that_may_be_named_is_filled(desk: Desk) -> None:
    assert set(canned.values(desk.agent, factories.thread(desk))) == set(canned.VARIABLES)


def test_the_page(desk: Desk, client: Client) -> None:
    client.force_login(desk.agent)
    values = {
        "name": "Luggage",
        "body": "At the desk, {{ guest.name }}.",
        "language": "en",
        "place": desk.place.pk,
    }
    client.post("/settings/replies/", {**values, "shared": "1"})
    reply = CannedReply.objects.get()
    assert (reply.owner, reply.property) == (desk.agent, desk.place), "an agent may not share"
    assert "Luggage" in client.get("/settings/replies/").content.decode()
    address = f"/settings/replies/{reply.public_id}/"
    assert (
        "There is no value called x.y"
        in client.post(address, {**values, "body": "{{ x.y }}"}).content.decode()
    )
    client.post(address, {**values, "name": "Bags"})
    reply.refresh_from_db()
    assert reply.name == "Bags"
    client.force_login(desk.people["Admin"])
    assert client.get(address).status_code == 404, "one's own is nobody else's"
    client.force_login(desk.agent)
    client.post(f"{address}remove/")
    assert not CannedReply.objects.exists()
