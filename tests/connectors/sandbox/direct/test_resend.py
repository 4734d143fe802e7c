"""Resend over real HTTP: sending once, events signed as Svix does, and mail that has to be fetched."""

import base64
import hashlib
import hmac
from email import message_from_bytes
from typing import Any

import httpx
import pytest

from tests.connectors.sandbox.harness import PICTURE, Endpoint, Sandbox, wait_for

MARIA, HOTEL = "maria.l@nordvik.example", "stay@harbour-house.example"
KEY = "re_5a0dSandbox_HarbourHouseResendKey01"
SECRETS = {
    "/hooks/in": "whsec_c2FuZGJveC1yZXNlbmQtaW5ib3VuZC0x",
    "/hooks/out": "whsec_c2FuZGJveC1yZXNlbmQtdHJhY2tpbmcx",
}
FILE = {"mime": "image/png", "filename": "view.png", "data": base64.b64encode(PICTURE).decode()}


class Resend:
    def __init__(self, town: Sandbox) -> None:
        self.town = town
        self.auth = {"authorization": f"Bearer {KEY}"}

    def send(self, key: str = "", **fields: Any) -> httpx.Response:
        body = {"from": f"Harbour House <{HOTEL}>", "to": [MARIA], "subject": "Your stay", "text": "Hello"}
        headers = self.auth | ({"idempotency-key": key} if key else {})
        return self.town.http.post("/resend/emails", json=body | fields, headers=headers)

    def get(self, path: str) -> Any:
        return self.town.http.get(f"/resend{path}", headers=self.auth).json()

    def name(self, answer: httpx.Response) -> tuple[int, str]:
        value = answer.json()
        assert value["statusCode"] == answer.status_code
        return answer.status_code, value["name"]


@pytest.fixture
def resend(town: Sandbox, endpoint: Endpoint) -> Resend:
    endpoint.answer = lambda _: 200
    told = {"inbound_url": f"{endpoint.url}/in", "tracking_url": f"{endpoint.url}/out"}
    town.control("POST", "/resend/webhooks-to", **told)
    return Resend(town)


def letters(town: Sandbox, address: str = MARIA) -> list[Any]:
    found: list[Any] = town.control("GET", f"/mail/{address}/letters")["letters"]
    return found


def by_type(endpoint: Endpoint, count: int) -> dict[str, Any]:
    wait_for(lambda: len(endpoint.got) >= count)
    return {body["type"]: body["data"] for body in endpoint.bodies()}


def is_signed(endpoint: Endpoint, number: int) -> bool:
    headers, body = endpoint.got[number]
    key = base64.b64decode(SECRETS[endpoint.paths[number]].removeprefix("whsec_"))
    signed = f"{headers['svix-id']}.{headers['svix-timestamp']}.".encode() + body
    digest = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    return headers["svix-signature"] == f"v1,{digest}"


def test_a_mail_goes_out(resend: Resend, town: Sandbox, endpoint: Endpoint) -> None:
    headers = {"Message-ID": "<ours@x.example>", "X-Bellhop-Loop": "1"}
    files = [{"filename": "map.png", "content": FILE["data"]}]
    tags = [{"name": "stay", "value": "7"}]
    reply = "tok@resend.harbour-house.example"
    key = resend.send(headers=headers, attachments=files, tags=tags, reply_to=reply).json()["id"]
    [letter] = letters(town)
    assert (letter["provider"], letter["headers"]["Reply-To"]) == ("Resend", reply)
    assert [file["mime"] for file in letter["files"]] == ["image/png"]
    told = by_type(endpoint, 2)
    assert set(told) == {"email.sent", "email.delivered"}
    delivered = told["email.delivered"]
    assert (delivered["email_id"], delivered["to"], delivered["tags"]) == (key, [MARIA], {"stay": "7"})
    assert delivered["message_id"] == letter["message_id"] != "<ours@x.example>"
    assert [is_signed(endpoint, number) for number in (0, 1)] == [True, True]


def test_once_per_key(resend: Resend, town: Sandbox) -> None:
    town.control("PUT", "/resend/faults/cut_after_work", count=1)
    with pytest.raises(httpx.RemoteProtocolError):
        resend.send("stay/7")
    again = resend.send("stay/7").json()["id"]
    assert resend.send("stay/7").json()["id"] == again
    assert len(letters(town)) == 1, "the answer was lost, the mail wasn't sent twice"
    changed = resend.send("stay/7", text="Other")
    assert resend.name(changed) == (409, "invalid_idempotent_request")
    assert resend.name(resend.send("k" * 257)) == (400, "invalid_idempotency_key")
    town.control("POST", "/resend/clock", forward=86_401)
    assert resend.send("stay/7").json()["id"] != again


