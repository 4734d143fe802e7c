"""Twilio's wire: what it takes and refuses, what it posts, and what the phone shows."""

import base64
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from connectors.sandbox.direct.twilio.forms import sign
from connectors.sandbox.direct.twilio.segments import segments
from tests.connectors.sandbox.direct.providers import (
    MARIA,
    NUMBER,
    SERVICE,
    WHATSAPP,
    Twilio,
    twilio_signature,
)
from tests.connectors.sandbox.harness import PICTURE, Endpoint, Sandbox, wait_for

FILE = {"mime": "image/png", "filename": "view.png", "data": base64.b64encode(PICTURE).decode()}


def test_signatures_are_the_vendors() -> None:
    pairs = [("CallSid", "CA1234567890ABCDE"), ("Digits", "1234"), ("From", "+14158675309")]
    pairs += [("To", "+18005551212"), ("Caller", "+14158675309")]
    url = "https://mycompany.com/myapp.php?foo=1&bar=2"
    assert sign("12345", url, pairs) == "RSOYDt4T1cUTdK1PDd93/VVr8B8="
    repeated = [
        ("Sid", "CA123"),
        ("SidAccount", "AC123"),
        *(("Digits", digits) for digits in ("5678", "1234", "1234")),
    ]
    assert sign("12345", url, repeated) == "IK+Dwps556ElfBT0I3Rgjkr1wJU="


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 159 + "€", 2),
        ("á" * 70, 1),
        ("á" * 71, 2),
        ("😀" * 36, 2),
        ("", 1),
    ],
)
def test_segments(text: str, count: int) -> None:
    assert segments(text) == count


def test_a_text_arrives_and_is_reported(twilio: Twilio, town: Sandbox, endpoint: Endpoint) -> None:
    answer = twilio.send(StatusCallback=f"{endpoint.url}?m=7", MediaUrl=f"{endpoint.url}/view.png")
    assert answer.status_code == 201
    made = answer.json()
    assert made["sid"].startswith("MM")
    assert (made["status"], made["direction"], made["from"]) == ("queued", "outbound-api", NUMBER)
    assert (made["num_segments"], made["num_media"], made["price"], made["date_sent"]) == (
        "1",
        "1",
        None,
        None,
    )
    assert made["date_created"].endswith(" +0000")
    wait_for(lambda: {form["MessageStatus"] for form in endpoint.forms()} == {"sending", "sent", "delivered"})
    assert {"queued"} & {form["MessageStatus"] for form in endpoint.forms()} == set()
    for (headers, _), form, path in zip(endpoint.got, endpoint.forms(), endpoint.paths, strict=True):
        assert path == "/hooks?m=7"
        assert headers["x-twilio-signature"] == twilio_signature(f"{endpoint.url}?m=7", form)
        assert form["MessageSid"] == made["sid"]
    [shown] = town.control("GET", f"/phones/{MARIA}/messages")["messages"]
    assert shown["body"] == "Hello"
    assert town.http.get(shown["files"][0]["url"]).content == PICTURE


def test_a_service_chooses_the_sender(twilio: Twilio) -> None:
    made = twilio.send(From=None, MessagingServiceSid=SERVICE).json()
    assert (made["status"], made["from"], made["num_segments"]) == ("accepted", None, "0")
    assert twilio.reaches(made["sid"], "delivered")["from"] == NUMBER


@pytest.mark.parametrize(
    ("code", "fields"),
    [
        (21604, {"To": None}),
        (21603, {"From": None}),
        (21602, {"Body": None}),
        (21617, {"Body": "x" * 1601}),
        (21623, {"MediaUrl": ["https://files.example/x"] * 11}),
        (21620, {"MediaUrl": "no address"}),
        (21211, {"To": "14015550142"}),
        (21606, {"From": "+14155550199"}),
        (21606, {"To": f"whatsapp:{MARIA}"}),
        (21705, {"MessagingServiceSid": "MG" + "0" * 32}),
        (21609, {"StatusCallback": "https://my_host.example/x"}),
        (35117, {"ScheduleType": "fixed", "SendAt": "2030-01-01T00:00:00Z"}),
    ],
)
def test_what_is_refused(twilio: Twilio, code: int, fields: dict[str, Any]) -> None:
    assert twilio.code(**fields) == code


def test_marks_of_a_phone(twilio: Twilio, town: Sandbox) -> None:
    town.control("PATCH", f"/phones/{MARIA}", landline=True)
    assert twilio.code() == 21614
    town.control("PATCH", f"/phones/{MARIA}", landline=False, refuses_with=21611)
    assert twilio.code() == 21611
    town.control("PATCH", f"/phones/{MARIA}", refuses_with=0, fails_with=30003)
    failed = twilio.reaches(twilio.send().json()["sid"], "undelivered")
    assert failed["error_code"] == 30003
    town.control("PATCH", f"/phones/{MARIA}", fails_with=0, airplane=True)
    sid = twilio.send().json()["sid"]
    twilio.reaches(sid, "sent")
    assert town.control("GET", f"/phones/{MARIA}/messages")["messages"] == []
    town.control("PATCH", f"/phones/{MARIA}", airplane=False)
    twilio.reaches(sid, "delivered")


