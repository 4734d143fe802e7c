"""Conversations and posts: shapes, filters, cursors and their traps, sending, notes."""

from typing import Any

import pytest

from tests.connectors.sandbox.harness import TALK, Sandbox


def pages(sandbox: Sandbox, path: str, key: str, **params: Any) -> list[list[Any]]:
    """All pages up to and without the empty one."""
    found, after = [], None
    while True:
        query = params | ({"cursorAfter": after} if after else {})
        data = sandbox.api("GET", path, params=query)["data"]
        if not data[key]:
            return found
        found.append(data[key])
        after = data["cursor"]["after"]
        if not after:
            return found


def test_default_fields_hide_activity_and_owners(sandbox: Sandbox) -> None:
    data = sandbox.api("GET", TALK)["data"]
    assert data["fields"] == "guest reservation status assignee priority createdAt"
    assert len(data["conversations"]) == data["limit"] == 25
    first = data["conversations"][0]
    assert set(first) == {"_id", "assignee", "priority", "meta", "accountId", "createdAt", "state"}
    assert {"_id", "status", "checkIn", "confirmationCode", "listing"} <= set(
        first["meta"]["reservations"][0]
    )
    owners = sandbox.filtered(TALK, ("type", "$eq", "owner"))["data"]["conversations"]
    assert len(owners) == 1
    assert "owner" in owners[0]["meta"]


def test_cursors_go_through_all(sandbox: Sandbox) -> None:
    found = pages(sandbox, TALK, "conversations", limit=7)
    ids = [row["_id"] for page in found for row in page]
    assert len(ids) == len(set(ids)) == sandbox.api("GET", TALK)["data"]["count"]
    assert [row["createdAt"] for page in found for row in page] == sorted(
        (row["createdAt"] for page in found for row in page), reverse=True
    )


def test_the_last_page_still_carries_a_cursor(sandbox: Sandbox) -> None:
    key = sandbox.stay("TEST-0001")["conversation_id"]
    data = sandbox.api("GET", f"{TALK}/{key}/posts")["data"]
    assert data["count"] == len(data["posts"]) == 3
    assert data["cursor"]["after"]
    beyond = sandbox.api("GET", f"{TALK}/{key}/posts", params={"cursorAfter": data["cursor"]["after"]})[
        "data"
    ]
    assert beyond["posts"] == []
    assert beyond["cursor"] == {"after": "", "before": ""}


def test_sorting_by_a_field_that_isnt_asked_for_empties_the_cursor(sandbox: Sandbox) -> None:
    bare = sandbox.api("GET", TALK, params={"sort": "-modifiedAt"})["data"]
    assert bare["cursor"] == {"after": "", "before": ""}
    full = sandbox.api("GET", TALK, params={"sort": "-modifiedAt", "fields": "modifiedAt"})["data"]
    assert full["cursor"]["after"]
    assert set(full["conversations"][0]) == {"_id", "accountId", "modifiedAt"}


def test_cursors_can_go_back_but_not_both_ways(sandbox: Sandbox) -> None:
    first = sandbox.api("GET", TALK, params={"limit": 5})["data"]
    second = sandbox.api("GET", TALK, params={"limit": 5, "cursorAfter": first["cursor"]["after"]})["data"]
    back = sandbox.api("GET", TALK, params={"limit": 5, "cursorBefore": second["cursor"]["before"]})["data"]
    assert [row["_id"] for row in back["conversations"]] == [row["_id"] for row in first["conversations"]]
    both = {"cursorAfter": first["cursor"]["after"], "cursorBefore": second["cursor"]["before"]}
    assert sandbox.call("GET", TALK, params=both).status_code == 400


@pytest.mark.parametrize(
    "params", [{"limit": 101}, {"filters": "{"}, {"cursorAfter": "???"}, {"sort": "color"}]
)
def test_unusable_queries(sandbox: Sandbox, params: dict[str, Any]) -> None:
    answer = sandbox.call("GET", TALK, params=params)
    assert answer.status_code == 400
    assert list(answer.json()["error"]) == ["message"]


