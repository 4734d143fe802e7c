"""Query parameters that several lists share: fields, filters, limit and skip."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from connectors.sandbox.clock import iso, parse_iso
from connectors.sandbox.records import Json
from connectors.sandbox.wires.guesty.answers import Call, WireError, coded

Fail = Callable[[int, str], WireError]
MAX_LIMIT = 100
DEFAULT_LIMIT = 25


def bad_request(status: int, message: str) -> WireError:
    """The error of most lists."""
    return coded(status, "BAD_REQUEST", message)


def whole(call: Call, name: str, default: int, lowest: int, highest: int, fail: Fail = bad_request) -> int:
    """A whole number from the query; above `highest` it is an error, as is anything else. Raises WireError."""
    text = call.query.get(name)
    if text in (None, ""):
        return default
    if not str(text).isdigit() or not lowest <= int(str(text)) <= highest:
        raise fail(400, f'"{name}" must be a number from {lowest} to {highest}')
    return int(str(text))


def page(call: Call) -> tuple[int, int]:
    """`limit` (25 unless told, at most 100) and `skip`."""
    return whole(call, "limit", DEFAULT_LIMIT, 1, MAX_LIMIT), whole(call, "skip", 0, 0, 10**9)


def picked(item: Json, fields: str | None, default: str | None) -> Json:
    """The item with only the named fields (separated by blanks or commas, dots go deeper) and `_id`, `accountId`."""
    chosen = fields or default
    if not chosen:
        return item
    result: Json = {key: item[key] for key in ("_id", "accountId") if key in item}
    for path in chosen.replace(",", " ").split():
        _copy(item, result, path.split("."))
    return result


def _copy(source: Json, target: Json, path: list[str]) -> None:
    name, *rest = path
    if name not in source:
        return
    value = source[name]
    if not rest or not isinstance(value, dict):
        target[name] = value
        return
    inner = target.setdefault(name, {})
    if inner is not value:
        _copy(value, inner, rest)


def filters(call: Call, fail: Fail = bad_request) -> list[tuple[str, str, Any]]:
    """`filters=[{"field","operator","value"}]` as (field, operator, value). Raises WireError."""
    text = call.query.get("filters")
    if not text:
        return []
    try:
        rows = json.loads(text)
    except ValueError:
        raise fail(400, '"filters" must be a valid JSON array') from None
    if not isinstance(rows, list):
        raise fail(400, '"filters" must be an array')
    found = []
    for row in rows:
        if not isinstance(row, dict) or not isinstance(row.get("field"), str):
            raise fail(400, 'each filter needs a "field"')
        found.append((row["field"], str(row.get("operator", "$eq")), row.get("value")))
    return found


def instants(value: Any, fail: Fail = bad_request) -> Any:
    """The value of a filter on an instant, written the way instants are stored, so that texts compare as times do."""
    if isinstance(value, dict):
        return {key: instants(item, fail) for key, item in value.items()}
    if isinstance(value, list):
        return [instants(item, fail) for item in value]
    try:
        return iso(parse_iso(str(value)))
    except ValueError:
        raise fail(400, f"{value} is not a date") from None


def condition(column: str, operator: str, value: Any, fail: Fail = bad_request) -> tuple[str, list[Any]]:
    """One filter as SQL with its parameters. Raises WireError for an operator that doesn't exist."""
    signs = {
        "$eq": "=",
        "$not": "IS NOT",
        "$ne": "IS NOT",
        "$gt": ">",
        "$lt": "<",
        "$gte": ">=",
        "$lte": "<=",
    }
    if operator in signs:
        return f"{column} {signs[operator]} ?", [_plain(value)]
    if operator in ("$in", "$nin") and isinstance(value, list):
        negation = "NOT " if operator == "$nin" else ""
        return f"{column} {negation}IN ({', '.join('?' for _ in value)})", [_plain(item) for item in value]
    if operator in ("$contains", "$notcontains"):
        return f"instr(lower({column}), lower(?)) {'>' if operator == '$contains' else '='} 0", [str(value)]
    if operator == "$between":
        low, high = (value.get("from"), value.get("to")) if isinstance(value, dict) else _pair(value, fail)
        return f"{column} BETWEEN ? AND ?", [_plain(low), _plain(high)]
    if operator == "$exists":
        return f"{column} IS {'NOT ' if value in (True, 'true', None) else ''}NULL", []
    raise fail(400, f"operator {operator} is not supported")


def _pair(value: Any, fail: Fail) -> tuple[Any, Any]:
    if isinstance(value, list) and len(value) == 2:
        return value[0], value[1]
    raise fail(400, "$between needs two values")


def _plain(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, dict | list) else value


def order(
    call: Call, columns: Mapping[str, str], default: str, fail: Fail = bad_request
) -> tuple[str, bool, str]:
    """The `sort` as (field, descending, SQL column). Raises WireError."""
    text = call.query.get("sort") or default
    name = text.lstrip("-+ ")
    if name not in columns:
        raise fail(400, f"can not sort by {name}")
    return name, text.startswith("-"), columns[name]
