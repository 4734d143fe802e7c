"""Mailtrap over real HTTP: an id per recipient, signed batches of events, and mail that has to be fetched."""

import base64
import hashlib
import hmac
from email import message_from_bytes
from typing import Any

import httpx
import pytest

from tests.connectors.sandbox.harness import PICTURE, Endpoint, Sandbox, wait_for

MARIA, HOTEL = "maria.l@nordvik.example", "stay@harbour-house.example"
TOKEN = "5a0db0c55a0d4b0c8a0d5a0db0c5a0d5"
SECRETS = {"/hooks/in": "5a0d1b0c5a0d1b0c5a0d1b0c5a0d1b0c", "/hooks/out": "5a0d7ac55a0d7ac55a0d7ac55a0d7ac5"}
FILE = {"mime": "image/png", "filename": "view.png", "data": base64.b64encode(PICTURE).decode()}


class Mailtrap:
    def __init__(self, town: Sandbox) -> None:
        self.town = town
        self.auth = {"authorization": f"Bearer {TOKEN}"}

    def send(self, **fields: Any) -> httpx.Response:
        body = {
            "from": {"name": "Harbour House", "email": HOTEL},
            "to": [{"email": MARIA}],
            "subject": "Your stay",
            "text": "Hello",
        }
        return self.town.http.post("/mailtrap/api/send", json=body | fields, headers=self.auth)


@pytest.fixture
def mailtrap(town: Sandbox, endpoint: Endpoint) -> Mailtrap:
    endpoint.answer = lambda _: 200
    told = {"inbound_url": f"{endpoint.url}/in", "tracking_url": f"{endpoint.url}/out"}
    town.control("POST", "/mailtrap/webhooks-to", **told)
    return Mailtrap(town)


def letters(town: Sandbox, address: str = MARIA) -> list[Any]:
    found: list[Any] = town.control("GET", f"/mail/{address}/letters")["letters"]
    return found


def events(endpoint: Endpoint, number: int) -> list[Any]:
    """Those of one webhook, whose signature is checked."""
    wait_for(lambda: len(endpoint.got) > number)
    headers, body = endpoint.got[number]
    secret = SECRETS[endpoint.paths[number]].encode()
    assert headers["mailtrap-signature"] == hmac.new(secret, body, hashlib.sha256).hexdigest()
    found: list[Any] = endpoint.bodies()[number]["events"]
    return found


def test_a_mail_goes_out(mailtrap: Mailtrap, town: Sandbox, endpoint: Endpoint) -> None:
    town.control("PATCH", "/mail/eva.n@post.example", state="full")
    sent = mailtrap.send(
        cc=[{"email": "nobody@post.example"}],
        bcc=[{"email": "eva.n@post.example"}],
        category="stay",
        custom_variables={"m": "7"},
        headers={"Message-ID": "<ours@x.example>"},
        reply_to={"email": "tok@mailtrap.harbour-house.example"},
        attachments=[{"filename": "map.png", "type": "image/png", "content": FILE["data"]}],
    ).json()
    assert (sent["success"], len(sent["message_ids"])) == (True, 3)
    [letter] = letters(town)
    assert (letter["provider"], letter["cc"]) == ("Mailtrap", "nobody@post.example")
    assert letter["message_id"] == f"<{sent['message_ids'][0]}@harbour-house.example>"
    told = events(endpoint, 0)
    assert [(one["event"], one["message_id"]) for one in told] == list(
        zip(("delivery", "bounce", "soft bounce"), sent["message_ids"], strict=True)
    )
    assert (told[0]["category"], told[0]["custom_variables"]) == ("stay", {"m": "7"})
    assert (told[1]["response_code"], told[1]["bounce_category"]) == (550, "badrecipient")
    assert (told[2]["response"], told[2]["bounce_category"]) == ("5.2.2 mailbox full", "overquota")


def test_what_is_refused(mailtrap: Mailtrap, town: Sandbox) -> None:
    answer = mailtrap.send(to=[], subject="", text="")
    assert (answer.status_code, answer.json()["success"]) == (400, False)
    assert answer.json()["errors"] == [
        "'subject' is required",
        "'to', 'cc' or 'bcc' address is required",
        "must specify either text or html body",
    ]
    assert mailtrap.send(**{"from": {"email": "x@elsewhere.example"}}).status_code == 403
    mailtrap.auth = {"api-token": TOKEN}
    assert mailtrap.send().status_code == 200, "both headers are possible"
    mailtrap.auth = {"api-token": "other"}
    assert mailtrap.send().json() == {"success": False, "errors": ["Unauthorized"]}
    assert len(letters(town)) == 1


def test_complaints_and_unsubscribing(mailtrap: Mailtrap, town: Sandbox, endpoint: Endpoint) -> None:
    mailtrap.send()
    letter = letters(town)[0]["id"]
    events(endpoint, 0)
    town.control("POST", "/mail/complain", letter=letter)
    assert [one["event"] for one in events(endpoint, 1)] == ["spam"]
    town.control("POST", "/mail/unsubscribe", letter=letter)
    assert [one["event"] for one in events(endpoint, 2)] == ["unsubscribe"]
    mailtrap.send()
    assert [one["event"] for one in events(endpoint, 3)] == ["reject"]


def test_batches_and_repeating(mailtrap: Mailtrap, town: Sandbox, endpoint: Endpoint) -> None:
    town.control("PUT", "/mailtrap/faults/webhook_batch", batch=3, seconds=60)
    town.control("PATCH", "/mailtrap/settings", retry_scale=0.001)
    endpoint.answer = lambda number: 204 if number == 1 else 200
    for number in range(3):
        mailtrap.send(subject=f"Mail {number}")
    assert len(events(endpoint, 0)) == 3
    assert events(endpoint, 1) == events(endpoint, 0), "only 200 means taken"


def test_a_mail_comes_in(mailtrap: Mailtrap, town: Sandbox, endpoint: Endpoint) -> None:
    mailtrap.send(reply_to={"email": "tok@mailtrap.harbour-house.example"})
    events(endpoint, 0)
    letter = letters(town)[0]
    town.control("POST", f"/mail/{MARIA}/reply", letter=letter["id"], text="At five.", files=[FILE])
    [told] = events(endpoint, 1)
    assert (endpoint.paths[1], told["event"]) == ("/hooks/in", "inbound.message_received")
    assert told["from"] == f"Maria Lindqvist <{MARIA}>"
    assert told["timestamp"] > 10**12, "in milliseconds"
    path = f"/mailtrap/api/inbound/inboxes/{told['inbox_id']}/messages/{told['message_id']}"
    whole = town.http.get(path, headers=mailtrap.auth).json()
    assert (whole["in_reply_to"], whole["to"]) == (
        letter["message_id"],
        ["tok@mailtrap.harbour-house.example"],
    )
    raw = httpx.get(whole["raw_message_url"], trust_env=False)
    assert message_from_bytes(raw.content)["Message-ID"] == whole["message_id"]
    refused = httpx.get(whole["raw_message_url"], headers=mailtrap.auth, trust_env=False)
    assert (refused.status_code, "Only one auth mechanism" in refused.text) == (400, True)
    [file] = whole["attachments"]
    assert (file["filename"], file["size"]) == ("view.png", len(PICTURE))
    assert httpx.get(file["download_url"], trust_env=False).content == PICTURE
    town.control("POST", "/mailtrap/clock", forward=3_601)
    assert httpx.get(whole["raw_message_url"], trust_env=False).status_code == 403
    assert town.http.get(path).status_code == 401
    assert town.http.get(f"{path}0", headers=mailtrap.auth).json() == {"error": "Not Found"}