def test_access(twilio: Twilio) -> None:
    wrong = httpx.get(
        f"{twilio.http.base_url}Messages.json", auth=("AC" + "5a0d" * 8, "wrong"), trust_env=False
    )
    assert (wrong.status_code, wrong.json()["code"]) == (401, 20003)
    key = httpx.get(
        f"{twilio.http.base_url}Messages.json",
        auth=("SK" + "5a0d" * 8, "sandbox-twilio-key-secret"),
        trust_env=False,
    )
    assert key.status_code == 200
    missing = twilio.http.get("/Messages/SM123.json")
    assert (missing.status_code, missing.json()["code"]) == (404, 20404)


def test_a_guest_writes(twilio: Twilio, town: Sandbox, endpoint: Endpoint) -> None:
    town.control("PATCH", f"/phones/lines/{NUMBER}", inbound_url=endpoint.url)
    town.control("POST", f"/phones/{MARIA}/text", body="", files=[FILE])
    wait_for(lambda: endpoint.got)
    [form] = endpoint.forms()
    assert endpoint.got[0][0]["x-twilio-signature"] == twilio_signature(endpoint.url, form)
    assert (form["From"], form["To"], form["Body"], form["NumMedia"]) == (MARIA, NUMBER, "", "1")
    assert (form["SmsStatus"], form["MediaContentType0"], form["FromState"]) == (
        "received",
        "image/png",
        "RI",
    )
    assert "OptOutType" not in form
    bare = httpx.get(form["MediaUrl0"], trust_env=False)
    assert bare.status_code == 401
    moved = twilio.http.get(form["MediaUrl0"])
    assert moved.status_code == 302
    assert httpx.get(moved.headers["location"], trust_env=False).content == PICTURE
    assert twilio.http.get(moved.headers["location"]).status_code == 400, (
        "the password isn't for the other host"
    )
    [listed] = twilio.http.get("/Messages.json", params={"To": NUMBER}).json()["messages"]
    assert (listed["sid"], listed["direction"], listed["status"]) == (
        form["MessageSid"],
        "inbound",
        "received",
    )
    media = twilio.http.get(f"/Messages/{listed['sid']}/Media.json").json()["media_list"]
    assert [row["content_type"] for row in media] == ["image/png"]


def test_a_chatty_answer_is_noted(town: Sandbox, endpoint: Endpoint) -> None:
    endpoint.answer, endpoint.says = lambda _: 200, b"debugging"
    town.control("PATCH", f"/phones/lines/{NUMBER}", inbound_url=endpoint.url)
    town.control("POST", f"/phones/{MARIA}/text", body="Hi")
    [told] = wait_for(lambda: town.control("GET", "/twilio/deliveries?state=delivered")["deliveries"])
    assert told["attempts"][0]["remark"].startswith("12300")


def test_stop_blocks_the_pair_and_start_lifts_it(twilio: Twilio, town: Sandbox, endpoint: Endpoint) -> None:
    town.control("PATCH", f"/phones/lines/{SERVICE}", inbound_url=endpoint.url)
    town.control("POST", f"/phones/{MARIA}/text", body="please stop")
    assert twilio.send().status_code == 201
    town.control("POST", f"/phones/{MARIA}/text", body=" Stop")
    assert twilio.code() == 21610
    assert twilio.code(From=None, MessagingServiceSid=SERVICE) == 21610
    texts = wait_for(
        lambda: [
            row["body"]
            for row in town.control("GET", f"/phones/{MARIA}/messages")["messages"]
            if row["author"] == "provider"
        ]
    )
    assert "unsubscribed" in texts[0]
    town.control("POST", f"/phones/{MARIA}/text", body="START")
    assert twilio.send().status_code == 201
    wait_for(lambda: len(endpoint.got) == 3)


def test_the_whatsapp_window(twilio: Twilio, town: Sandbox, endpoint: Endpoint) -> None:
    to = {"To": f"whatsapp:{MARIA}", "From": WHATSAPP}
    town.control("PATCH", "/phones/lines/+14155550161", inbound_url=endpoint.url)
    shut = twilio.reaches(twilio.send(**to).json()["sid"], "failed")
    assert shut["error_code"] == 63016
    template = {
        "ContentSid": "HX" + "c1e0" * 8,
        "ContentVariables": '{"1": "Maria", "2": "16:00"}',
        "Body": None,
    }
    sent = twilio.reaches(twilio.send(**to, **template).json()["sid"], "delivered")
    assert sent["body"] == "Hello Maria, your room is ready from 16:00. See you soon!"
    town.control("POST", f"/phones/{MARIA}/whatsapp", body="Hi", to="+14155550161")
    wait_for(lambda: endpoint.got)
    form = endpoint.forms()[0]
    assert (form["From"], form["WaId"], form["ProfileName"]) == (
        f"whatsapp:{MARIA}",
        MARIA[1:],
        "Maria Lindqvist",
    )
    sid = twilio.send(**to).json()["sid"]
    twilio.reaches(sid, "delivered")
    town.control("POST", f"/phones/{MARIA}/read")
    assert twilio.state(sid) == "read"
    town.control("POST", "/phones/clock", forward=86_401)
    assert twilio.reaches(twilio.send(**to).json()["sid"], "failed")["error_code"] == 63016


