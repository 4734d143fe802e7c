"""Pages and cursors with their traps, and the published answers."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest

from connectors.contract.base import Page
from connectors.contract.errors import NotFound, Rejected, Unreadable
from connectors.contract.http import Request
from connectors.contract.records import (
    UNSET,
    AuthorKind,
    Direction,
    MessageRecord,
    NoteRecord,
    StayStatus,
    WorkOrderState,
)
from connectors.pms.guesty import Guesty
from tests.connectors.pms.guesty.helpers import Script, answer_of, fixture, guesty

CONVERSATION = "615997c2e74f61003015ab02"


def everything(read: Callable[..., Page[Any]], script: Script, *args: Any, **more: Any) -> list[Any]:
    found: list[Any] = []
    cursor: str | None = None
    for _ in range(50):
        page = read(script, *args, cursor=cursor, **more)
        found += page.items
        if (cursor := page.next_cursor) is None:
            return found
    raise AssertionError("the list does not end")


# --- where it is ---
@pytest.mark.parametrize("base", ["", "https://open-api.guesty.com/v1", "https://open-api.guesty.com/"])
def test_the_real_addresses(base: str) -> None:
    connector = guesty(base_url=base)
    assert connector.api == "https://open-api.guesty.com/v1"
    assert connector.token_request().path == "https://open-api.guesty.com/oauth2/token"


@pytest.mark.parametrize("base", ["http://127.0.0.1:8001/guesty", "http://127.0.0.1:8001/guesty/v1/"])
def test_addresses_below_a_path(base: str) -> None:
    connector = guesty(base_url=base)
    assert connector.api == "http://127.0.0.1:8001/guesty/v1"
    assert connector.token_request().path == "http://127.0.0.1:8001/guesty/oauth2/token"


def test_a_token_is_asked_for_and_read_as_documented() -> None:
    form = guesty().token_request().form
    assert form == {
        "grant_type": "client_credentials",
        "scope": "open-api",
        "client_id": "id",
        "client_secret": "s",
    }
    token = guesty().read_token(answer_of(fixture("response_token")))
    assert (token.value, token.expires_in_s) == ("eyJEXAMPLE.EXAMPLE.EXAMPLE", 86400)
    assert "EXAMPLE" not in repr(token)
    with pytest.raises(Unreadable):
        guesty().read_token(answer_of({"token_type": "Bearer"}))


# --- reservations ---
def stays(changes: list[tuple[str, str]]) -> Callable[[Request], Any]:
    """Guesty's legacy list over (id, lastUpdatedAt), in its order."""

    def reply(request: Request) -> Any:
        if request.path.endswith("/reservations-v3"):
            return []
        query = dict(request.query)
        [filtered] = json.loads(query["filters"])
        assert (filtered["field"], filtered["operator"]) == ("lastUpdatedAt", "$gt")
        assert query["sort"] == "lastUpdatedAt"
        assert "lastUpdatedAt" in query["fields"].split()
        assert "status" in query["fields"].split()
        later = sorted((c for c in changes if c[1] > filtered["value"]), key=lambda c: c[1])
        skip, limit = int(query["skip"]), int(query["limit"])
        page = [{"_id": one, "lastUpdatedAt": at} for one, at in later[skip : skip + limit]]
        return {"results": page, "count": len(later), "limit": limit, "skip": skip}

    return reply


def at(seconds: float) -> str:
    moment = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


@pytest.mark.parametrize("count", [0, 1, 99, 100, 101, 250])
def test_all_reservations_are_read(count: int) -> None:
    script = Script(stays([(str(n), at(n)) for n in range(count)]))
    found = everything(guesty().list_reservations, script)
    assert {one.external_id for one in found} == {str(n) for n in range(count)}


def test_hundreds_changed_in_one_instant_dont_stop_the_list() -> None:
    """An import touches many at once: the same instant fills more than a page."""
    changes = (
        [(str(n), at(0)) for n in range(50)] + [(f"b{n}", at(1)) for n in range(330)] + [("last", at(2))]
    )
    found = everything(guesty().list_reservations, Script(stays(changes)))
    assert {one.external_id for one in found} == {one for one, _ in changes}


def test_a_change_while_reading_loses_nothing() -> None:
    """What changes moves to the end; with skip alone, its neighbours would slip through."""
    changes = [(str(n), at(n)) for n in range(220)]
    reply = stays(changes)
    pages = 0

    def moving(request: Request) -> Any:
        nonlocal pages
        answer = reply(request)
        if request.path.endswith("/reservations"):
            pages += 1
            if pages == 1:
                for n in range(30):
                    changes[n] = (str(n), at(1000 + n))
        return answer

    found = everything(guesty().list_reservations, Script(moving))
    assert {one.external_id for one in found} == {str(n) for n in range(220)}


