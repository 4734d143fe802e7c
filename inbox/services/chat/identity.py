"""Who the site says that a visitor is: a JSON Web Token that it signs with the widget's secret (RFC 7519, HS256), good
for minutes. Anything else proves nothing."""

from __future__ import annotations

import base64
import binascii
import hmac
import json
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

LONGEST = 4_000
LIVES_S = 3_600
SKEW_S = 60


class NotVerified(Exception):
    """The token proves nothing; the text is for whoever sets the site up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What the site vouches for; empty where it says nothing."""

    name: str = ""
    email: str = ""
    phone: str = ""
    reservation: str = ""


def read(token: str, *, key: str, secret: str, now: datetime) -> Identity:
    """Raises NotVerified: the algorithm is fixed, `aud` is the widget's key, `exp` is needed and within an hour."""
    parts = token.split(".")
    if len(token) > LONGEST or len(parts) != 3:
        raise NotVerified("not a JSON Web Token")
    header, claims = _json(parts[0]), _json(parts[1])
    if header.get("alg") != "HS256" or "crit" in header:
        raise NotVerified("the algorithm has to be HS256")
    mac = hmac.new(secret.encode(), f"{parts[0]}.{parts[1]}".encode(), sha256).digest()
    if not hmac.compare_digest(mac, _bytes(parts[2])):
        raise NotVerified("the signature does not fit")
    _check_times(claims, now.timestamp())
    audience = claims.get("aud")
    if key not in (audience if isinstance(audience, list) else [audience]):
        raise NotVerified("it is for another widget")
    return Identity(
        name=_text(claims, "name", 120),
        email=_text(claims, "email", 254).lower(),
        phone=_text(claims, "phone", 40),
        reservation=_text(claims, "reservation", 80),
    )


def _check_times(claims: dict[str, Any], now: float) -> None:
    ends, begins = claims.get("exp"), claims.get("nbf", claims.get("iat", 0))
    if isinstance(ends, bool) or not isinstance(ends, int | float) or not now < ends + SKEW_S:
        raise NotVerified("it is over, or bears no exp")
    if ends > now + LIVES_S + SKEW_S:
        raise NotVerified("it lives longer than an hour")
    if isinstance(begins, int | float) and begins > now + SKEW_S:
        raise NotVerified("it is not good yet")


def _text(claims: dict[str, Any], name: str, most: int) -> str:
    value = claims.get(name)
    return value.strip()[:most] if isinstance(value, str) else ""


def _json(part: str) -> dict[str, Any]:
    try:
        told = json.loads(_bytes(part))
    except (ValueError, RecursionError) as error:
        raise NotVerified("it can't be read") from error
    if not isinstance(told, dict):
        raise NotVerified("it can't be read")
    return told


def _bytes(part: str) -> bytes:
    try:
        return base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise NotVerified("it can't be read") from error