def test_lists_redaction_and_deletion(twilio: Twilio) -> None:
    sids = [twilio.send(Body=f"Text {n}").json()["sid"] for n in range(5)]
    for sid in sids:
        twilio.reaches(sid, "delivered")
    page = twilio.http.get(
        "/Messages.json", params={"To": MARIA, "DateSent>": "2020-01-01", "PageSize": 2}
    ).json()
    found = [row["sid"] for row in page["messages"]]
    while page["next_page_uri"]:
        page = twilio.http.get(f"http://127.0.0.1:{twilio.sandbox.port}/twilio{page['next_page_uri']}").json()
        found += [row["sid"] for row in page["messages"]]
    assert found == sids[::-1]
    assert twilio.http.get("/Messages.json", params={"DateSent<": "2020-01-01"}).json()["messages"] == []
    assert twilio.http.post(f"/Messages/{sids[0]}.json", data={"Body": ""}).json()["body"] == ""
    assert twilio.http.delete(f"/Messages/{sids[0]}.json").status_code == 204
    assert twilio.http.get(f"/Messages/{sids[0]}.json").status_code == 404


def test_scheduled_and_withdrawn(twilio: Twilio, town: Sandbox) -> None:
    wanted = {"From": None, "MessagingServiceSid": SERVICE, "ScheduleType": "fixed"}
    assert twilio.code(**wanted, SendAt="soon") == 35114
    at = datetime.now(UTC)
    assert twilio.code(**wanted, SendAt=(at + timedelta(seconds=200)).isoformat()) == 35115
    later = (at + timedelta(hours=1)).isoformat()
    first, second = (twilio.send(**wanted, SendAt=later).json() for _ in range(2))
    assert (first["status"], first["from"]) == ("scheduled", None)
    assert (
        twilio.http.post(f"/Messages/{first['sid']}.json", data={"Status": "canceled"}).json()["status"]
        == "canceled"
    )
    town.control("POST", "/phones/clock", forward=3_700)
    twilio.reaches(second["sid"], "delivered")
    assert twilio.state(first["sid"]) == "canceled"


def test_a_failed_webhook_goes_to_the_fallback(town: Sandbox, endpoint: Endpoint) -> None:
    endpoint.answer = lambda number: 500 if number <= 3 else 204
    asked = f"{endpoint.url}#rc=2&rp=5xx"
    town.control("PATCH", "/twilio/settings", retry_scale=0.01)
    town.control("PATCH", f"/phones/lines/{NUMBER}", inbound_url=asked, fallback_url=f"{endpoint.url}/other")
    town.control("POST", f"/phones/{MARIA}/text", body="Hi")
    wait_for(lambda: len(endpoint.got) == 4)
    assert endpoint.paths == ["/hooks", "/hooks", "/hooks", "/hooks/other"]
    tokens = {headers["i-twilio-idempotency-token"] for headers, _ in endpoint.got}
    assert len(tokens) == 1
    assert endpoint.got[0][0]["x-twilio-signature"] == twilio_signature(endpoint.url, endpoint.forms()[0])


def test_a_burst_with_duplicates(town: Sandbox, endpoint: Endpoint) -> None:
    town.control("PATCH", f"/phones/lines/{NUMBER}", inbound_url=endpoint.url)
    town.control("POST", "/phones/reset", keep=["subscriptions"])
    told = town.control("POST", "/phones/burst", count=200, phones=7, duplicate_every=10)
    assert (told["webhooks"], told["duplicates"]) == (200, 20)
    wait_for(lambda: len(endpoint.got) == 220)
    assert {form["MessageSid"] for form in endpoint.forms()} == set(told["ids"])


def test_faults_and_what_was_done_before_them(twilio: Twilio, town: Sandbox) -> None:
    town.control("PUT", "/twilio/faults/too_many", count=1)
    busy = twilio.send()
    assert (busy.status_code, busy.json()["code"]) == (429, 20429)
    town.control("PUT", "/twilio/faults/error_after_work", count=1)
    assert twilio.send(Body="Once").status_code == 500
    wait_for(
        lambda: (
            [row["body"] for row in town.control("GET", f"/phones/{MARIA}/messages")["messages"]] == ["Once"]
        )
    )
