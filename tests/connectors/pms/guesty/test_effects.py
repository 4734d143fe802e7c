from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectors.contract.errors import NotFound, OutcomeUnknown, Rejected
from connectors.contract.http import Request, Response
from connectors.contract.intents import (
    AddNote,
    CreateWorkOrder,
    SendMessage,
    SetCustomField,
    SetStayTimes,
    UpdateWorkOrder,
)
from tests.connectors.pms.guesty.helpers import Script, fixture, guesty

SINCE = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)
TEXT = "Please lift the handle while closing it."


def post(number: int, body: str = TEXT, seconds: float = 1, **more: Any) -> dict[str, Any]:
    at = (SINCE + timedelta(seconds=seconds)).isoformat()
    return {
        "_id": f"p{number}",
        "body": body,
        "sentBy": "host",
        "module": {"type": "sms"},
        "createdAt": at,
        **more,
    }


def posts(*found: dict[str, Any]) -> Script:
    return Script(lambda _: {"data": {"posts": list(found)}})


# --- sending ---
def test_exactly_the_documented_properties_are_sent() -> None:
    script = Script(lambda _: fixture("response_send_message"))
    done = guesty().perform(script, SendMessage(conversation_id="c1", body=TEXT, channel_raw="airbnb2"))
    assert script.paths() == ["POST /communication/conversations/c1/send-message"]
    assert script.asked[0].json == {"module": {"type": "airbnb2"}, "body": TEXT}
    assert script.asked[0].effect
    assert done.remote_id == "616443bdc9cf7a002d92933e"
    assert done.at == datetime(2021, 10, 11, 14, 1, 33, 224000, tzinfo=UTC)


def test_the_channel_is_the_guests_last() -> None:
    def reply(request: Request) -> Any:
        if request.method == "POST":
            return fixture("response_send_message")
        return {"data": {"posts": [post(1), post(2, sentBy="guest", module={"type": "whatsapp"})]}}

    script = Script(reply)
    guesty().perform(script, SendMessage(conversation_id="c1", body=TEXT))
    assert script.asked[-1].json["module"] == {"type": "whatsapp"}


def test_with_nothing_from_the_guest_it_is_the_platform() -> None:
    def reply(request: Request) -> Any:
        if request.method == "POST":
            return fixture("response_send_message")
        if request.path.endswith("/posts"):
            return {"data": {"posts": [post(1)]}}
        return {"data": {"_id": "c1", "meta": {"integration": {"platform": "bookingCom"}}}}

    script = Script(reply)
    guesty().perform(script, SendMessage(conversation_id="c1", body=TEXT))
    assert script.asked[-1].json["module"] == {"type": "bookingCom"}


@pytest.mark.parametrize("channel", ["manual", "note", "log", "direct"])
def test_what_reaches_nobody_is_not_sent(channel: str) -> None:
    script = Script(lambda _: fixture("response_send_message"))
    with pytest.raises(Rejected) as caught:
        guesty().perform(script, SendMessage(conversation_id="c1", body=TEXT, channel_raw=channel))
    assert caught.value.code == "no_channel"
    assert script.asked == []


def test_sms_and_email_need_an_address() -> None:
    def reply(request: Request) -> Any:
        if request.method == "POST":
            return fixture("response_send_message")
        if "/guests-crud/" in request.path:
            return {"_id": "g", "email": "g@relay.example", "phones": []}
        return {"data": {"_id": "c1", "meta": {"guest": {"_id": "g"}}}}

    script = Script(reply)
    guesty().perform(script, SendMessage(conversation_id="c1", body=TEXT, channel_raw="email"))
    assert script.asked[-1].json["module"] == {"type": "email", "to": ["g@relay.example"]}
    guesty().perform(
        script, SendMessage(conversation_id="c1", body=TEXT, channel_raw="sms", to=("+14015550100",))
    )
    assert script.asked[-1].json["module"] == {"type": "sms", "to": ["+14015550100"]}
    with pytest.raises(Rejected) as caught:
        guesty().perform(script, SendMessage(conversation_id="c1", body=TEXT, channel_raw="sms"))
    assert caught.value.code == "no_address"


@pytest.mark.parametrize(
    "body", [b"", b"{}", b'{"status": 200}', b'{"data": []}', b'{"data": {"_id": ""}}', b"[]"]
)
def test_a_success_without_an_id_is_looked_up_not_repeated(body: bytes) -> None:
    def call(_: Request, /) -> Response:
        return Response(status=200, headers={}, body=body)

    for intent in (
        SendMessage(conversation_id="c", body=TEXT, channel_raw="airbnb2"),
        AddNote(conversation_id="c", body=TEXT),
    ):
        with pytest.raises(OutcomeUnknown):
            guesty().perform(call, intent)


