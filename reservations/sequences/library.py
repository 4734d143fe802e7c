"""Ready sequences that a new organization gets as drafts, in English and Spanish (`library.json`)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

_FILE = Path(__file__).with_name("library.json")


@dataclass(frozen=True, slots=True)
class Entry:
    """One of the library. `key` is how it is known again."""

    key: str
    name: str
    definition: dict[str, Any]


@cache
def entries() -> tuple[Entry, ...]:
    return tuple(Entry(**stored) for stored in json.loads(_FILE.read_text(encoding="utf-8")))
