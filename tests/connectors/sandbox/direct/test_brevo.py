"""Brevo over real HTTP: events one by one, mail that came in as parts, files by token."""

import base64
from typing import Any

import httpx
import pytest

from tests.connectors.sandbox.harness import PICTURE, Endpoint, Sandbox, wait_for

MARIA, HOTEL = "maria.l@nordvik.example", "stay@harbour-house.example"
KEY = "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"
FILE = {"mime": "image/png", "filename": "view.png", "data": base64.b64encode(PICTURE).decode()}


class Brevo:
    def __init__(self, town: Sandbox) -> None:
        self.town = town
        self.auth = {"api-key": KEY}

    def send(self, **fields: Any) -> httpx.Response:
        body = {
            "sender": {"name": "Harbour House", "email": HOTEL},
            "to": [{"email": MARIA}],
            "subject": "Your stay",
            "textContent": "Hello",
        }
        return self.town.http.post("/brevo/v3/smtp/email", json=body | fields, headers=self.auth)


@pytest.fixture
def brevo(town: Sandbox, endpoint: Endpoint) -> Brevo:
    endpoint.answer = lambda _: 200
    address = endpoint.url.replace("//", "//bellhop:secret@")
    town.control("POST", "/brevo/webhooks-to", inbound_url=f"{address}/in", tracking_url=f"{address}/out")
    return Brevo(town)


def letters(town: Sandbox, address: str = MARIA) -> list[Any]:
    found: list[Any] = town.control("GET", f"/mail/{address}/letters")["letters"]
    return found


def by_event(endpoint: Endpoint, count: int) -> dict[tuple[str, str], Any]:
    wait_for(lambda: len(endpoint.got) >= count)
    return {(body["event"], body["email"]): body for body in endpoint.bodies()}


def test_a_mail_goes_out(brevo: Brevo, town: Sandbox, endpoint: Endpoint) -> None:
    headers = {"Message-ID": "<ours@x.example>", "X-Mailin-custom": "7", "X-Bellhop-Loop": "1"}
    sent = brevo.send(
        headers=headers,
        tags=["stay"],
        replyTo={"email": "tok@brevo.harbour-house.example"},
        attachment=[{"name": "map.png", "content": FILE["data"]}],
    )
    assert sent.status_code == 201
    [letter] = letters(town)
    assert letter["message_id"] == sent.json()["messageId"]
    assert (letter["provider"], letter["from"]) == ("Brevo", f"Harbour House <{HOTEL}>")
    assert [file["mime"] for file in letter["files"]] == ["image/png"]
    told = by_event(endpoint, 2)
    assert ("request", MARIA) in told
    delivered = told["delivered", MARIA]
    assert (delivered["message-id"], delivered["tags"]) == (letter["message_id"], ["stay"])
    assert delivered["X-Mailin-custom"] == "7"
    assert delivered["ts_epoch"] // 1000 == delivered["ts_event"]
    login = "Basic " + base64.b64encode(b"bellhop:secret").decode()
    assert {headers["authorization"] for headers, _ in endpoint.got} == {login}


def test_what_is_refused_and_what_is_sent_once(brevo: Brevo, town: Sandbox) -> None:
    def code(**fields: Any) -> tuple[int, str]:
        answer = brevo.send(**fields)
        return answer.status_code, answer.json()["code"]

    assert code(subject="") == (400, "missing_parameter")
    assert code(to=[{"email": "x"}]) == (400, "invalid_parameter")
    key = {"idempotencyKey": "5a0d0000-0000-4000-8000-000000000001"}
    town.control("PUT", "/brevo/faults/error_after_work", count=1)
    assert brevo.send(headers=key).status_code == 500
    assert code(headers=key) == (400, "duplicate_parameter")
    assert len(letters(town)) == 1
    town.control("POST", "/brevo/clock", forward=1_801)
    assert brevo.send(headers=key).status_code == 201
    brevo.auth = {"api-key": "other"}
    assert code() == (401, "unauthorized")


def test_bounces_complaints_and_unsubscribing(brevo: Brevo, town: Sandbox, endpoint: Endpoint) -> None:
    town.control("PATCH", "/mail/eva.n@post.example", state="full")
    brevo.send(to=[{"email": "nobody@post.example"}, {"email": "eva.n@post.example"}, {"email": MARIA}])
    told = by_event(endpoint, 6)
    assert told["hard_bounce", "nobody@post.example"]["reason"] == "550 5.1.1 user unknown"
    assert told["soft_bounce", "eva.n@post.example"]["reason"] == "552 5.2.2 mailbox full"
    letter = letters(town)[0]["id"]
    town.control("POST", "/mail/complain", letter=letter)
    spam = by_event(endpoint, 7)["spam", MARIA]
    assert set(spam) & {"subject", "ts_epoch"} == set(), "a complaint says little"
    town.control("POST", "/mail/unsubscribe", letter=letter)
    brevo.send()
    told = by_event(endpoint, 10)
    assert {("unsubscribed", MARIA), ("blocked", MARIA)} <= set(told)
    assert len(letters(town)) == 1


def test_what_is_tried_again(brevo: Brevo, town: Sandbox, endpoint: Endpoint) -> None:
    town.control("PATCH", "/brevo/settings", retry_scale=0.0001)
    endpoint.answer = lambda number: {1: 429, 2: 500}.get(number, 200)
    brevo.send(to=[{"email": "nobody@post.example"}])
    wait_for(lambda: len(endpoint.got) == 3)
    wait_for(lambda: town.control("GET", "/brevo/deliveries?state=delivered")["count"] == 1)
    assert town.control("GET", "/brevo/deliveries?state=failed")["count"] == 1, "a 500 throws the event away"


def test_a_mail_comes_in(brevo: Brevo, town: Sandbox, endpoint: Endpoint) -> None:
    brevo.send(replyTo={"email": "tok@brevo.harbour-house.example"}, htmlContent="<p>Hello</p>")
    by_event(endpoint, 2)
    letter = letters(town)[0]
    town.control("POST", f"/mail/{MARIA}/reply", letter=letter["id"], text="At five.", files=[FILE])
    wait_for(lambda: len(endpoint.got) == 3)
    assert endpoint.paths[2] == "/hooks/in"
    [item] = endpoint.bodies()[2]["items"]
    assert (item["From"]["Address"], item["Recipients"]) == (MARIA, ["tok@brevo.harbour-house.example"])
    assert (item["InReplyTo"], item["Headers"]["Return-Path"]) == (letter["message_id"], f"<{MARIA}>")
    assert item["ExtractedMarkdownMessage"] == "At five."
    assert "> Hello" in item["RawTextBody"]
    assert "gmail_quote" in item["RawHtmlBody"]
    assert (item["ReplyTo"], item["Cc"]) == (None, [])
    [file] = item["Attachments"]
    assert (file["Name"], file["ContentLength"]) == ("view.png", len(PICTURE))
    path = f"/brevo/v3/inbound/attachments/{file['DownloadToken']}"
    found = town.http.get(path, headers=brevo.auth)
    assert (found.content, found.headers["content-type"]) == (PICTURE, "image/png")
    assert town.http.get(path).status_code == 401
    assert town.http.get(f"{path}x", headers=brevo.auth).json()["code"] == "document_not_found"