# --- finding ---
INTENT = SendMessage(conversation_id="c", body=TEXT, channel_raw="sms")


def test_our_text_is_found() -> None:
    found = guesty().find(posts(post(1, "Hello"), post(2)), INTENT, SINCE)
    assert found is not None
    assert (found.remote_id, found.exact) == ("p2", True)


def test_what_a_guest_or_a_note_says_is_not_our_sending() -> None:
    script = posts(post(1, sentBy="guest"), post(2, module={"type": "note"}), post(3, sentBy="log"))
    assert guesty().find(script, INTENT, SINCE) is None


def test_the_same_text_from_before_does_not_count() -> None:
    assert guesty().find(posts(post(1, seconds=-121)), INTENT, SINCE) is None
    assert guesty().find(posts(post(1, seconds=-5)), INTENT, SINCE) is not None


def test_of_equal_texts_the_nearest_that_is_not_anothers() -> None:
    script = posts(post(3, seconds=90), post(2, seconds=2), post(1, seconds=1))
    found = guesty().find(script, INTENT, SINCE, known={"p1"})
    assert found is not None
    assert found.remote_id == "p2"
    assert guesty().find(script, INTENT, SINCE, known={"p1", "p2", "p3"}) is None


@pytest.mark.parametrize(
    ("body", "exact"),
    [
        ("please  lift the handle while closing it.", True),
        ("<p>Please lift the handle while closing it.</p>", True),
        ("Please lift the handle while closing it. 🌊", True),
        ("Please lift the handle while", False),
        ("Please lift the handle while closing xx.", False),
        ("Please", None),
        ("Something else of about the same length.", None),
    ],
)
def test_a_copy_that_changed_on_the_way(body: str, exact: bool | None) -> None:
    found = guesty().find(posts(post(1, body)), INTENT, SINCE)
    assert (found.exact if found else None) is exact


def test_looking_back_ends_at_the_instant() -> None:
    def reply(request: Request) -> Any:
        page = int(dict(request.query).get("cursorAfter", "0"))
        found = [post(page * 10 + n, "other", seconds=100 - page * 60) for n in range(10)]
        return {"data": {"posts": found, "cursor": {"after": str(page + 1)}}}

    script = Script(reply)
    assert guesty().find(script, INTENT, SINCE) is None
    assert len(script.asked) == 5


# --- notes and fields ---
def test_a_note_in_the_thread() -> None:
    script = Script(lambda _: fixture("response_post_note_created"))
    done = guesty().perform(script, AddNote(conversation_id="c1", body="n"))
    assert script.paths() == ["POST /communication/conversations/c1/posts"]
    assert script.asked[0].json == {"module": {"type": "note"}, "body": "n", "sentBy": "host"}
    assert done.remote_id == "616443adc9cf7a002d92933a"


class Notes:
    """A stay's notes in both generations of the API."""

    def __init__(self, *, modern: bool, kept: str = "", deaf: bool = False) -> None:
        self.modern, self.kept, self.deaf = modern, kept, deaf

    def __call__(self, request: Request) -> Any:
        if request.method == "PUT":
            if "/reservations-v3/" in request.path and not self.modern:
                return None
            told = (
                request.json["notes"]["other"]
                if "/reservations-v3/" in request.path
                else request.json["note"]
            )
            self.kept = self.kept if self.deaf else told
            return {"_id": "r"}
        if request.path.endswith("/reservations-v3"):
            return [{"_id": "r", "notes": {"other": self.kept}}] if self.modern else []
        return {"_id": "r"} if self.modern else {"_id": "r", "note": self.kept}


@pytest.mark.parametrize("modern", [True, False])
def test_a_stays_note_is_added_to_what_stands_there(modern: bool) -> None:
    notes = Notes(modern=modern, kept="Allergic to nuts")
    intent = AddNote(reservation_id="r", body="Late check-out until 13:00")
    for _ in range(2):
        guesty().perform(Script(notes), intent)
    assert notes.kept == "Allergic to nuts\nLate check-out until 13:00"
    assert guesty().find(Script(notes), intent, SINCE) is not None
    assert guesty().find(Script(notes), AddNote(reservation_id="r", body="other"), SINCE) is None


