"""Form bodies and their signature (https://www.twilio.com/docs/usage/webhooks/webhooks-security)."""

import base64
import hashlib
import hmac
from collections import defaultdict
from collections.abc import Iterable
from urllib.parse import parse_qsl, urlencode

Pairs = list[tuple[str, str]]


def write_form(values: Iterable[tuple[str, str]]) -> str:
    """A form body; empty values stay."""
    return urlencode(list(values))


def read_form(body: bytes) -> Pairs:
    """The pairs of a form body, empty values included."""
    return parse_qsl(body.decode(), keep_blank_values=True)


def sign(token: str, url: str, pairs: Pairs) -> str:
    """Base64 of the HMAC-SHA1 over the URL and every parameter, by name; repeated values once each, sorted."""
    values: dict[str, set[str]] = defaultdict(set)
    for name, value in pairs:
        values[name].add(value)
    text = url + "".join(name + value for name in sorted(values) for value in sorted(values[name]))
    return base64.b64encode(hmac.new(token.encode(), text.encode(), hashlib.sha1).digest()).decode()
