"""Is a webhook really from Twilio? https://www.twilio.com/docs/usage/webhooks/webhooks-security

HMAC-SHA1 under the account's auth token over the whole address as it was configured, then over every form parameter by
name. A JSON body is signed through its hash in the address; without that hash its signature proves nothing about it.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterable, Mapping
from urllib.parse import parse_qsl, urlsplit

from connectors.contract.connector import QUERY
from connectors.contract.deliveries import is_any_of, lowered
from connectors.contract.errors import Unreadable

BODY_HASH = "bodySHA256"
AGAIN = "#rc=3&rp=5xx,ct,rt"
"""Behind our address it has Twilio try again. Whether it is signed along isn't documented: both are good."""
_MAX_FIELDS = 1000


def is_json(headers: Mapping[str, str]) -> bool:
    """One rule for checking and for reading: what is read as JSON was signed as such."""
    known = lowered(headers)
    return "json" in known.get("content-type", "").lower() or bool(_body_hash(known.get(QUERY, "")))


def form_of(body: bytes) -> list[tuple[str, str]]:
    """The parameters, blank ones too. Raises Unreadable."""
    try:
        return parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=_MAX_FIELDS)
    except ValueError as error:
        raise Unreadable(detail=f"Not a form: {body[:100]!r}") from error


def verify(hook_url: str, headers: Mapping[str, str], body: bytes, tokens: Iterable[str]) -> bool:
    """Constant time in what is secret. `hook_url` as it was configured, without its query."""
    known = lowered(headers)
    query = known.get(QUERY, "")
    fits_body = True
    fields: list[tuple[str, str]] = []
    if is_json(headers):
        fits_body = is_any_of(_body_hash(query).lower(), [hashlib.sha256(body).hexdigest()])
    else:
        try:
            fields = form_of(body)
        except Unreadable:
            return False
    plain = _spellings(f"{hook_url}?{query}" if query else hook_url)
    addresses = (*plain, *(one + AGAIN for one in plain))
    wanted = [sign(token, address, fields) for token in tokens if token for address in addresses]
    fits = is_any_of(known.get("x-twilio-signature", ""), wanted)
    return bool(hook_url) and fits and fits_body


def sign(token: str, url: str, fields: Iterable[tuple[str, str]]) -> str:
    """The header's value; values of a repeated name count once each, sorted."""
    data = url + "".join(name + value for name, value in sorted(set(fields)))
    digest = hmac.new(token.encode(), data.encode("utf-8", "surrogatepass"), hashlib.sha1).digest()
    return base64.b64encode(digest).decode()


def _body_hash(query: str) -> str:
    try:
        return dict(parse_qsl(query, max_num_fields=_MAX_FIELDS)).get(BODY_HASH, "")
    except ValueError:
        return ""


def _spellings(url: str) -> tuple[str, ...]:
    """With and without the default port: older senders sign either."""
    parts = urlsplit(url)
    port = {"https": 443, "http": 80}.get(parts.scheme)
    try:
        given = parts.port
    except ValueError:
        return (url,)
    if given == port:
        return url, parts._replace(netloc=parts.netloc.rsplit(":", 1)[0]).geturl()
    return (url, parts._replace(netloc=f"{parts.netloc}:{port}").geturl()) if given is None else (url,)