def test_changed_since_asks_for_what_is_newer() -> None:
    script = Script(stays([("old", at(1)), ("new", at(9))]))
    since = datetime(2026, 1, 1, 0, 0, 5, tzinfo=UTC)
    assert [one.external_id for one in guesty().list_reservations(script, changed_since=since).items] == [
        "new"
    ]


def test_confirmed_ones_are_completed_from_v3_ten_at_a_time() -> None:
    def reply(request: Request) -> Any:
        if request.path.endswith("/reservations-v3"):
            ids = [value for name, value in request.query if name == "reservationIds[]"]
            assert 1 <= len(ids) <= 10
            return [
                {"reservationId": one, "guestStay": {"status": "checked_in"}} for one in ids if one != "3"
            ]
        status = {4: "canceled", 5: "confirmed"}
        results = [{"_id": str(n), "status": status.get(n, "confirmed")} for n in range(24)]
        results[5]["guestStay"] = {"status": "checked_out"}
        return {"results": results, "limit": 100}

    script = Script(reply)
    found = {one.external_id: one.status for one in guesty().list_reservations(script).items}
    assert (found["0"], found["3"]) == (StayStatus.CHECKED_IN, StayStatus.CONFIRMED)
    assert (found["4"], found["5"]) == (StayStatus.CANCELLED, StayStatus.CHECKED_OUT)
    assert len(script.asked) == 1 + 3


def test_one_reservation_is_read_in_full() -> None:
    def reply(request: Request) -> Any:
        legacy = fixture("response_reservation_get_legacy")
        return (
            legacy
            if "/reservations/" in request.path
            else [{"_id": legacy["_id"], "guestStay": {"status": "no_show"}}]
        )

    script = Script(reply)
    record = guesty().get_reservation(script, "595fe29f4ab86112341425ac")
    assert (record.status, record.version) == (StayStatus.NO_SHOW, "2017-07-07T20:04:54.058Z")
    assert record.check_out_time == time(8)
    assert script.paths() == ["GET /reservations/595fe29f4ab86112341425ac", "GET /reservations-v3"]


def test_a_late_check_out_that_was_taken_back_is_none_not_unset() -> None:
    script = Script(lambda r: {"_id": "r", "status": "inquiry"} if "/reservations/" in r.path else [])
    record = guesty().get_reservation(script, "r")
    assert (record.check_in_time, record.check_out_time) == (None, None)
    assert (record.door_code, record.cancelled_at) == (None, None)


class Later(Guesty):
    """After 1 March 2027."""

    legacy_calls = False


@pytest.mark.parametrize("kind", [Guesty, Later])
def test_v3_serves_where_legacy_is_gone_in_the_listings_zone(kind: type[Guesty]) -> None:
    def reply(request: Request) -> Any:
        if request.path.endswith("/reservations-v3"):
            return fixture("response_reservations_v3")
        return {"_id": "u", "timezone": "America/New_York"} if "/listings/" in request.path else None

    script = Script(reply)
    record = kind(guesty().settings).get_reservation(script, "5f92cbf10cf217478ba93561")
    assert (record.check_in_time, record.check_out_time) == (time(10), time(6))
    assert ("GET /reservations/5f92cbf10cf217478ba93561" in script.paths()) is (kind is Guesty)


def test_an_unknown_reservation_is_not_found() -> None:
    with pytest.raises(NotFound):
        guesty().get_reservation(Script(lambda r: [] if r.path.endswith("-v3") else None), "nobody")


def test_ids_cant_leave_their_place_in_the_path() -> None:
    script = Script(lambda _: {"_id": "x"})
    guesty().get_guest(script, "../accounts/me?x=1")
    assert script.paths() == ["GET /guests-crud/..%2Faccounts%2Fme%3Fx%3D1"]
    assert "fullName" in script.query()["fields"]


# --- conversations and posts ---
def test_the_published_conversations() -> None:
    page = guesty().list_conversations(Script(lambda _: fixture("response_conversations_list")))
    assert [one.external_id for one in page.items] == ["6134a49cd450d300307794cb", "60b337646b754a002f4a1a76"]
    assert (page.items[1].guest_name, page.items[1].guest_id) == ("Gal Levy", "60b337616b754a002f4a1a37")
    assert page.items[1].reservation_ids == ("60b337636b754a002f4a1a4f",)
    assert page.next_cursor is None
    assert page.total == 30


def test_conversations_are_asked_for_without_the_traps() -> None:
    script = Script(lambda _: {"data": {"conversations": []}})
    guesty().list_conversations(script)
    query = script.query()
    assert query["sort"] == "-modifiedAt"
    assert "modifiedAt" in query["fields"].split()
    assert json.loads(query["filters"]) == [{"field": "type", "operator": "$eq", "value": "guest"}]
    assert "cursorAfter" not in query
    assert "cursorBefore" not in query


