"""Messages of Amazon SNS, by which Amazon SES tells everything: what they say, and whether Amazon signed them
(https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html)."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qs, urlsplit

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA1, SHA256, HashAlgorithm

from connectors.contract.errors import Unreadable
from connectors.contract.wire import Wire, obj, text, texts

NOTIFICATION: Final = "Notification"
SUBSCRIPTION: Final = "SubscriptionConfirmation"
UNSUBSCRIBED: Final = "UnsubscribeConfirmation"
TRIAL: Final = "Successfully validated SNS topic for Amazon SES event publishing."
"""What SES itself publishes once, when a topic is chosen for its events."""

_HOST: Final = re.compile(r"sns\.[a-z0-9-]+\.amazonaws\.com")
_SIGNED: Final[Mapping[str, tuple[str, ...]]] = {
    NOTIFICATION: ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    SUBSCRIPTION: ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
    UNSUBSCRIBED: ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
}


@dataclass(frozen=True, slots=True)
class Message:
    """One message as it was posted."""

    told: Wire

    @property
    def kind(self) -> str:
        return text(self.told.get("Type"))

    @property
    def message_id(self) -> str:
        return text(self.told.get("MessageId"))

    @property
    def topic(self) -> str:
        return text(self.told.get("TopicArn"))

    @property
    def certificate_url(self) -> str:
        return text(self.told.get("SigningCertURL"))

    @property
    def subscribe_url(self) -> str:
        return text(self.told.get("SubscribeURL"))

    def ses(self) -> Wire:
        """What SES put into a notification; empty for its trial message. Raises Unreadable."""
        said = text(self.told.get("Message"))
        if said == TRIAL:
            return {}
        try:
            found = json.loads(said)
        except ValueError as error:
            raise Unreadable(detail="The message of the topic is none of SES's.") from error
        return obj(found)


def read(body: bytes) -> Message:
    """Raises Unreadable for what is no message of SNS."""
    try:
        found = Message(obj(json.loads(body)))
    except ValueError as error:
        raise Unreadable(detail="Not a message of SNS.") from error
    if found.kind not in _SIGNED:
        raise Unreadable(detail=f"Not a message of SNS: {found.kind[:40]}")
    return found


def recipients_of(receipt: Wire) -> tuple[str, ...]:
    """Those of the envelope for whom the rule was made."""
    given = receipt.get("recipients")
    return texts(given) if isinstance(given, list) else ()


def is_certificate(url: str, base_url: str = "") -> bool:
    """May the certificate be believed because it lies there? Only Amazon can put something there: over https, at SNS
    itself. A test system (`base_url`) has its own."""
    return urlsplit(url).path.endswith(".pem") and _is_at_sns(url, base_url)


def is_confirmation(url: str, base_url: str = "") -> bool:
    """Is it the address by which a subscription is confirmed, at SNS itself (or the test system)?"""
    return parse_qs(urlsplit(url).query).get("Action") == ["ConfirmSubscription"] and _is_at_sns(
        url, base_url
    )


def _is_at_sns(url: str, base_url: str) -> bool:
    parts = urlsplit(url)
    if base_url:
        return parts[:2] == urlsplit(base_url)[:2]
    return parts.scheme == "https" and bool(_HOST.fullmatch(parts.netloc))


def key_in(certificate: bytes) -> RSAPublicKey:
    """Raises Unreadable where that is no certificate (PEM, RSA)."""
    try:
        key = x509.load_pem_x509_certificate(certificate).public_key()
    except ValueError as error:
        raise Unreadable(detail="Not a certificate.") from error
    if not isinstance(key, RSAPublicKey):
        raise Unreadable(detail="Not a certificate with an RSA key.")
    return key


def is_signed(message: Message, key: RSAPublicKey) -> bool:
    """Version 1 is Amazon's default, version 2 a choice of the topic's owner."""
    hashes: Mapping[str, HashAlgorithm] = {"1": SHA1(), "2": SHA256()}  # noqa: S303
    digest = hashes.get(text(message.told.get("SignatureVersion")))
    if digest is None:
        return False
    try:
        given = base64.b64decode(text(message.told.get("Signature")), validate=True)
        key.verify(given, _to_sign(message), PKCS1v15(), digest)
    except (binascii.Error, InvalidSignature):
        return False
    return True


def _to_sign(message: Message) -> bytes:
    """Name and value of each signed field that is there, each on a line of its own."""
    fields = [name for name in _SIGNED[message.kind] if message.told.get(name) is not None]
    return "".join(f"{name}\n{message.told[name]}\n" for name in fields).encode()
