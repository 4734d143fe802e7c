"""Twilio's Content API: which templates there are, what fills them, and what WhatsApp lets through."""

import json
from typing import Any

import httpx
import pytest

from tests.connectors.sandbox.direct.providers import ACCOUNT, MARIA, TOKEN, WHATSAPP, Twilio
from tests.connectors.sandbox.harness import Sandbox

CHECK_IN, CARD, PARKING = "HX" + "c1e0" * 8, "HX" + "ca4d" * 8, "HX" + "9a4c" * 8
REJECTED, UNSUBMITTED = "HX" + "f4ee" * 8, "HX" + "d4af" * 8
OUTSIDE = {"To": f"whatsapp:{MARIA}", "From": WHATSAPP, "Body": None}


class Content:
    def __init__(self, sandbox: Sandbox) -> None:
        self.root = f"http://127.0.0.1:{sandbox.port}/twilio/v1"

    def get(self, url: str, login: tuple[str, str] = (ACCOUNT, TOKEN), **query: Any) -> httpx.Response:
        url = url if "://" in url else f"{self.root}{url}"
        return httpx.get(url, params=query or None, auth=login, trust_env=False)


@pytest.fixture
def content(town: Sandbox) -> Content:
    return Content(town)


def test_templates_with_approvals_page_by_page(content: Content) -> None:
    page = content.get("/ContentAndApprovals", PageSize=3).json()
    assert page["meta"]["key"] == "contents"
    assert page["meta"]["url"] == f"{content.root}/ContentAndApprovals?PageSize=3&Page=0"
    first, rows = page["contents"], list(page["contents"])
    while following := page["meta"]["next_page_url"]:
        assert following.startswith(f"{content.root}/ContentAndApprovals?PageSize=3&Page=")
        page = content.get(following).json()
        rows += page["contents"]
    found = {row["sid"]: row for row in rows}
    assert len(rows) == len(found) == 7
    again = content.get("/ContentAndApprovals", PageSize=3, Page=1).json()["contents"]
    assert again == first, "a page number alone leads nowhere"
    ready = found[CHECK_IN]
    assert ready["types"] == {
        "twilio/text": {"body": "Hello {{1}}, your room is ready from {{2}}. See you soon!"}
    }
    assert (ready["variables"], ready["language"]) == ({"1": "Maria", "2": "15:00"}, "en")
    assert ready["date_created"].endswith("Z")
    assert "url" not in ready
    assert ready["approval_requests"] == {
        "name": "check_in",
        "category": "UTILITY",
        "content_type": "twilio/text",
        "status": "approved",
        "rejection_reason": "",
        "allow_category_change": True,
    }
    assert found[REJECTED]["approval_requests"]["rejection_reason"] == "INVALID_FORMAT"
    assert found[UNSUBMITTED]["approval_requests"]["status"] == "unsubmitted"
    assert found[CARD]["types"]["twilio/card"]["actions"][0]["title"] == "Late check-out"
    assert {row["language"] for row in rows if row["friendly_name"] == "check_in"} == {"en", "es"}


def test_one_template(content: Content) -> None:
    one = content.get(f"/Content/{PARKING}").json()
    assert one in content.get("/Content").json()["contents"]
    asked = content.get(one["links"]["approval_fetch"]).json()
    assert (asked["sid"], asked["whatsapp"]["status"]) == (PARKING, "pending")
    missing = content.get("/Content/HX" + "0" * 32)
    assert (missing.status_code, missing.json()["code"]) == (404, 20404)


def test_who_may_read_templates(content: Content, town: Sandbox) -> None:
    key, restricted = "SK" + "5a0d" * 8, ("SK" + "4e57" * 8, "sandbox-twilio-restricted-secret")
    assert content.get("/ContentAndApprovals", (key, "sandbox-twilio-key-secret")).status_code == 200
    wrong = content.get("/ContentAndApprovals", (key, "wrong"))
    assert (wrong.status_code, wrong.json()["code"]) == (401, 20003)
    barred = content.get("/ContentAndApprovals", restricted)
    assert (barred.status_code, barred.json()["code"], barred.json()["status"]) == (403, 20003, 403)
    messages = f"http://127.0.0.1:{town.port}/twilio/2010-04-01/Accounts/{ACCOUNT}/Messages.json"
    assert content.get(messages, restricted).status_code == 200