def test_what_is_refused(resend: Resend, town: Sandbox) -> None:
    assert resend.name(resend.send(to=[])) == (422, "missing_required_field")
    assert resend.name(resend.send(**{"from": "x@elsewhere.example"})) == (403, "validation_error")
    assert resend.name(resend.send(attachments=[{"filename": "x"}])) == (422, "invalid_attachment")
    assert resend.name(town.http.post("/resend/emails", json={})) == (401, "missing_api_key")
    resend.auth = {"authorization": "Bearer re_other"}
    assert resend.name(resend.send()) == (403, "invalid_api_key")
    request = town.http.build_request("GET", "/resend/domains")
    del request.headers["user-agent"]
    assert town.http.send(request).text == "error code: 1010"


def test_bounces_and_complaints(resend: Resend, town: Sandbox, endpoint: Endpoint) -> None:
    town.control("PATCH", "/mail/eva.n@post.example", state="full")
    resend.send(to="nobody@post.example", cc=["eva.n@post.example"])
    wait_for(lambda: len(endpoint.got) == 3)
    bounces = {
        data["to"][0]: data["bounce"]
        for data in (body["data"] for body in endpoint.bodies())
        if "bounce" in data
    }
    assert bounces["nobody@post.example"]["type"] == "Permanent"
    assert bounces["eva.n@post.example"]["subType"] == "MailboxFull"
    resend.send()
    town.control("POST", "/mail/complain", letter=letters(town)[0]["id"])
    resend.send()
    told = by_type(endpoint, 8)
    assert told["email.complained"]["to"] == [MARIA]
    assert told["email.suppressed"]["suppressed"]["type"] == "OnAccountSuppressionList"
    assert len(letters(town)) == 1


def test_a_mail_comes_in(resend: Resend, town: Sandbox, endpoint: Endpoint) -> None:
    resend.send(reply_to="tok@resend.harbour-house.example", html="<p>Hello</p>")
    by_type(endpoint, 2)
    town.control("POST", f"/mail/{MARIA}/reply", letter=letters(town)[0]["id"], text="At five.", files=[FILE])
    told = by_type(endpoint, 3)["email.received"]
    assert (told["from"], told["received_for"]) == (MARIA, ["tok@resend.harbour-house.example"])
    assert set(told) & {"text", "html", "headers"} == set(), "it has to be fetched"
    assert (endpoint.paths[2], is_signed(endpoint, 2)) == ("/hooks/in", True)
    whole = resend.get(f"/emails/receiving/{told['email_id']}")
    assert whole["headers"]["in-reply-to"] == letters(town)[0]["message_id"]
    assert (whole["text"].startswith("At five."), whole["authentication"]["dmarc"]) == (True, "pass")
    raw = httpx.get(whole["raw"]["download_url"], trust_env=False)
    assert message_from_bytes(raw.content)["Message-ID"] == whole["message_id"] == told["message_id"]
    assert httpx.get(whole["raw"]["download_url"] + "0", trust_env=False).status_code == 403
    [file] = resend.get(f"/emails/receiving/{told['email_id']}/attachments")["data"]
    assert (file["id"], file["filename"], file["size"]) == (
        told["attachments"][0]["id"],
        "view.png",
        len(PICTURE),
    )
    one = resend.get(f"/emails/receiving/{told['email_id']}/attachments/{file['id']}")
    assert httpx.get(one["download_url"], trust_env=False).content == PICTURE
    town.control("POST", "/resend/clock", forward=3_601)
    assert httpx.get(one["download_url"], trust_env=False).status_code == 403, "links live an hour"
    assert resend.get("/emails/receiving/other")["name"] == "not_found"


def test_pictures_within_the_text(resend: Resend, town: Sandbox, endpoint: Endpoint) -> None:
    html, data = '<img src="cid:logo">', base64.b64encode(PICTURE).decode()
    raw = (
        f"From: {MARIA}\r\nTo: tok@resend.harbour-house.example\r\nSubject: Logo\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/related; boundary="b"\r\n\r\n--b\r\nContent-Type: text/html\r\n\r\n'
        f"{html}\r\n--b\r\nContent-Type: image/png\r\nContent-ID: <logo>\r\n"
        "Content-Disposition: inline; filename=logo.png\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        f"{data}\r\n--b--\r\n"
    )
    town.control("POST", "/mail/raw", sender=MARIA, recipient="tok@resend.harbour-house.example", text=raw)
    told = by_type(endpoint, 1)["email.received"]
    assert (told["attachments"][0]["content_id"], told["attachments"][0]["content_disposition"]) == (
        "logo",
        "inline",
    )
    path = f"/emails/receiving/{told['email_id']}"
    assert resend.get(path)["html"] == html.replace("cid:logo", f"data:image/png;base64,{data}")
    assert resend.get(f"{path}?html_format=cid")["html"] == html
