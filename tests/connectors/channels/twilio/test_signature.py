"""X-Twilio-Signature: every published vector, and what must be refused."""

from __future__ import annotations

import hashlib
import json
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest

from connectors.channels.twilio import signature
from connectors.contract.connector import QUERY
from tests.connectors.channels.twilio.helpers import (
    CREDENTIALS,
    FORM,
    JSON,
    fixture,
    form,
    signed,
    signed_headers,
    told,
    twilio,
)
from tests.connectors.contract import AT, HOOK

VECTORS = fixture("twilio_signature_vectors.json")
TOKEN = CREDENTIALS["auth_token"]


def delivery(vector: dict[str, Any]) -> tuple[str, dict[str, str], bytes]:
    url, _, query = vector["url"].partition("?")
    headers = {"X-Twilio-Signature": vector["signature"], QUERY: query}
    if "json_body" in vector:
        return url, {**headers, **JSON}, vector["json_body"].encode()
    pairs = [tuple(pair) for pair in vector.get("params_list") or vector["params"].items()]
    return url, {**headers, **FORM}, urlencode(pairs).encode()


@pytest.mark.parametrize("vector", VECTORS["vectors"], ids=range(len(VECTORS["vectors"])))
def test_each_published_vector(vector: dict[str, Any]) -> None:
    url, headers, body = delivery(vector)
    assert signature.verify(url, headers, body, [VECTORS["auth_token"]])
    assert not signature.verify(url, headers, body, ["12346"])
    assert not signature.verify(url, headers, body + b"x", [VECTORS["auth_token"]])
    assert not signature.verify(url + "x", headers, body, [VECTORS["auth_token"]])


@pytest.mark.parametrize("vector", VECTORS["vectors"][:1])
def test_with_or_without_the_default_port(vector: dict[str, Any]) -> None:
    """A proxy may have been told either."""
    url, headers, body = delivery(vector)
    parts = urlsplit(url)
    assert signature.verify(f"https://{parts.netloc}:443{parts.path}", headers, body, ["12345"])
    assert not signature.verify(f"https://{parts.netloc}:8443{parts.path}", headers, body, ["12345"])


def test_a_json_body_without_its_hash_proves_nothing() -> None:
    body = b'{"messageSid": "SM1"}'
    headers = {**JSON, "X-Twilio-Signature": signed(HOOK, {}, TOKEN), QUERY: ""}
    assert twilio().verify(headers, body, (), AT) is False
    query = f"bodySHA256={hashlib.sha256(body).hexdigest()}"
    good = {**JSON, "X-Twilio-Signature": signed(f"{HOOK}?{query}", {}, TOKEN), QUERY: query}
    assert twilio().verify(good, body, (), AT) is True
    assert twilio().verify(good, body + b" ", (), AT) is False


def test_blank_repeated_and_foreign_letters_count() -> None:
    fields = {"MessageSid": "SM1", "Body": "  ¿Qué tal? +1&2 🙂 ", "Empty": "", "New": "unknown to us"}
    headers = signed_headers(fields, TOKEN, "m=abcd")
    assert twilio().verify(headers, form(**fields), (), AT) is True
    assert twilio().verify(headers, form(**{**fields, "Empty": "x"}), (), AT) is False
    del fields["Empty"]
    assert twilio().verify(headers, form(**fields), (), AT) is False


def test_the_query_is_signed() -> None:
    """Else a report could be turned to another message of ours."""
    fields = {"MessageSid": "SM1", "MessageStatus": "delivered"}
    headers = signed_headers(fields, TOKEN, "m=abcd")
    assert twilio().verify({**headers, QUERY: "m=efgh"}, form(**fields), (), AT) is False
    assert twilio().verify({**headers, QUERY: ""}, form(**fields), (), AT) is False


def test_the_token_before_is_good_until_it_is_taken_out() -> None:
    fields = {"MessageSid": "SM1"}
    old = signed_headers(fields, CREDENTIALS["auth_token_old"])
    assert twilio().verify(old, form(**fields), (), AT) is True
    assert twilio(auth_token_old="").verify(old, form(**fields), (), AT) is False


@pytest.mark.parametrize("given", ["", "=", "!!!", "x" * 5000, "ÿ", "RSOYDt4T1cUTdK1PDd93/VVr8B8="])
def test_garbage_is_refused(given: str) -> None:
    headers = {"X-Twilio-Signature": given, QUERY: ""}
    assert twilio().verify(headers, form(MessageSid="SM1"), (), AT) is False


def test_another_account_is_refused() -> None:
    """Even under our own token."""
    fields = {**fixture("authored_twilio_inbound_sms.form.json"), "AccountSid": "AC" + "9" * 32}
    assert twilio().verify(signed_headers(fields, TOKEN), form(**fields), (), AT) is False


def test_no_token_at_all_is_no_token() -> None:
    """An empty secret must not sign."""
    body = told("authored_twilio_inbound_sms.form.json")
    headers = signed_headers(dict(fixture("authored_twilio_inbound_sms.form.json")), "")
    assert twilio(auth_token="", auth_token_old="").verify(headers, body, ("",), AT) is False


def test_the_body_is_read_as_it_was_checked() -> None:
    """What is signed as a form must not be read as JSON."""
    body = json.dumps({"messageSid": "SM1"}).encode()
    assert signature.is_json({**FORM, QUERY: ""}) is False
    assert signature.is_json({**FORM, QUERY: "bodySHA256=00"}) is True
    assert signature.is_json({**JSON, QUERY: ""}) is True
    assert twilio().delivery_key({**FORM, QUERY: ""}, body)


def test_the_fragment_that_has_twilio_try_again_may_be_signed_along() -> None:
    fields = {"MessageSid": "SM1"}
    told = twilio().hook_addresses(HOOK)["inbound"]
    assert told.startswith(f"{HOOK}#rc=")
    for url in (HOOK, told):
        headers = {"X-Twilio-Signature": signed(url, fields, TOKEN), QUERY: ""}
        assert twilio().verify(headers, form(**fields), (), AT) is True
