"""E-mail addresses and ids as they stand in the wild: tolerant reading, one form for comparing."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from email.utils import getaddresses
from typing import Final

from connectors.contract.direct import Address, AddressKind

_ADDRESS: Final = re.compile(r"[^\s@<>,;:\"()\[\]\\]{1,64}@[^\s@<>,;:\"()\[\]\\]{1,255}")
_ID: Final = re.compile(r"<([^<>\s][^<>]{0,900}?)>")
_BARE_ID: Final = re.compile(r"[^\s<>,;]{1,400}@[^\s<>,;]{1,400}")
_MOST_IDS: Final = 20
_LONGEST_HEADER: Final = 20_000


def fold(address: str) -> str:
    """The form in which two spellings of one address are equal; empty where it is none."""
    found = _ADDRESS.search(address)
    return found[0].casefold() if found else ""


def people_in(headers: Iterable[str]) -> list[Address]:
    """The addresses of headers such as From and To, each once."""
    found: dict[str, Address] = {}
    given = [header[:_LONGEST_HEADER] for header in headers]
    for name, address in getaddresses(given, strict=False) if _has_strict() else getaddresses(given):
        value = fold(address)
        if value and value not in found:
            found[value] = Address(kind=AddressKind.EMAIL, value=value, name=" ".join(name.split())[:200])
    return list(found.values())


def _has_strict() -> bool:
    """Newer versions of Python refuse odd headers unless told otherwise."""
    return "strict" in getattr(getaddresses, "__code__", _has_strict.__code__).co_varnames


def is_address_of(own: str, address: str) -> bool:
    """Is it `own`, or `own` with something behind a plus sign?"""
    local, _, domain = address.partition("@")
    mine, _, place = own.partition("@")
    return domain == place and (local == mine or local.startswith(f"{mine}+"))


# --- ids ---
def ids_in(header: str) -> list[str]:
    """Message-IDs with their brackets, as they stand: in the wild they hold blanks or lack the brackets."""
    given = header[:_LONGEST_HEADER]
    found = [f"<{''.join(one.split())}>" for one in _ID.findall(given)]
    return list(dict.fromkeys(found or [f"<{one}>" for one in _BARE_ID.findall(given)]))


def id_of(header: str) -> str:
    return next(iter(ids_in(header)), "")


def derived_id(*parts: str) -> str:
    """An id for a mail without one: the same for every copy of it."""
    digest = hashlib.sha256("\0".join(parts).encode("utf-8", "surrogateescape")).hexdigest()
    return f"<{digest[:40]}@derived.invalid>"


def capped(references: Sequence[str]) -> list[str]:
    """The first and the last ones: the list grows with every answer."""
    kept = list(dict.fromkeys(references))
    return kept if len(kept) <= _MOST_IDS else [kept[0], *kept[1 - _MOST_IDS :]]