@pytest.mark.parametrize(
    ("code", "sid", "variables"),
    [
        (21655, "HX" + "0" * 32, None),
        (21654, None, {"1": "Maria"}),
        (21656, CHECK_IN, "Maria"),
        (21656, CHECK_IN, {"1": ""}),
        (21656, CHECK_IN, {"1": None}),
        (21656, CHECK_IN, {"1": 7}),
        (21656, CHECK_IN, {"1": "Maria\nLindqvist"}),
        (21656, CHECK_IN, {"1": "Maria     Lindqvist"}),
        (21658, CHECK_IN, {"1": "x" * 1601}),
        (63028, CHECK_IN, {"3": "too many"}),
    ],
)
def test_what_is_refused(twilio: Twilio, code: int, sid: str | None, variables: Any) -> None:
    given = variables if isinstance(variables, str) else json.dumps(variables) if variables else None
    assert twilio.code(**(OUTSIDE | {"Body": "Hello"}), ContentSid=sid, ContentVariables=given) == code


def shown(town: Sandbox) -> list[str]:
    return [row["body"] for row in town.control("GET", f"/phones/{MARIA}/messages")["messages"]]


def test_the_phone_shows_what_was_filled_in(twilio: Twilio, town: Sandbox) -> None:
    given = json.dumps({"2": "16:00"})
    sent = twilio.send(**OUTSIDE, ContentSid=CHECK_IN, ContentVariables=given).json()
    twilio.reaches(sent["sid"], "delivered")
    assert shown(town) == ["Hello Maria, your room is ready from 16:00. See you soon!"], "1 by its default"
    card = twilio.send(**OUTSIDE, ContentSid=CARD, ContentVariables=json.dumps({"1": "Eva"})).json()
    assert twilio.reaches(card["sid"], "delivered")["body"].startswith("Welcome to Harbour House, Eva\n")
    by_sms = twilio.send(Body=None, ContentSid=UNSUBMITTED).json()
    twilio.reaches(by_sms["sid"], "delivered")
    assert shown(town)[-1] == "Hello Maria, when will you be here?", "an SMS needs nobody's approval"


@pytest.mark.parametrize("sid", [PARKING, REJECTED, UNSUBMITTED])
def test_what_is_not_approved_waits_for_the_window(twilio: Twilio, town: Sandbox, sid: str) -> None:
    shut = twilio.send(**OUTSIDE, ContentSid=sid).json()
    assert twilio.reaches(shut["sid"], "failed")["error_code"] == 63016
    town.control("POST", f"/phones/{MARIA}/whatsapp", body="Hi", to="+14155550161")
    twilio.reaches(twilio.send(**OUTSIDE, ContentSid=sid).json()["sid"], "delivered")


def test_whatsapp_changes_its_mind(twilio: Twilio, town: Sandbox, content: Content) -> None:
    decided = town.control("POST", f"/twilio/templates/{PARKING}", status="approved")
    assert (decided["status"], decided["name"]) == ("approved", "parking")
    twilio.reaches(twilio.send(**OUTSIDE, ContentSid=PARKING).json()["sid"], "delivered")
    town.control("POST", f"/twilio/templates/{PARKING}", status="paused")
    told = content.get(f"/Content/{PARKING}/ApprovalRequests").json()["whatsapp"]
    assert told["status"] == "paused"
    town.control("POST", f"/phones/{MARIA}/whatsapp", body="Hi", to="+14155550161")
    paused = twilio.send(**OUTSIDE, ContentSid=PARKING).json()
    assert twilio.reaches(paused["sid"], "failed")["error_code"] == 63041, "the window doesn't help"
    town.control("POST", f"/twilio/templates/{PARKING}", status="rejected", reason="SCAM")
    told = content.get(f"/Content/{PARKING}/ApprovalRequests").json()["whatsapp"]
    assert (told["status"], told["rejection_reason"]) == ("rejected", "SCAM")
    unknown = town.http.post(f"/_control/twilio/templates/{PARKING}", json={"status": "liked"})
    assert unknown.status_code == 400


def test_a_template_of_ones_own(twilio: Twilio, town: Sandbox) -> None:
    given = {"name": "pool", "body": "The pool opens at {{1}}, {{name}}.", "variables": {"1": "9:00"}}
    made = town.control("POST", "/twilio/templates", **given, status="approved")
    assert made in town.control("GET", "/twilio/templates")["templates"]
    assert twilio.code(**OUTSIDE, ContentSid=made["id"]) == 21656, "a variable without a default value"
    named = twilio.send(**OUTSIDE, ContentSid=made["id"], ContentVariables='{"name": "Maria"}').json()
    assert twilio.reaches(named["sid"], "delivered")["body"] == "The pool opens at 9:00, Maria."
    for wrong in ({"name": "pool"}, given | {"category": "FUN"}, given | {"variables": {"1": 9}}):
        assert town.http.post("/_control/twilio/templates", json=wrong).status_code == 400
