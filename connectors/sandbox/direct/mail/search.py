"""IMAP's SEARCH (RFC 3501, 6.4.4) over the mails of a folder."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from functools import cached_property
from typing import Any

from connectors.sandbox.clock import parse_iso
from connectors.sandbox.direct.mail.office import header, parsed
from connectors.sandbox.direct.mail.records import Letter
from connectors.sandbox.direct.mail.writing import text_of

_FLAGS = {
    "SEEN": "\\Seen",
    "ANSWERED": "\\Answered",
    "FLAGGED": "\\Flagged",
    "DELETED": "\\Deleted",
    "DRAFT": "\\Draft",
}
_SET = re.compile(r"[\d*,:]+")


class SearchError(ValueError):
    """A search key that isn't known."""


@dataclass
class Candidate:
    """A mail that may fit; it is parsed only if a key asks for its content."""

    number: int
    letter: Letter
    raw: Callable[[], bytes]
    last_number: int
    last_uid: int

    @cached_property
    def mail(self) -> EmailMessage:
        """The mail."""
        return parsed(self.raw())


def matches(query: Sequence[Any], one: Candidate) -> bool:
    """Whether the mail fits all keys. Raises SearchError."""
    keys = list(query)
    fits = True
    while keys:
        fits = _step(keys, one) and fits
    return fits


def _step(keys: list[Any], one: Candidate) -> bool:
    """Take one key with its arguments off the list and try it."""
    key = keys.pop(0)
    if isinstance(key, list):
        return matches(key, one)
    name = _text(key).upper()
    if name == "NOT":
        return not _step(keys, one)
    if name == "OR":
        first, second = _step(keys, one), _step(keys, one)
        return first or second
    if name in _WITHOUT:
        return _WITHOUT[name](one)
    if name == "HEADER":
        field, wanted = _text(keys.pop(0)), _text(keys.pop(0))
        return field in one.mail and _has(header(one.mail, field), wanted)
    if name in _WITH:
        return _WITH[name](one, _text(keys.pop(0)))
    if _SET.fullmatch(name):
        return _in_set(one.number, name, one.last_number)
    raise SearchError(f"unknown search key {name}")


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _has(text: str, wanted: str) -> bool:
    return wanted.casefold() in text.casefold()


def _flag(name: str, *, there: bool) -> Callable[[Candidate], bool]:
    return lambda one: (name in one.letter.flags) == there


_WITHOUT: dict[str, Callable[[Candidate], bool]] = {
    "ALL": lambda _: True,
    "NEW": lambda _: False,
    "RECENT": lambda _: False,
    "OLD": lambda _: True,
    **{key: _flag(flag, there=True) for key, flag in _FLAGS.items()},
    **{f"UN{key}": _flag(flag, there=False) for key, flag in _FLAGS.items()},
}


def _day(text: str) -> date:
    """`18-Nov-2026`. Raises SearchError."""
    try:
        return datetime.strptime(text, "%d-%b-%Y").replace(tzinfo=UTC).date()
    except ValueError:
        raise SearchError(f"{text} is no date") from None


def _came(one: Candidate) -> date:
    return parse_iso(one.letter.received_at).date()


def _sent(one: Candidate) -> date:
    try:
        return parsedate_to_datetime(header(one.mail, "Date")).date()
    except ValueError:
        return date.min


_WITH: dict[str, Callable[[Candidate, str], bool]] = {
    "UID": lambda one, text: _in_set(one.letter.uid, text, one.last_uid),
    "SINCE": lambda one, text: _came(one) >= _day(text),
    "BEFORE": lambda one, text: _came(one) < _day(text),
    "ON": lambda one, text: _came(one) == _day(text),
    "SENTSINCE": lambda one, text: _sent(one) >= _day(text),
    "SENTBEFORE": lambda one, text: _sent(one) < _day(text),
    "SENTON": lambda one, text: _sent(one) == _day(text),
    "LARGER": lambda one, text: one.letter.size > int(text),
    "SMALLER": lambda one, text: one.letter.size < int(text),
    "SUBJECT": lambda one, text: _has(header(one.mail, "Subject"), text),
    "FROM": lambda one, text: _has(header(one.mail, "From"), text),
    "TO": lambda one, text: _has(header(one.mail, "To"), text),
    "CC": lambda one, text: _has(header(one.mail, "Cc"), text),
    "BCC": lambda one, text: _has(header(one.mail, "Bcc"), text),
    "BODY": lambda one, text: _has(text_of(one.mail), text),
    "TEXT": lambda one, text: _has(one.raw().decode("utf-8", "replace"), text),
    "KEYWORD": lambda one, text: text in one.letter.flags,
    "UNKEYWORD": lambda one, text: text not in one.letter.flags,
}


def _in_set(number: int, text: str, last: int) -> bool:
    """`2,4:7,9:*`; the last one belongs to every range with a star."""
    for part in text.split(","):
        ends = [last if end == "*" else int(end) for end in part.split(":")]
        if min(ends) <= number <= max(ends):
            return True
    return False
