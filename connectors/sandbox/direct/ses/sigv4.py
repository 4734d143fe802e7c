"""AWS Signature Version 4, checked as the server does.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import quote, unquote

_ALGORITHM = "AWS4-HMAC-SHA256"
_UNSIGNED = "UNSIGNED-PAYLOAD"
_SAFE = "-_.~"
_INSTANT = "%Y%m%dT%H%M%SZ"
_FIELDS = re.compile(
    rf"{_ALGORITHM} +Credential=(?P<key>[^/,]+)/(?P<day>\d{{8}})/(?P<region>[^/,]+)/(?P<service>[^/,]+)/aws4_request"
    r", *SignedHeaders=(?P<signed>[a-z0-9;-]+), *Signature=(?P<signature>[0-9a-f]{64})"
)
MISSING, UNKNOWN, SKEWED, MISMATCH = "missing", "unknown", "skewed", "mismatch"


class SignatureError(Exception):
    """The call isn't signed as it should be; `kind` is missing, unknown (key), skewed or mismatch."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


@dataclass(frozen=True)
class Call:
    """A request as it came: the path as on the wire, names of headers in lower case."""

    method: str
    path: str
    query: str
    headers: Sequence[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str:
        """All values of a header, each with single spaces."""
        return ",".join(" ".join(value.split()) for key, value in self.headers if key == name)


@dataclass(frozen=True)
class Claim:
    """What an Authorization header claims."""

    key: str
    day: str
    region: str
    service: str
    signed: tuple[str, ...]
    signature: str

    @property
    def scope(self) -> str:
        """What the key is derived for."""
        return f"{self.day}/{self.region}/{self.service}/aws4_request"


def claim_of(authorization: str) -> Claim:
    """Raises SignatureError."""
    found = _FIELDS.fullmatch(authorization.strip())
    if found is None:
        raise SignatureError(MISSING if not authorization else MISMATCH)
    named = found.groupdict()
    return Claim(
        named["key"],
        named["day"],
        named["region"],
        named["service"],
        tuple(named["signed"].split(";")),
        named["signature"],
    )


def canonical(call: Call, claim: Claim) -> str:
    """The request in the one form that is signed. S3 encodes the path once, all others twice."""
    path = unquote(call.path) if claim.service == "s3" else call.path
    rows = [
        call.method,
        quote(path or "/", safe=f"/{_SAFE}"),
        _query(call.query),
        *(f"{name}:{call.header(name)}" for name in claim.signed),
        "",
        ";".join(claim.signed),
        call.header("x-amz-content-sha256") or hashlib.sha256(call.body).hexdigest(),
    ]
    return "\n".join(rows)


def _query(text: str) -> str:
    pairs = [pair.partition("=")[::2] for pair in text.split("&") if pair]
    return "&".join(
        f"{name}={value}" for name, value in sorted((_again(name), _again(value)) for name, value in pairs)
    )


def _again(text: str) -> str:
    return quote(unquote(text), safe=_SAFE)


def signature(secret: str, claim: Claim, instant: str, request: str) -> str:
    """The signature of a canonical request."""
    key = f"AWS4{secret}".encode()
    for part in claim.scope.split("/"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    digest = hashlib.sha256(request.encode()).hexdigest()
    text = f"{_ALGORITHM}\n{instant}\n{claim.scope}\n{digest}"
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def check(call: Call, secrets: Mapping[str, str], region: str, service: str, skew: timedelta) -> str:
    """The id of the key that signed the call, at most `skew` away from the real time. Raises SignatureError."""
    claim = claim_of(call.header("authorization"))
    secret = secrets.get(claim.key)
    if secret is None:
        raise SignatureError(UNKNOWN)
    instant = call.header("x-amz-date")
    _check_instant(instant, claim.day, skew)
    said = call.header("x-amz-content-sha256")
    is_whole = said in ("", _UNSIGNED, hashlib.sha256(call.body).hexdigest())
    is_scoped = (claim.region, claim.service) == (region, service) and "host" in claim.signed
    made = signature(secret, claim, instant, canonical(call, claim))
    if not (is_whole and is_scoped and hmac.compare_digest(made, claim.signature)):
        raise SignatureError(MISMATCH)
    return claim.key


def _check_instant(text: str, day: str, skew: timedelta) -> None:
    try:
        at = datetime.strptime(text, _INSTANT).replace(tzinfo=UTC)
    except ValueError:
        raise SignatureError(MISMATCH) from None
    if not text.startswith(day):
        raise SignatureError(MISMATCH)
    if abs(datetime.now(UTC) - at) > skew:
        raise SignatureError(SKEWED)
