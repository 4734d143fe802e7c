"""Spoiling a JSON value: another name, no such property, a value that nobody has seen before."""

import json
from collections.abc import Callable
from typing import Any

from connectors.sandbox.records import Json

Spoil = Callable[[str, Any], tuple[str, Any] | None]
SPOILERS = ("rename_field", "drop_field", "new_enum")


def spoiled(text: str, kind: str, params: Json) -> str:
    """The same JSON text with the property `field` spoiled at any depth. `kind` is one of SPOILERS."""
    name = str(params["field"])

    def spoil(key: str, value: Any) -> tuple[str, Any] | None:
        if key != name:
            return key, value
        if kind == "drop_field":
            return None
        return (str(params["to"]), value) if kind == "rename_field" else (key, str(params["value"]))

    return json.dumps(_changed(json.loads(text), spoil), ensure_ascii=False)


def wrapped(text: str) -> str:
    """The same JSON object with its `data` one level deeper, under `payload`."""
    value: Json = json.loads(text)
    if "data" in value:
        value["payload"] = {"data": value.pop("data")}
    return json.dumps(value, ensure_ascii=False)


def _changed(value: Any, spoil: Spoil) -> Any:
    if isinstance(value, dict):
        pairs = (spoil(key, _changed(item, spoil)) for key, item in value.items())
        return dict(pair for pair in pairs if pair is not None)
    if isinstance(value, list):
        return [_changed(item, spoil) for item in value]
    return value
