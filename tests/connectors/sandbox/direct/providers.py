"""Clients of the two wires, written as the vendors' pages say."""

import base64
import hashlib
import hmac
from typing import Any

import httpx

from tests.connectors.sandbox.harness import Sandbox, wait_for

ACCOUNT = "AC" + "5a0d" * 8
TOKEN = "sandbox-twilio-auth-token"
SERVICE = "MG" + "5a0d" * 8
NUMBER, WHATSAPP = "+14155550160", "whatsapp:+14155550161"
MARIA = "+14015550142"
WABA, PHONE_ID, APP_SECRET = "215550162000002", "115550162000001", "5a0db0c5a0db0c5a0db0c5a0db0c5a0d"


class Twilio:
    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.http = httpx.Client(
            base_url=f"http://127.0.0.1:{sandbox.port}/twilio/2010-04-01/Accounts/{ACCOUNT}",
            auth=(ACCOUNT, TOKEN),
            trust_env=False,
        )

    def send(self, **fields: Any) -> httpx.Response:
        form = {"To": MARIA, "From": NUMBER, "Body": "Hello"} | fields
        return self.http.post(
            "/Messages.json", data={key: value for key, value in form.items() if value is not None}
        )

    def code(self, **fields: Any) -> int:
        answer = self.send(**fields)
        assert answer.status_code == 400, answer.text
        assert answer.json()["more_info"].endswith(str(answer.json()["code"]))
        return int(answer.json()["code"])

    def state(self, sid: str) -> str:
        return str(self.http.get(f"/Messages/{sid}.json").json()["status"])

    def reaches(self, sid: str, state: str) -> dict[str, Any]:
        wait_for(lambda: self.state(sid) == state)
        found: dict[str, Any] = self.http.get(f"/Messages/{sid}.json").json()
        return found


class Meta:
    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.http = httpx.Client(
            base_url=f"http://127.0.0.1:{sandbox.port}/graph/v24.0",
            headers={"authorization": "Bearer EAAsandboxWhatsAppToken"},
            trust_env=False,
        )

    def send(self, **fields: Any) -> httpx.Response:
        text = {"type": "text", "text": {"body": "Hello"}} if "type" not in fields else {}
        message = {"messaging_product": "whatsapp", "to": MARIA[1:]} | text | fields
        return self.http.post(f"/{PHONE_ID}/messages", json=message)

    def code(self, **fields: Any) -> int:
        answer = self.send(**fields)
        assert answer.status_code == 400, answer.text
        return int(answer.json()["error"]["code"])


def twilio_signature(url: str, fields: dict[str, str]) -> str:
    text = url + "".join(name + fields[name] for name in sorted(fields))
    return base64.b64encode(hmac.new(TOKEN.encode(), text.encode(), hashlib.sha1).digest()).decode()


def meta_signature(body: bytes) -> str:
    return "sha256=" + hmac.new(APP_SECRET.encode(), body, hashlib.sha256).hexdigest()
