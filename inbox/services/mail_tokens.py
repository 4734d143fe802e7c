"""The token in the address that guests answer to (email.md §3): which thread, and that we made it.

It stands in every quoted reply, so it proves nothing about who writes. Letters and digits in one case only: some mail
servers fold them.
"""

from __future__ import annotations

import base64
import hmac
import re
from hashlib import sha256

from django.conf import settings

_KEY_ID = "a"
_TOKEN = re.compile(r"\+([a-z0-9]{18,40})@", re.IGNORECASE)
_MAC = 16
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


def token_of(thread_id: int) -> str:
    """The thread's token: key id, number, 80 bits of HMAC."""
    number = _base36(thread_id)
    return f"{_KEY_ID}{number}{_mac(number, settings.SECRET_KEY)}"


def thread_id_in(address: str) -> int | None:
    """The thread that an address of ours names; None where it bears no token, or one that we didn't make."""
    found = _TOKEN.search(address)
    token = found[1].lower() if found else ""
    if len(token) <= _MAC + 1 or token[0] != _KEY_ID:
        return None
    number, mac = token[1:-_MAC], token[-_MAC:]
    keys = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    if not any(hmac.compare_digest(mac, _mac(number, key)) for key in keys):
        return None
    return int(number, 36)


def _mac(number: str, key: str) -> str:
    """People answer old mails: keys that were replaced are good as long as they are configured."""
    digest = hmac.new(key.encode(), f"mail-thread:{number}".encode(), sha256).digest()
    return base64.b32encode(digest[:10]).decode().lower()


def _base36(number: int) -> str:
    shown = ""
    while number:
        number, digit = divmod(number, 36)
        shown = _DIGITS[digit] + shown
    return shown or "0"
