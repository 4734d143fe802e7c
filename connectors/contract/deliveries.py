"""What every webhook needs: headers in one case, a key where nothing better is readable, secrets compared in constant
time."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Iterable, Mapping
from hashlib import sha256


def lowered(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def key_of(body: bytes) -> str:
    return sha256(body).hexdigest()


def is_any_of(given: str, wanted: Iterable[str]) -> bool:
    """Does it equal one of them? Constant time: all are compared, whatever fits. Empty ones never fit."""
    sent = given.encode("utf-8", "surrogateescape")
    fits = [hmac.compare_digest(sent, one.encode()) for one in wanted if one]
    return bool(given) and any(fits)


def basic_of(headers: Mapping[str, str]) -> str:
    """`login:password` of HTTP Basic; empty where there is none."""
    scheme, _, given = lowered(headers).get("authorization", "").partition(" ")
    if scheme.lower() != "basic" or len(given) > 2000:
        return ""
    try:
        return base64.b64decode(given.strip(), validate=True).decode()
    except ValueError:
        return ""


def as_basic(login: str, password: str) -> str:
    """The header's value."""
    return "Basic " + base64.b64encode(f"{login}:{password}".encode()).decode()
