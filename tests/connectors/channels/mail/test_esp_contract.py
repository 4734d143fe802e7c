"""The contract of channels with the providers whose webhooks we read ourselves."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from functools import cache
from typing import Any

from connectors.channels.mail import sns
from connectors.contract.connector import QUERY
from tests.connectors.channels.mail import test_amazon_topic as amazon
from tests.connectors.channels.mail import test_fetched as fetched
from tests.connectors.channels.mail import test_provider, topic
from tests.connectors.channels.mail.esp_line import CREDENTIALS, INBOUND, TRACKING
from tests.connectors.contract import AT

HOST = "https://sns.eu-west-1.amazonaws.com"


class TestResend(test_provider.TestMailProvider):
    credentials = {**CREDENTIALS, "esp": "resend"}

    def deliveries(self) -> Iterator[tuple[str, dict[str, str], bytes]]:
        yield "received", INBOUND, json.dumps(fetched.RESEND).encode()
        data = {
            **fetched.RESEND["data"],
            "headers": [{"name": "X-Metadata", "value": '{"reference": "abcd"}'}],
        }
        for kind in (
            "sent",
            "delivered",
            "delivery_delayed",
            "complained",
            "bounced",
            "opened",
            "failed",
            "suppressed",
        ):
            bounce = {
                "message": "The recipient's email provider sent a hard bounce message.",
                "type": "Permanent",
            }
            more = {"bounce": bounce} if kind == "bounced" else {}
            told = {**fetched.RESEND, "type": f"email.{kind}", "data": {**data, **more}}
            yield kind, TRACKING, json.dumps(told).encode()


class TestMailtrap(test_provider.TestMailProvider):
    credentials = {**CREDENTIALS, "esp": "mailtrap"}

    def deliveries(self) -> Iterator[tuple[str, dict[str, str], bytes]]:
        yield "one", INBOUND, fetched.mailtrap(1)
        yield "two", INBOUND, fetched.mailtrap(2, 3)
        event = {
            "message_id": "8d2a",
            "sending_stream": "transactional",
            "email": "jo@mail.example",
            "timestamp": 1795435152,
            "event_id": "e1",
            "custom_variables": {"reference": "abcd2345"},
        }
        for kind in ("delivery", "soft bounce", "bounce", "spam", "unsubscribe", "reject", "open"):
            yield kind, TRACKING, json.dumps({"events": [{**event, "event": kind}]}).encode()


class TestBrevo(test_provider.TestMailProvider):
    credentials = {**CREDENTIALS, "esp": "brevo"}

    def deliveries(self) -> Iterator[tuple[str, dict[str, str], bytes]]:
        yield "inbound", INBOUND, fetched.brevo()
        told = {
            "email": "jo@mail.example",
            "message-id": "<2026.1@smtp-relay.mailin.fr>",
            "ts_epoch": 1795435152000,
            "X-Mailin-custom": '{"reference": "abcd2345"}',
        }
        for kind in ("delivered", "hard_bounce", "soft_bounce", "complaint", "deferred", "unsubscribed"):
            yield kind, TRACKING, json.dumps({**told, "event": kind}).encode()


class TestAmazonSes(test_provider.TestMailProvider):
    credentials = {
        **CREDENTIALS,
        "esp": "amazon_ses",
        "api_key": "AKIAEXAMPLE",
        "api_secret": "its-secret-access-key",
        "region": "eu-west-1",
    }

    def deliveries(self) -> Iterator[tuple[str, dict[str, str], bytes]]:
        return iter(_of_amazon())

    def sign(self, body: bytes, secret: str, at: datetime) -> dict[str, str] | None:
        needed = ("x-amz-sns-message-type", "x-amz-sns-message-id", QUERY)
        told = {name: value for name, value in topic.headers(body, "inbound").items() if name in needed}
        return {**told, **test_provider.login(secret)}

    def test_a_changed_body_is_refused(self) -> None:
        """Not here: Amazon's own signature is checked when the message is processed. It is the same message."""
        connector, body, headers, secrets = self._signed()
        assert connector.verify(headers, body + b" ", secrets, AT) is True
        assert connector.delivery_key(headers, body + b" ") == connector.delivery_key(headers, body)


@cache
def _of_amazon() -> tuple[tuple[str, dict[str, str], bytes], ...]:
    told: list[tuple[str, Any]] = [
        ("inbound", amazon.in_message()),
        ("inbound", amazon.stored()),
        ("tracking", amazon.event("Send")),
        ("tracking", amazon.event("Bounce", bounce={**amazon.BOUNCED, "bounceType": "Permanent"})),
        ("tracking", sns.TRIAL),
    ]
    bodies = [(query, topic.notification(event, HOST)) for query, event in told]
    kinds = ("SubscriptionConfirmation", "UnsubscribeConfirmation")
    bodies += [("inbound", topic.subscription(HOST, kind)) for kind in kinds]
    return tuple(
        (f"{query} {place}", topic.headers(body, query), body) for place, (query, body) in enumerate(bodies)
    )
