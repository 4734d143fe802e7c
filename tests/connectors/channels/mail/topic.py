"""A topic of Amazon SNS: messages signed by a key of our own, and the certificate that tells it
(https://docs.aws.amazon.com/sns/latest/dg/sns-http-https-json.html)."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from functools import cache
from typing import Any
from uuid import uuid4

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID

from connectors.contract.connector import QUERY

TOPIC = "arn:aws:sns:eu-west-1:111111111111:SES"
CERTIFICATE = "SimpleNotificationService-12345abcde.pem"
_SIGNED = {
    "Notification": ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    "SubscriptionConfirmation": (
        "Message",
        "MessageId",
        "SubscribeURL",
        "Timestamp",
        "Token",
        "TopicArn",
        "Type",
    ),
}


@cache
def key(name: str = "amazon") -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@cache
def certificate(name: str = "amazon") -> bytes:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
    built = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key(name).public_key())
        .serial_number(1)
        .not_valid_before(datetime(2026, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2027, 1, 1, tzinfo=UTC))
    )
    return built.sign(key(name), hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def signed(told: dict[str, Any], version: str = "1", by: str = "amazon") -> bytes:
    """The body of a POST."""
    fields = _SIGNED.get(told["Type"], _SIGNED["SubscriptionConfirmation"])
    text = "".join(f"{name}\n{told[name]}\n" for name in fields if name in told)
    digest = hashes.SHA1() if version == "1" else hashes.SHA256()  # noqa: S303 - version 1 is SNS's default
    seal = key(by).sign(text.encode(), padding.PKCS1v15(), digest)
    return json.dumps(
        {**told, "SignatureVersion": version, "Signature": base64.b64encode(seal).decode()}
    ).encode()


def told(kind: str, message: str, host: str, **more: str) -> dict[str, Any]:
    return {
        "Type": kind,
        "MessageId": str(uuid4()),
        "TopicArn": TOPIC,
        "Message": message,
        "Timestamp": "2026-11-23T11:59:59.675Z",
        "SigningCertURL": f"{host}/{CERTIFICATE}",
        **more,
    }


def notification(event: dict[str, Any] | str, host: str, **how: str) -> bytes:
    text = event if isinstance(event, str) else json.dumps(event) + "\n"
    subject = {"Subject": "Amazon SES Email Event Notification"}
    return signed(told("Notification", text, host, **subject), **how)


def subscription(host: str, kind: str = "SubscriptionConfirmation", url: str = "") -> bytes:
    link = url or f"{host}/?Action=ConfirmSubscription&TopicArn={TOPIC}&Token=2336412f"
    words = f"You have chosen to subscribe to the topic {TOPIC}."
    return signed(told(kind, words, host, SubscribeURL=link, Token="2336412f"))


def headers(body: bytes, query: str) -> dict[str, str]:
    said = json.loads(body)
    return {
        "content-type": "text/plain; charset=UTF-8",
        "x-amz-sns-message-type": said["Type"],
        "x-amz-sns-message-id": said["MessageId"],
        "x-amz-sns-topic-arn": said["TopicArn"],
        QUERY: f"w={query}",
    }
