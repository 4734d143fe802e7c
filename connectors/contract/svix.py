"""Svix signatures over raw bytes (docs.svix.com/receiving/verifying-payloads/how-manual).

Expected = base64(HMAC-SHA256(key, "{id}.{timestamp}.{body}")), key = base64 behind `whsec_`. The signature
header is a list of `v1,<base64>` separated by spaces, because secrets rotate.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Final

TOLERANCE_S: Final = 300
_PREFIXES: Final = ("svix-", "webhook-")


def header(headers: Mapping[str, str], name: str) -> str:
    """`svix-<name>` or its standard name `webhook-<name>`, in any case; empty where missing."""
    lowered = {key.lower(): value for key, value in headers.items()}
    return next((lowered[prefix + name] for prefix in _PREFIXES if lowered.get(prefix + name)), "").strip()


def verify(headers: Mapping[str, str], body: bytes, secrets: Sequence[str], at: datetime) -> bool:
    """Does any listed v1 signature fit any of `secrets`, and is the timestamp within 5 minutes of `at`?"""
    delivery, stamp = header(headers, "id"), header(headers, "timestamp")
    if not delivery or not _is_recent(stamp, at):
        return False
    given = [
        signature.encode()
        for version, _, signature in (part.partition(",") for part in header(headers, "signature").split())
        if version == "v1"
    ]
    signed = b".".join((delivery.encode(), stamp.encode(), body))
    fits = False
    for key in filter(None, map(_key, secrets)):
        expected = base64.b64encode(hmac.new(key, signed, sha256).digest())
        for signature in given:  # no early exit: the time taken tells nothing
            fits |= hmac.compare_digest(expected, signature)
    return fits


def _is_recent(stamp: str, at: datetime) -> bool:
    return stamp.isascii() and stamp.isdigit() and abs(at.timestamp() - int(stamp[:15])) <= TOLERANCE_S


def _key(secret: str) -> bytes:
    """The key's bytes; empty where the secret is not base64."""
    try:
        return base64.b64decode(secret.strip().removeprefix("whsec_"), validate=True)
    except (binascii.Error, ValueError):
        return b""
