"""Conversations and messages."""

from typing import Any

import pytest

from tests.connectors.sandbox.harness import wait_for
from tests.connectors.sandbox.worlds import Hostaway


@pytest.fixture
def talk(hostaway: Hostaway) -> int:
    return int(hostaway.stay("TEST-0002")["conversation_id"])


def messages(hostaway: Hostaway, talk: int, **params: Any) -> list[Any]:
    rows: list[Any] = hostaway.api("GET", f"/conversations/{talk}/messages", params=params)
    return rows


def send(hostaway: Hostaway, talk: int, **body: Any) -> Any:
    return hostaway.api("POST", f"/conversations/{talk}/messages", json=body)


def conversation_of(hostaway: Hostaway, name: str) -> Any:
    stay = hostaway.api("GET", "/reservations", params={"match": name})[0]
    return hostaway.api("GET", f"/reservations/{stay['id']}/conversations")[0]


def test_a_list_has_the_latest_message_only(hostaway: Hostaway) -> None:
    row = conversation_of(hostaway, "Kofi")
    assert len(row["conversationMessages"]) == 1
    inner = row["conversationMessages"][0]
    assert "channelThreadMessageId" in inner
    assert not {"airbnbThreadMessageId", "status", "communicationType"} & set(inner)
    assert "Reservation" not in row
    thread = messages(hostaway, row["id"])
    assert len(thread) == 4
    assert thread[0]["id"] == inner["id"]
    assert "airbnbThreadMessageId" in thread[0]
    full = hostaway.api("GET", f"/conversations/{row['id']}?includeResources=1")
    assert full["Reservation"]["hostawayReservationId"] == str(row["reservationId"])
    found = hostaway.api("GET", f"/conversations?reservationId={row['reservationId']}")
    assert [item["id"] for item in found] == [row["id"]]


def test_a_sent_message_awaits_first(hostaway: Hostaway, talk: int) -> None:
    hostaway.control("PATCH", "/settings", sending_seconds=3600)
    sent = send(hostaway, talk, body="Welcome", communicationType="email")
    assert (sent["status"], sent["sentChannelDate"], sent["isIncoming"]) == ("awaiting", None, 0)
    assert sent["id"] not in [row["id"] for row in messages(hostaway, talk)]
    waiting = messages(hostaway, talk, includeScheduledMessages=1)[0]
    assert (waiting["id"], waiting["status"]) == (sent["id"], "awaiting")
    hostaway.control("POST", "/clock", forward=3601)
    assert messages(hostaway, talk)[0]["id"] == sent["id"]
    read = hostaway.api("GET", f"/conversations/{talk}/messages/{sent['id']}")
    assert read["status"] == "sent"
    assert read["sentChannelDate"] > read["date"]
    assert read["updatedOn"] > read["insertedOn"]


def test_email_is_the_default(hostaway: Hostaway) -> None:
    row = conversation_of(hostaway, "Kofi")
    assert send(hostaway, row["id"], body="Oops")["communicationType"] == "email"
    assert (
        send(hostaway, row["id"], body="Right", communicationType="channel")["communicationType"] == "channel"
    )


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"body": " "},
        {"body": "x", "communicationType": "fax"},
        {"body": "x", "attachments": []},
        {"body": 5},
    ],
)
def test_what_is_not_sent(hostaway: Hostaway, talk: int, body: dict[str, Any]) -> None:
    assert hostaway.fails("POST", f"/conversations/{talk}/messages", json=body)
    assert len(messages(hostaway, talk, includeScheduledMessages=1)) == 1


def test_what_reaches_nobody_fails_later(hostaway: Hostaway, talk: int) -> None:
    sent = send(hostaway, talk, body="no channel", communicationType="channel")
    read = wait_for(
        lambda: [
            row
            for row in messages(hostaway, talk, includeScheduledMessages=1)
            if row["id"] == sent["id"] and row["status"] == "failed"
        ]
    )
    assert read[0]["sentChannelDate"] is None
    assert sent["id"] not in [row["id"] for row in messages(hostaway, talk)]
    hostaway.control("PUT", "/faults/message_fails", count=1)
    sent = send(hostaway, talk, body="fault")
    path = f"/conversations/{talk}/messages/{sent['id']}"
    wait_for(lambda: hostaway.api("GET", path)["status"] == "failed")


def test_who_wrote_it(hostaway: Hostaway) -> None:
    row = conversation_of(hostaway, "Zofia")
    thread = messages(hostaway, row["id"])
    assert [item["isIncoming"] for item in thread] == [1, 0, 1]
    assert [item["sentUsingHostaway"] for item in thread] == [0, 0, 0]
    automatic = messages(hostaway, conversation_of(hostaway, "Kofi")["id"])
    assert [bool(item["communicationId"]) for item in automatic] == [False, True, False, False]


def test_a_scheduled_one_is_seen_when_asked_for(hostaway: Hostaway) -> None:
    row = conversation_of(hostaway, "Aino")
    assert len(messages(hostaway, row["id"])) == 1
    both = messages(hostaway, row["id"], includeScheduledMessages=1)
    assert sorted(item["status"] for item in both) == ["awaiting", "sent"]


def test_a_stay_may_have_two_conversations(hostaway: Hostaway) -> None:
    stay = hostaway.api("GET", "/reservations", params={"match": "Camille"})[0]
    assert len(hostaway.api("GET", f"/reservations/{stay['id']}/conversations")) == 2


def test_html_mail_and_private_attachments(hostaway: Hostaway, talk: int) -> None:
    assert messages(hostaway, conversation_of(hostaway, "Dana")["id"])[-1]["body"].startswith("<html>")
    picture = {"url": "https://pictures.example/1.jpg", "name": "leak.jpg"}
    hostaway.control("POST", f"/conversations/{talk}/guest-writes", attachments=[picture])
    found = messages(hostaway, talk)[0]["attachments"][0]
    assert found["url"].startswith(f"{picture['url']}?expires=")
    assert (found["isPublic"], found["isImage"]) == (0, 1)
    assert (found["extension"], found["mimeType"]) == ("jpg", "image/jpeg")
    hostaway.control("POST", "/clock", forward=3_600)
    path = f"/conversations/{talk}/messages/{found['conversationMessageId']}"
    assert hostaway.api("GET", path)["attachments"][0]["url"] > found["url"], "reading makes a new link"


def test_a_guest_who_writes_makes_it_unread(hostaway: Hostaway, talk: int) -> None:
    hostaway.control("POST", f"/conversations/{talk}/staff-replies", body="read")
    assert hostaway.api("GET", f"/conversations/{talk}")["hasUnreadMessages"] == 0
    hostaway.control("POST", "/reservations/TEST-0002/guest-writes", body="Hello?", module="sms")
    row = hostaway.api("GET", f"/conversations/{talk}")
    assert row["hasUnreadMessages"] == 1
    newest = messages(hostaway, talk)[0]
    assert (newest["body"], newest["communicationType"], newest["isSeen"]) == ("Hello?", "sms", 0)
    seen = hostaway.control("GET", "/reservations/TEST-0002/messages")["messages"]
    assert [item["body"] for item in seen][-2:] == ["read", "Hello?"]
