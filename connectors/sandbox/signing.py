"""Webhook signatures in the scheme of Svix (https://docs.svix.com/receiving/verifying-payloads/how-manual)."""

import base64
import hashlib
import hmac
import secrets


def new_secret() -> str:
    """A signing secret: `whsec_` and 24 random bytes in base64."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(24)).decode()


def signature(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """`v1,<base64>` over `{id}.{timestamp}.{body}`; the body is taken byte for byte."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{message_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
