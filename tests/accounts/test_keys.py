"""Single-letter keys can be switched off and remapped, and the list shows one's own (WCAG 2.1.4)."""

from __future__ import annotations

import pytest
from django.test import Client

from bellhop.accounts import keys
from bellhop.accounts.keys import KeysRefused
from tests import factories


def test_only_what_differs_is_kept(db: None) -> None:
    user = factories.desk().agent
    keys.keep(user, {"next": "s", "reply": "", "note": "n"})
    assert user.keymap == {"next": "s", "reply": ""}
    mine = keys.of(user)
    assert (mine["next"], mine["reply"], mine["previous"]) == ("s", "", "k")
    keys.reset(user)
    assert keys.of(user)["next"] == "j"


@pytest.mark.parametrize("chosen", [{"next": "k"}, {"next": "Esc"}, {"next": "\x07"}])
def test_two_alike_or_more_than_one_character_are_refused(db: None, chosen: dict[str, str]) -> None:
    user = factories.desk().agent
    with pytest.raises(KeysRefused):
        keys.keep(user, chosen)
    user.refresh_from_db()
    assert user.keymap == {}


def test_two_may_trade_and_many_may_be_off(db: None) -> None:
    user = factories.desk().agent
    keys.keep(user, {"next": "k", "previous": "j", "reply": "", "note": ""})
    assert keys.of(user)["next"] == "k"


def test_the_page_says_what_is_wrong_and_keeps_what_was_typed(db: None, client: Client) -> None:
    client.force_login(factories.desk().agent)
    usual = {action: key for action, (key, _words) in keys.ACTIONS.items()}
    refused = client.post("/settings/keys/", {**usual, "next": "k"})
    assert refused.status_code == 422
    assert "k is there twice." in refused.content.decode()
    assert client.post("/settings/keys/", {**usual, "next": "s"}).status_code == 302
    assert "<kbd>s</kbd></dt><dd>Next thread" in client.get("/settings/").content.decode()
