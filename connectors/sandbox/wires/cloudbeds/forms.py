"""Form bodies with nested names: `rooms[0][roomID]=501-1` is a list of objects."""

import re
from typing import Any
from urllib.parse import parse_qsl

from connectors.sandbox.records import Json

FORM = "application/x-www-form-urlencoded"
_PART = re.compile(r"\[([^\]]*)\]")


def parse(content_type: str, raw: bytes) -> Json:
    """The fields of a form; a body of any other type has none."""
    if content_type.split(";", maxsplit=1)[0].strip().lower() != FORM:
        return {}
    fields: Json = {}
    for name, value in parse_qsl(raw.decode("utf-8", "replace"), keep_blank_values=True):
        base, _, rest = name.partition("[")
        _put(fields, [base, *_PART.findall("[" + rest if rest else "")], value)
    return {name: _lists(value) for name, value in fields.items()}


def _put(into: Json, path: list[str], value: str) -> None:
    head, rest = path[0] or str(len(into)), path[1:]
    if not rest:
        into[head] = value
        return
    inner = into.setdefault(head, {})
    if isinstance(inner, dict):
        _put(inner, rest, value)


def _lists(value: Any) -> Any:
    """Objects whose keys are all numbers become lists in the order of the numbers."""
    if not isinstance(value, dict):
        return value
    made = {key: _lists(item) for key, item in value.items()}
    if made and all(key.isdigit() for key in made):
        return [made[key] for key in sorted(made, key=int)]
    return made