def test_one_conversation() -> None:
    record = guesty().get_conversation(Script(lambda _: fixture("response_conversation_get")), CONVERSATION)
    assert record.external_id == CONVERSATION
    assert (record.is_guest, record.language, record.channel_raw) == (True, "en", "manual")
    assert record.reservation_ids == ("615997c2e74f61003015aafe",)
    assert record.changed_at == datetime(2021, 10, 11, 12, 40, 16, 566000, tzinfo=UTC)
    with pytest.raises(Unreadable):
        guesty().get_conversation(Script(lambda _: {"status": 200, "data": {}}), CONVERSATION)


def test_reading_changed_conversations_stops_at_the_instant() -> None:
    def reply(request: Request) -> Any:
        start = int(dict(request.query).get("cursorAfter", "0"))
        found = [
            {"_id": str(n), "type": "guest", "modifiedAt": at(100 - n)} for n in range(start, start + 10)
        ]
        return {"data": {"conversations": found, "cursor": {"after": str(start + 10)}}}

    script = Script(reply)
    since = datetime(2026, 1, 1, 0, 1, 15, tzinfo=UTC)
    found = everything(guesty().list_conversations, script, changed_since=since)
    assert [one.external_id for one in found] == [str(n) for n in range(26)]
    assert len(script.asked) == 3


def test_owners_conversations_are_left_out() -> None:
    found = [{"_id": "a", "type": "owner"}, {"_id": "b", "type": "guest"}]
    page = guesty().list_conversations(Script(lambda _: {"data": {"conversations": found}}))
    assert [one.external_id for one in page.items] == ["b"]


def test_the_published_posts_without_log_lines() -> None:
    page = guesty().list_posts(Script(lambda _: fixture("response_posts_list")), CONVERSATION)
    assert [type(one) for one in page.items] == [NoteRecord, NoteRecord]
    assert [one.external_id for one in page.items] == ["61643413c9cf7a002d929325", "616430b0c9cf7a002d92931f"]
    assert isinstance(page.items[0], NoteRecord)
    assert (page.items[0].author_name, page.items[0].conversation_id) == ("COM - postman", CONVERSATION)
    assert page.next_cursor is not None


def test_the_last_pages_cursor_leads_to_an_empty_page_and_then_ends() -> None:
    full = fixture("response_posts_list")
    empty = {"status": 200, "data": {"posts": [], "cursor": {"after": "again", "before": "x"}}}
    script = Script(lambda request: empty if "cursorAfter" in dict(request.query) else full)
    assert len(everything(guesty().list_posts, script, CONVERSATION)) == 2
    assert len(script.asked) == 2


def test_a_page_of_log_lines_does_not_end_the_list() -> None:
    logs = {"data": {"posts": [{"_id": "l", "sentBy": "log", "createdAt": at(0)}], "cursor": {"after": "c1"}}}
    posts = {
        "data": {"posts": [{"_id": "p", "sentBy": "guest", "body": "x", "createdAt": at(0)}], "cursor": {}}
    }
    script = Script(lambda request: posts if dict(request.query).get("cursorAfter") == "c1" else logs)
    assert [one.external_id for one in everything(guesty().list_posts, script, "c")] == ["p"]


def test_a_cursor_that_stands_still_ends_the_list() -> None:
    post = {"_id": "p", "sentBy": "guest", "body": "x", "createdAt": at(0)}
    script = Script(lambda _: {"data": {"posts": [post], "cursor": {"after": "same"}}})
    assert len(everything(guesty().list_posts, script, "c")) == 2


@pytest.mark.parametrize(
    ("post", "author"),
    [
        ({"sentBy": "guest"}, AuthorKind.GUEST),
        ({"sentBy": "host"}, AuthorKind.STAFF),
        ({"from": {"type": "user", "fullName": "Ana"}}, AuthorKind.STAFF),
        ({"from": {"type": "guest"}}, AuthorKind.GUEST),
        ({"sentBy": "log"}, None),
        ({"sentBy": "host", "module": {"type": "log"}}, None),
        ({"sentBy": "robot"}, None),
        ({}, None),
    ],
)
def test_who_wrote_a_post(post: dict[str, Any], author: AuthorKind | None) -> None:
    whole = {"_id": "p", "body": "x", "createdAt": at(0), "module": {"type": "sms"}, **post}
    items = guesty().list_posts(Script(lambda _: {"data": {"posts": [whole]}}), "c").items
    if author is None:
        assert items == []
        return
    [record] = items
    assert isinstance(record, MessageRecord)
    assert (record.author_kind, record.channel) == (author, "sms")
    assert record.direction is (Direction.INBOUND if author is AuthorKind.GUEST else Direction.OUTBOUND)