def test_filters(sandbox: Sandbox) -> None:
    stay = sandbox.stay("TEST-0001")
    for row in (("reservation._id", "$eq", stay["id"]), ("guest._id", "$in", [stay["guest_id"]])):
        found = sandbox.filtered(TALK, row)["data"]["conversations"]
        assert [item["_id"] for item in found] == [stay["conversation_id"]]
    unread = sandbox.filtered(TALK, ("read", "$eq", False))["data"]
    assert 0 < unread["count"] == unread["countUnread"]


def test_one_conversation(sandbox: Sandbox) -> None:
    key = sandbox.stay("TEST-0001")["conversation_id"]
    data = sandbox.api("GET", f"{TALK}/{key}")["data"]
    assert data["type"] == "guest"
    assert data["state"]["status"] == "OPEN"
    assert data["meta"]["integration"]["platform"] == "manual"
    assert data["lastMessageFrom"]["nonUser"]
    missing = sandbox.call("GET", f"{TALK}/nobody")
    assert (missing.status_code, list(missing.json()["error"])) == (404, ["message"])


def send(sandbox: Sandbox, key: str, **body: Any) -> Any:
    return sandbox.call("POST", f"{TALK}/{key}/send-message", json=body)


def test_a_sent_message_appears_under_its_id(sandbox: Sandbox) -> None:
    key = sandbox.stay("HMAMLAUR31")["conversation_id"]
    sent = send(sandbox, key, module={"type": "airbnb2"}, body="Oui, avec plaisir").json()
    newest = sandbox.api("GET", f"{TALK}/{key}/posts", params={"limit": 1})["data"]["posts"][0]
    assert newest["_id"] == sent["data"]["_id"]
    assert newest["from"] == {"type": "user", "fullName": "Bellhop"}
    assert "sentBy" not in newest


@pytest.mark.parametrize(
    "body",
    [
        {"module": {"type": "airbnb2"}, "body": "x", "type": "note"},
        {"module": {"type": "airbnb2", "subject": "x"}, "body": "x"},
        {"module": {"type": "airbnb2"}, "body": ""},
        {"module": {"type": "telex"}, "body": "x"},
        {"module": {"type": "bookingCom"}, "body": "x"},
        {"module": {"type": "sms"}, "body": "x"},
        {"body": "x"},
    ],
)
def test_what_cant_be_sent(sandbox: Sandbox, body: dict[str, Any]) -> None:
    key = sandbox.stay("HMAMLAUR31")["conversation_id"]
    before = len(sandbox.control("GET", f"/messages?conversation={key}")["messages"])
    assert send(sandbox, key, **body).status_code == 400
    assert len(sandbox.control("GET", f"/messages?conversation={key}")["messages"]) == before


def test_a_note_is_kept_and_sent_to_nobody(sandbox: Sandbox) -> None:
    key = sandbox.stay("TEST-0001")["conversation_id"]
    body = {"module": {"type": "note"}, "body": "Late check-out agreed", "sentBy": "host"}
    data = sandbox.api("POST", f"{TALK}/{key}/posts", json=body)["data"]
    assert data[0] | {"body": "Late check-out agreed", "sentBy": "host"} == data[0]
    kept = sandbox.control("GET", f"/messages?conversation={key}")["messages"][-1]
    assert (kept["id"], kept["direction"]) == (data[0]["_id"], "note")


def test_what_people_type_in_the_console_shows_who_it_was(sandbox: Sandbox) -> None:
    key = sandbox.stay("TEST-0001")["conversation_id"]
    for path, sent_by, kind in (("guest-writes", "guest", "email"), ("staff-replies", "host", "email"),
                                ("staff-notes", "host", "note")):  # fmt: skip
        said = sandbox.control("POST", f"/conversations/{key}/{path}", body=path)["message"]
        newest = sandbox.api("GET", f"{TALK}/{key}/posts", params={"limit": 1})["data"]["posts"][0]
        assert (newest["_id"], newest["sentBy"], newest["module"]["type"]) == (said["id"], sent_by, kind)
