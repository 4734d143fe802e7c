"""Webhooks that are forged, repeated or another organization's, through the real intake (invariants 1, 3 and 10)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from connectors.models import Connection, WebhookDelivery
from connectors.outbound.addresses import hook_url
from inbox.models import Message, Receipt, ReceiptState
from reservations.models import ConsentEntry
from tests import factories
from tests.channels import OUR_NUMBER, POSTMARK, TWILIO, WHATSAPP, Phones, connect
from tests.pms import Pms

GUEST = "+14155550131"
Post = tuple[bytes, dict[str, str]]


def twilio(connection: Connection, body: str = "Hello") -> Post:
    fields = {"MessageSid": "SM" + "a" * 32, "AccountSid": connection.credentials["account_sid"], "From": GUEST,
              "To": OUR_NUMBER, "Body": body, "NumMedia": "0"}  # fmt: skip
    data = hook_url(connection) + "".join(name + fields[name] for name in sorted(fields))
    mac = hmac.new(connection.credentials["auth_token"].encode(), data.encode(), hashlib.sha1).digest()
    request = httpx.Request("POST", "http://x", data=fields)
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    return request.read(), {**kind, "X-Twilio-Signature": base64.b64encode(mac).decode()}


def whatsapp(connection: Connection, body: str = "Hello") -> Post:
    keys = connection.credentials
    message = {
        "from": GUEST[1:],
        "id": "wamid.1",
        "timestamp": "1750263773",
        "type": "text",
        "text": {"body": body},
    }
    value = {"metadata": {"phone_number_id": keys["phone_number_id"]}, "messages": [message]}
    told = {"object": "whatsapp_business_account",
            "entry": [{"id": keys["waba_id"], "changes": [{"field": "messages", "value": value}]}]}  # fmt: skip
    raw = json.dumps(told).encode()
    return raw, {
        "X-Hub-Signature-256": f"sha256={hmac.new(keys['app_secret'].encode(), raw, hashlib.sha256).hexdigest()}"
    }


def postmark(connection: Connection, body: str = "Hello") -> Post:
    mail = f"From: jo.lee@guests.example\r\nTo: {POSTMARK['address']}\r\nMessage-ID: <1@guests.example>\r\n\r\n{body}"
    raw = json.dumps({"RawEmail": mail, "OriginalRecipient": POSTMARK["address"], "MessageID": "m1"}).encode()
    login = base64.b64encode(f"bellhop:{connection.credentials['webhook_password']}".encode()).decode()
    return raw, {"Content-Type": "application/json", "Authorization": f"Basic {login}"}


@dataclass(frozen=True)
class Provider:
    slug: str
    keys: dict[str, str]
    secret: str
    post: Callable[..., Post]
    query: str = ""
    signs_body: bool = True


PROVIDERS = [
    Provider("twilio", TWILIO, "auth_token", twilio),
    Provider("whatsapp", WHATSAPP, "app_secret", whatsapp),
    Provider("mail_provider", POSTMARK, "webhook_password", postmark, "?w=inbound", signs_body=False),
]
by_provider = pytest.mark.parametrize("provider", PROVIDERS, ids=lambda provider: provider.slug)


def sent(connection: Connection, post: Post, provider: Provider) -> int:
    body, headers = post
    return httpx.post(hook_url(connection) + provider.query, content=body, headers=headers).status_code


@by_provider
def test_forged_repeated_and_foreign(pms: Pms, provider: Provider) -> None:
    ours = connect(pms.desk.organization, provider.slug, "https://provider.example", provider.keys)
    other = factories.desk("other").organization
    theirs = connect(
        other, provider.slug, "https://provider.example", {**provider.keys, provider.secret: "another"}
    )
    body, headers = provider.post(ours)
    forged = {
        name: value[:-3] + "AA=" if name != "Content-Type" else value for name, value in headers.items()
    }
    changed = body.replace(b"Hello", b"Hullo")
    for wrong in ((body, forged), (body, {}), *([(changed, headers)] if provider.signs_body else [])):
        assert sent(ours, wrong, provider) in {401, 403}
    assert sent(theirs, (body, headers), provider) in {401, 403}, "it is signed for somebody else"
    assert not WebhookDelivery.objects.exists()

    for _ in range(2):
        assert 200 <= sent(ours, (body, headers), provider) < 300
    pms.run()
    assert list(Message.objects.values_list("organization_id", "body")) == [
        (pms.desk.organization.pk, "Hello")
    ]


def test_one_app_of_meta_for_two_organizations(pms: Pms) -> None:
    """Both know its secret: what names a number of the other's account is none of theirs."""
    ours = connect(pms.desk.organization, "whatsapp", "https://provider.example", WHATSAPP)
    keys = {**WHATSAPP, "phone_number_id": "99", "waba_id": "98"}
    theirs = connect(factories.desk("other").organization, "whatsapp", "https://provider.example", keys)
    assert sent(theirs, whatsapp(ours), PROVIDERS[1]) == 200
    pms.run()
    assert not Message.objects.exists()


def test_reports_and_stop_of_one_change_nothing_of_another(pms: Pms) -> None:
    phones = Phones(pms)
    phones.texts(GUEST, "Hello?")
    thread = Message.objects.get(body="Hello?").thread
    message = pms.reply(thread, "Here we are.")
    phones.until(lambda: Receipt.objects.get(message=message).state == ReceiptState.DELIVERED)
    other = factories.desk("other").organization
    theirs = connect(other, "twilio", "https://provider.example", {**TWILIO, "auth_token": "another"})
    values: dict[str, Any] = {"MessageSid": pms.command(message).remote_id, "From": OUR_NUMBER, "To": GUEST,
                              "AccountSid": TWILIO["account_sid"]}  # fmt: skip
    url = hook_url(theirs)
    assert phones.posts("another", url, MessageStatus="failed", ErrorCode="30005", **values) in {200, 204}
    values |= {"MessageSid": "SM" + "b" * 32, "From": GUEST, "To": OUR_NUMBER}
    assert phones.posts("another", url, Body="STOP", NumMedia="0", **values) in {200, 204}
    phones.hear()
    assert Receipt.objects.get(message=message).state == ReceiptState.DELIVERED
    assert list(ConsentEntry.objects.values_list("organization_id", flat=True)) == [other.pk]