def test_a_note_that_was_taken_but_not_kept_is_noticed() -> None:
    with pytest.raises(Rejected) as caught:
        guesty().perform(Script(Notes(modern=True, deaf=True)), AddNote(reservation_id="r", body="x"))
    assert caught.value.code == "not_stored"


def test_a_note_without_a_target() -> None:
    with pytest.raises(Rejected):
        guesty().perform(Script(lambda _: {}), AddNote(body="x"))


@pytest.mark.parametrize("bare", [True, False])
def test_a_custom_field_is_read_back(bare: bool) -> None:
    kept: dict[str, Any] = {}

    def reply(request: Request) -> Any:
        if request.method == "PUT":
            [entry] = request.json["customFields"]
            kept[entry["fieldId"]] = entry["value"]
        entries = [{"_id": "x", "fieldId": field, "value": value} for field, value in kept.items()]
        return entries if bare else {"reservationId": "r", "customFields": entries}

    intent = SetCustomField(reservation_id="r", field_id="f1", value="13:00")
    assert guesty().find(Script(reply), intent, SINCE) is None
    assert guesty().perform(Script(reply), intent).remote_id == "f1"
    assert guesty().find(Script(reply), intent, SINCE) is not None


def test_a_field_that_was_not_kept_is_noticed() -> None:
    with pytest.raises(Rejected) as caught:
        guesty().perform(Script(lambda _: []), SetCustomField(reservation_id="r", field_id="f", value=1))
    assert caught.value.code == "not_stored"


# --- times ---
def test_an_hour_agreed_on_is_no_new_price() -> None:
    stay = {"_id": "r1", "status": "inquiry", "plannedArrival": "15:00", "plannedDeparture": "13:30"}
    script = Script(lambda request: {} if request.method == "PUT" else stay)
    guesty().perform(script, SetStayTimes(reservation_id="r1", check_out="13:30"))
    assert script.paths()[0] == "PUT /reservations-v3/r1/dates"
    assert script.asked[0].json == {"plannedDeparture": "13:30", "applyRecalculation": False}
    with pytest.raises(Rejected) as caught:
        guesty().perform(script, SetStayTimes(reservation_id="r1", check_in="11:00"))
    assert caught.value.code == "not_stored"
    for nothing in ({}, {"check_in": "noon"}):
        with pytest.raises(Rejected, match="time"):
            guesty().perform(script, SetStayTimes(reservation_id="r1", **nothing))


# --- tasks ---
def test_a_task_has_a_stay_or_a_listing_and_both_ends_of_its_time() -> None:
    script = Script(lambda _: fixture("response_task_created"))
    due = "2026-11-24T10:00:00Z"
    wanted = CreateWorkOrder(
        title="Tap", kind="maintenance", priority="high", reservation_id="r1", unit_id="L1", due_at=due
    )
    assert guesty().perform(script, wanted).remote_id == "5fc628f3d6391a00363234d"
    assert script.asked[0].json == {
        "title": "Tap",
        "description": f"[bh:{wanted.reference}]",
        "type": "maintenance",
        "priority": "high",
        "reservationId": "r1",
        "canStartAfter": "2026-11-10T10:00:00.000Z",
        "mustFinishBefore": "2026-11-24T10:00:00.000Z",
    }
    guesty().perform(script, CreateWorkOrder(title="Tap", kind="check_out", unit_id="L1"))
    assert script.asked[1].json.keys() == {"title", "description", "listingId"}


def test_a_resolution_is_a_comment_behind_those_that_are_there() -> None:
    held = {
        "_id": "t1",
        "title": "Tap",
        "status": "pending",
        "comments": [{"_id": "c1", "text": "Key at desk"}],
    }

    def reply(request: Request) -> Any:
        if request.method == "PUT":
            held.update(request.json)  # type: ignore[arg-type]
        return held

    script = Script(reply)
    intent = UpdateWorkOrder(work_order_id="t1", state="done", resolution="New washer")
    guesty().perform(script, intent)
    guesty().perform(script, intent)
    written = [one.json for one in script.asked if one.method == "PUT"]
    assert written == [
        {"status": "completed", "comments": [{"_id": "c1", "text": "Key at desk"}, {"text": "New washer"}]}
    ], "the second time there is nothing to do"


def test_a_task_that_is_gone_is_a_bad_request() -> None:
    refused = guesty()

    def call(request: Request, /) -> Response:
        response = Response(
            status=400, headers={}, body=b'{"error": {"code": "VALIDATION_ERROR", "message": "x"}}'
        )
        refused.check(request, response)
        return response

    with pytest.raises(NotFound):
        refused.get_work_order(call, "t1")
