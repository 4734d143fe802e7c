"""Amazon SES: one account with its key, its bucket, and two topics with one endpoint each."""

import json
from datetime import datetime

from connectors.sandbox.direct.esp.posting import basic
from connectors.sandbox.direct.esp.records import INBOUND, INDEXES, TABLES, TRACKING
from connectors.sandbox.direct.ses.sns import Publisher, unsubscribed
from connectors.sandbox.house import Errors, House, Postage
from connectors.sandbox.records import Application, Subscription
from connectors.sandbox.settings import Settings
from connectors.sandbox.store import Store

NAME = "ses"
ACCOUNT, REGION = "123456789012", "us-east-1"
ACCESS_KEY, SECRET_KEY = "AKIASANDBOXHARBOUR01", "sandbox-ses-secret-access-key"
BUCKET, PREFIX = "harbour-house-mail", "mail"
CONFIGURATION_SET = "harbour-house"
VERIFIED_DOMAIN = "harbour-house.example"
INBOUND_DOMAIN = "ses.harbour-house.example"
_TOPICS = {INBOUND: "harbour-house-inbound", TRACKING: "harbour-house-events"}
_RETRY_SECONDS = (20.0, 20.0, 20.0)
_TOO_MANY = 429


def topic(key: str) -> str:
    """The ARN of the topic of an endpoint."""
    return f"arn:aws:sns:{REGION}:{ACCOUNT}:{_TOPICS[key]}"


def plant(store: Store, _: datetime) -> None:
    """One access key; no endpoint has subscribed yet."""
    store.put(Application(ACCESS_KEY, SECRET_KEY, "Access key", NAME))
    choices = {"action": "SNS", "encoding": "UTF-8", "events": "publishing", "signature_version": "1"}
    for key in (INBOUND, TRACKING):
        extra = unsubscribed(topic(key), choices["signature_version"]) | (choices if key == INBOUND else {})
        store.put(Subscription(key, NAME, ACCESS_KEY, "", [], "", 0.0, extra=extra))


def error(code: str, message: str) -> bytes:
    """An error's body, with the code that is usually in a header."""
    return json.dumps({"__type": code, "message": message}).encode()


def make(publisher: Publisher) -> House:
    """The house; SNS posts by the publisher (…/sns/latest/dg/sns-message-delivery-retries.html)."""
    return House(
        name=NAME,
        title="Amazon SES",
        database="sandbox-ses.sqlite3",
        plant=plant,
        settings=Settings(),
        errors=Errors(
            down=error("ServiceUnavailableException", "Service is unable to handle request."),
            too_many=error("TooManyRequestsException", "Maximum sending rate exceeded."),
            in_200=error("InternalServiceError", "Internal service error"),
            after_work=error("InternalServiceError", "Internal service error"),
            hints_wait=False,
        ),
        postage=Postage(
            retry_delays=_RETRY_SECONDS,
            headers=publisher.headers,
            body=publisher.envelope,
            login=lambda subscription, delivery: basic(delivery.url or subscription.url),
            is_final=lambda status: 400 <= status < 500 and status != _TOO_MANY,
        ),
        tables=TABLES,
        indexes=INDEXES,
        no_faults=frozenset({"message_fails", "webhook_wrapped", "webhook_batch", "stale_reads"}),
    )
