"""Walking lists that move, and texts that others change, against a scripted Hostaway."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pytest

from connectors.contract.errors import NotDelivered, NotFound, Rejected, Retryable
from connectors.contract.events import Entity, ReadHint
from connectors.contract.http import Request, Response
from connectors.contract.intents import AddNote, SendMessage, SetStayTimes
from connectors.contract.records import UNSET, MessageRecord
from tests.connectors.pms.hostaway.helpers import fixture, hostaway
from tests.connectors.pms.script import Script, everything

START = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def rows(*ages: int) -> list[dict[str, Any]]:
    """Reservations changed that many minutes before START, as Hostaway orders them."""
    return [
        {"id": 1000 + age, "updatedOn": f"{START - timedelta(minutes=age):%Y-%m-%d %H:%M:%S}"}
        for age in sorted(ages)
    ]


def listing(found: list[dict[str, Any]], size: int) -> Callable[[Request], Any]:
    def reply(request: Request) -> Any:
        after = dict(request.query).get("afterId")
        start = next((i + 1 for i, row in enumerate(found) if str(row["id"]) == after), 0)
        return {
            "status": "success",
            "result": found[start : start + size],
            "limit": size,
            "count": len(found),
        }

    return reply


def test_the_list_is_walked_and_its_first_page_read_again() -> None:
    script = Script(listing(rows(*range(0, 50, 10)), 2))
    found = everything(hostaway().list_reservations, script)
    assert [one.external_id for one in found] == ["1000", "1010", "1020", "1030", "1040", "1000", "1010"]
    assert "afterId" not in dict(script.asked[-1].query)


def test_the_walk_ends_where_nothing_is_new() -> None:
    script = Script(listing(rows(*range(0, 50, 10)), 2))
    since = START - timedelta(minutes=16)
    found = everything(hostaway().list_reservations, script, changed_since=since)
    assert {one.external_id for one in found} == {"1000", "1010", "1020"}, "five minutes more than asked for"
    assert len(script.asked) == 3


def test_messages_of_one_second_stand_as_they_are_numbered() -> None:
    """In a list of any order, and in the webhook of each: ids are numbers, not words."""
    shared = {"conversationId": 5, "isIncoming": 1, "communicationType": "email", "body": "Hello"}
    said = [{**shared, "id": number, "date": "2026-11-23 12:00:00"} for number in (1000, 999, 1001)]
    script = Script(lambda _: {"status": "success", "result": said, "count": 3})
    found = hostaway().list_posts(script, "5").items
    assert [one.external_id for one in found] == ["1001", "1000", "999"]
    body = json.dumps({"event": "message.received", "data": said[0]}).encode()
    (event,) = hostaway().parse({}, body)
    assert isinstance(event.record, MessageRecord)
    assert event.record.sequence == 1000
    odd = json.dumps({"event": "message.received", "data": {**said[0], "id": "9" * 30}}).encode()
    (event,) = hostaway().parse({}, odd)
    assert isinstance(event.record, MessageRecord)
    assert event.record.sequence == 0


@pytest.mark.parametrize("since", [datetime(9999, 12, 31, tzinfo=UTC), START + timedelta(days=400)])
def test_from_a_far_future_on_there_is_nothing(since: datetime) -> None:
    assert everything(hostaway().list_reservations, Script(listing(rows(0, 1), 2)), changed_since=since) == []


def test_since_the_beginning_of_time_there_is_everything() -> None:
    script = Script(listing(rows(0, 1), 5))
    assert (
        len(everything(hostaway().list_reservations, script, changed_since=datetime.min.replace(tzinfo=UTC)))
        == 2
    )


def test_the_published_reservation() -> None:
    def reply(request: Request) -> Any:
        return fixture("response_reservation_get")

    stay = hostaway().get_reservation(Script(reply), "13")
    assert (stay.external_id, stay.confirmation_code) == ("13", "HMP2KQ4B44")
    assert stay.channel_code == "10450-40160-thread313906227-9586017324"
    assert (stay.check_in_time, stay.door_code, stay.status) == (None, "12345", "no_show")
    assert stay.money is not UNSET
    assert stay.money is not None
    assert (stay.money.total, stay.money.balance) == (Decimal(267), Decimal("4563.54"))
    assert stay.money.lines == (("Checkin fee", Decimal(69)), ("Total price from channel", Decimal(42)))
    assert stay.notes == {"requests": "Late check-in, please."}
    assert stay.custom_fields == {"167": "Custom field value one", "243": "Custom field value two"}


def test_the_published_conversation_and_task() -> None:
    [one] = hostaway().list_conversations(Script(lambda _: fixture("response_conversations_list"))).items
    assert (one.external_id, one.reservation_ids, one.guest_name) == ("1406", ("2",), "John Smith")
    assert (one.channel, one.channel_raw) == ("email", "email")
    task = fixture("response_task")["result"] | {"categoriesMap": [2], "description": "x [bh:abcd2345]"}
    [order] = hostaway().list_work_orders(Script(lambda _: {"result": [task]})).items
    assert (order.title, order.kind, order.state, order.description) == (
        "Task title",
        "maintenance",
        "open",
        "x",
    )


def test_a_listing_with_rooms_and_one_without() -> None:
    def reply(request: Request) -> Any:
        if request.path.endswith("/listings"):
            return {"result": [{"id": 1, "name": "A", "checkOutTime": 10}, {"id": 2, "name": "B"}]}
        return fixture("response_listing_unit") if request.path.endswith("/1") else None

    room, whole = everything(hostaway().list_units, Script(reply))
    assert (room.external_id, room.property_id, room.name, room.check_out_time) == (
        "1/1",
        "1",
        "Apartment 234",
        time(10),
    )
    assert (whole.external_id, whole.property_id, whole.name) == ("2", "2", "B")


class Stay:
    """One stay whose note others write, too."""

    def __init__(self, note: str | None, *, others: list[str] | None = None) -> None:
        self.held: dict[str, Any] = {"id": 7, "hostNote": note, "checkOutTime": None}
        self.others = others or []

    def __call__(self, request: Request) -> Any:
        if request.method == "PUT":
            self.held |= request.json
            if self.others:
                self.held["hostNote"] = self.others.pop(0)
        return {"status": "success", "result": self.held}


def note(body: str = "Ana: quiet room") -> AddNote:
    return AddNote(reservation_id="7", body=body)


def test_a_note_is_put_behind_what_stands_there() -> None:
    stay, one = Stay("Door sticks"), note()
    script = Script(stay)
    hostaway().perform(script, one)
    assert stay.held["hostNote"] == f"Door sticks\nAna: quiet room [bh:{one.reference}]"
    assert script.sent("PUT") == [{"hostNote": stay.held["hostNote"]}]
    assert hostaway().find(script, one, START) is not None
    hostaway().perform(script, one)
    assert len(script.sent("PUT")) == 1, "a token that stands there is not written again"


def test_a_faster_writer_keeps_its_line() -> None:
    stay = Stay("Door sticks", others=["Door sticks\nFrom the desk"])
    one = note()
    hostaway().perform(Script(stay), one)
    assert stay.held["hostNote"] == f"Door sticks\nFrom the desk\nAna: quiet room [bh:{one.reference}]"


def test_where_others_keep_writing_it_is_tried_later() -> None:
    with pytest.raises(Retryable):
        hostaway().perform(Script(Stay("", others=["a", "b", "c", "d"])), note())


@pytest.mark.parametrize(
    ("given", "hour", "noted"),
    [("11:00", 11, False), ("11:30", 12, True), ("23:30", 23, True), ("00:00", 0, False)],
)
def test_times_are_whole_hours(given: str, hour: int, noted: bool) -> None:
    stay = Stay(None)
    intent = SetStayTimes(reservation_id="7", check_out=given)
    hostaway().perform(Script(stay), intent)
    assert stay.held["checkOutTime"] == hour
    assert (given in (stay.held["hostNote"] or "")) is noted
    assert hostaway().find(Script(stay), intent, START) is not None


@pytest.mark.parametrize("given", ["soon", "25:00", ""])
def test_what_is_no_time_is_refused(given: str) -> None:
    with pytest.raises(Rejected):
        hostaway().perform(Script(Stay(None)), SetStayTimes(reservation_id="7", check_out=given))


# --- sending ---
@pytest.mark.parametrize(("status", "pending"), [("sent", False), ("awaiting", True), ("paused", True)])
def test_sent_only_when_it_says_so(status: str, pending: bool) -> None:
    script = Script(lambda _: {"status": "success", "result": {"id": 5, "status": status}})
    done = hostaway().perform(script, SendMessage(conversation_id="1", body="Hi", channel_raw="channel"))
    assert (done.remote_id, done.pending) == ("5", pending)
    assert script.sent("POST") == [{"body": "Hi", "communicationType": "channel"}]


def test_refused_by_the_channel() -> None:
    script = Script(lambda _: {"status": "success", "result": {"id": 5, "status": "failed"}})
    with pytest.raises(NotDelivered):
        hostaway().perform(script, SendMessage(conversation_id="1", body="Hi", channel_raw="channel"))


def test_the_way_is_the_guests_last() -> None:
    def reply(request: Request) -> Any:
        if request.method == "POST":
            return {"result": {"id": 9, "status": "sent"}}
        told = {"conversationId": 1, "body": "x", "status": "sent", "date": "2026-11-01 10:00:00"}
        return {"result": [
            {**told, "id": 1, "isIncoming": 1, "communicationType": "channel"},
            {**told, "id": 2, "isIncoming": 1, "communicationType": "whatsapp", "date": "2026-11-02 10:00:00"},
            {**told, "id": 3, "isIncoming": 0, "communicationType": "email", "date": "2026-11-03 10:00:00"},
        ]}  # fmt: skip

    script = Script(reply)
    hostaway().perform(script, SendMessage(conversation_id="1", body="Hi"))
    assert script.sent("POST")[0]["communicationType"] == "whatsapp"


# --- answers ---
def test_a_failure_inside_a_success() -> None:
    def check(body: bytes) -> None:
        hostaway().check(Request(method="GET", path="/x"), Response(status=200, headers={}, body=body))

    with pytest.raises(Rejected):
        check(b'{"status":"fail","message":"No"}')
    with pytest.raises(NotFound):
        check(b'{"status":"fail","result":"Reservation not found"}')
    check(b'{"status":"success","result":[]}')


def test_the_token_is_renewed_a_month_early() -> None:
    token = hostaway().read_token(
        Response(status=200, headers={}, body=b'{"access_token":"t","expires_in":15897600}')
    )
    assert (token.expires_in_s, token.rest_s) == (15897600 - 30 * 86400, 1.0)


# --- what was lost, and what dies ---
def test_the_log_tells_what_failed() -> None:
    """The published row was delivered; whatever came of a later attempt, one that failed is looked after."""
    told = fixture("response_unified_webhook_log")["result"][0]
    lost = {**told, "object": "reservation", "objectId": 8, "responseStatus": 404}
    odd = {"objectId": 9, "responseStatus": None}
    rows = [told, lost, lost, {**lost, "responseStatus": 200}, {**told, "responseStatus": None}, odd]
    script = Script(lambda _: {"status": "success", "result": rows})
    assert hostaway().list_undelivered(script, "5") == (
        ReadHint(entity=Entity.RESERVATION, external_id="8"),
        ReadHint(entity=Entity.MESSAGE, external_id="123456789"),
    )
    assert dict(script.asked[0].query)["unifiedWebhookId"] == "5"
    assert hostaway().list_undelivered(script, "6") == (), "another's"
    assert hostaway().list_undelivered(Script(lambda _: None), "5") == ()


def test_links_of_files_are_read_with_their_message() -> None:
    script = Script(lambda _: fixture("response_conversation_message"))
    [file] = hostaway().read_attachments(script, "1406", "326")
    assert (file.external_id, file.url) == ("6", "https://www.image.com/img.jpeg")
    assert script.asked[0].path.endswith("/conversations/1406/messages/326")