# --- places ---
def listings(count: int, limit: int = 100) -> Callable[[Request], Any]:
    def reply(request: Request) -> Any:
        if "complexes" in request.path:
            return {"results": [{"_id": "c", "name": "House", "listingIds": ["1", "2"]}]}
        skip = int(dict(request.query)["skip"])
        found = [{"_id": str(n), "nickname": f"N{n}"} for n in range(count)][skip : skip + limit]
        return {"results": found, "count": count, "limit": limit, "skip": skip}

    return reply


@pytest.mark.parametrize("limit", [100, 25])
def test_all_listings_are_read_though_the_pages_are_smaller(limit: int) -> None:
    found = everything(guesty().list_units, Script(listings(230, limit)))
    assert [one.external_id for one in found] == [str(n) for n in range(230)]
    assert [one.property_id for one in found[:4]] == ["0", "c", "c", "3"]


def test_a_property_is_a_complex_or_a_listing_alone() -> None:
    found = everything(guesty().list_properties, Script(listings(5)))
    assert [one.external_id for one in found] == ["c", "0", "3", "4"]


@pytest.mark.parametrize("refusal", [NotFound(), Rejected(code="forbidden")])
def test_an_account_without_complexes(refusal: Exception) -> None:
    reply = listings(2)

    def without(request: Request) -> Any:
        if "complexes" in request.path:
            raise refusal
        return reply(request)

    assert [one.external_id for one in everything(guesty().list_properties, Script(without))] == ["0", "1"]


# --- subscriptions ---
def test_a_subscription_with_fewer_events_is_extended() -> None:
    def reply(request: Request) -> Any:
        return (
            [{"_id": "w", "url": "https://b.example/h", "events": ["task.created"]}]
            if request.method == "GET"
            else {}
        )

    script = Script(reply)
    made = guesty().subscribe(script, "https://b.example/h")
    assert script.paths() == ["GET /webhooks", "PUT /webhooks/w"]
    assert "reservation.updated.v2" in made.events
    assert not script.asked[1].effect


def test_a_new_subscription_is_an_effect() -> None:
    script = Script(lambda r: [] if r.method == "GET" else fixture("response_webhook_created"))
    made = guesty().subscribe(script, "https://www.hookurl.com")
    assert made.external_id == "563e0b6a08a2710e00057b83"
    assert script.asked[1].effect
    assert script.asked[1].json["url"] == "https://www.hookurl.com"


def test_the_secret_may_not_be_there_yet() -> None:
    url = "https://b.example/h"
    assert guesty().read_webhook_secret(Script(lambda _: None), url) is None
    assert guesty().read_webhook_secret(Script(lambda _: {}), url) is None
    script = Script(lambda _: fixture("response_webhook_secret"))
    assert guesty().read_webhook_secret(script, url) == "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    assert script.query() == {"url": url}


# --- tasks ---
def test_the_published_task() -> None:
    task = guesty().get_work_order(
        Script(lambda _: fixture("response_task_created")), "5fc628f3d6391a00363234d"
    )
    assert (task.title, task.status, task.state) == ("Post Stay Clean", "confirmed", WorkOrderState.OPEN)
    assert (task.unit_id, task.reservation_id) == ("5fba2d97d8e638002d76d842", "9fba3d97d8e62500Gd7f6d842")
    assert (task.description, task.assignee) == ("A regular clean between guest stays.", "")
    assert task.due_at is None, "it is to begin at a time, and has none by which it must end"


def test_a_row_of_tasks_is_wrapped_for_a_grid() -> None:
    """The columns of the reference; what `reservation` holds isn't documented."""
    row = {
        "id": "t1",
        "status": {"children": "on hold"},
        "taskTitle": {"children": "Fix the lamp"},
        "type": {"children": "check-in"},
        "listing": {"listingId": "L1", "title": "204"},
        "reservation": {},
        "mustFinishBefore": {"date": "2026-11-24T10:00:00.000Z"},
        "assignee": {"taskId": "t1", "assigneeId": "u1"},
    }
    users = {"results": [{"_id": "u1", "firstName": "Rosa", "lastName": "Pinto"}]}

    def reply(request: Request) -> Any:
        if request.path.endswith("/users"):
            return users
        return [row] if dict(request.query)["skip"] == "0" else []

    [task] = everything(guesty().list_work_orders, Script(reply))
    assert (task.title, task.kind, task.assignee, task.unit_id) == (
        "Fix the lamp",
        "check_in",
        "Rosa Pinto",
        "L1",
    )
    assert (task.status, task.state, dict(task.unknown)) == ("on hold", UNSET, {"status": "on hold"})
    assert (task.description, task.reservation_id) == (UNSET, None)
    assert task.due_at == datetime(2026, 11, 24, 10, tzinfo=UTC)
