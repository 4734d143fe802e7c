"""Reading JSON of others without trusting it: what is missing, null or odd becomes UNSET, None or the fallback."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time, tzinfo
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

from connectors.contract.records import UNSET, Unset

Wire = Mapping[str, Any]


def obj(value: Any) -> Wire:
    """`value` if it is a JSON object, else an empty one."""
    return value if isinstance(value, Mapping) else {}


def objects(value: Any) -> list[Wire]:
    """The JSON objects in a list; whatever else is in it is left out."""
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []


def text(value: Any) -> str:
    """A scalar as stripped text; everything else is empty."""
    return str(value).strip() if isinstance(value, str | int | float) and not isinstance(value, bool) else ""


def first(*values: Any) -> str:
    """The first value that is not empty as text."""
    return next((found for found in map(text, values) if found), "")


def told_text(data: Wire, key: str) -> str | Unset | None:
    """UNSET where the key is missing, None where the PMS says that there is none."""
    return UNSET if key not in data else (text(data[key]) or None)


def identifier(value: Any) -> str:
    """An id given bare or as a populated object."""
    return first(value.get("_id"), value.get("id")) if isinstance(value, Mapping) else text(value)


def texts(values: Iterable[Any]) -> tuple[str, ...]:
    """Distinct non-empty texts in their order."""
    return tuple(dict.fromkeys(found for found in map(text, values) if found))


def integer(value: Any) -> int | None:
    try:
        return int(value) if not isinstance(value, bool) else None
    except (TypeError, ValueError, OverflowError):
        return None


def sequence(value: Any) -> int:
    """A counting id as a place in a sequence; 0 for what is no number, or none that a column of 64 bits holds."""
    number = integer(value) or 0
    return number if 0 < number < 2**63 else 0


def flag(value: Any) -> bool | None:
    """0, 1, "0", "1", true, false in any of these spellings; None for everything else."""
    return {"0": False, "1": True, "false": False, "true": True}.get(str(value).strip().lower())


def decimal(value: Any) -> Decimal | None:
    """Major units exactly as written in JSON."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        return None
    return amount if amount.is_finite() else None


def instant(value: Any) -> datetime | None:
    """An ISO 8601 instant as aware UTC; one without an offset is UTC already."""
    try:
        moment = datetime.fromisoformat(text(value))
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def version(value: Any) -> str | None:
    """An instant in the one form that sorts as text: UTC with milliseconds."""
    return version_of(instant(value))


def local_date(value: Any) -> date | None:
    """`YYYY-MM-DD`; a time behind it is local too and is left off."""
    try:
        return date.fromisoformat(text(value)[:10])
    except ValueError:
        return None


def local_time(value: Any, zone: tzinfo) -> time | None:
    """`H:mm` or `HH:mm` as it stands; an instant as the clock on the wall of `zone`."""
    given = text(value)
    if "T" in given:
        moment = instant(given)
        return moment.astimezone(zone).time().replace(second=0, microsecond=0) if moment else None
    hours, _, minutes = given.partition(":")
    try:
        return time(int(hours), int(minutes[:2]))
    except ValueError:
        return None


def version_of(moment: datetime | None) -> str | None:
    """The same of an instant at hand."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z") if moment else None


def zone_of(*names: Any) -> tzinfo:
    """The first IANA name that exists, else UTC."""
    for name in names:
        try:
            if text(name):
                return ZoneInfo(text(name))
        except (ValueError, OSError):  # ZoneInfoNotFoundError is a KeyError; a bad path a ValueError
            continue
        except KeyError:
            continue
    return UTC


def items(answer: Any, key: str = "results") -> list[Wire]:
    """The objects of a list answer: bare, or under `key`, or under `data`."""
    if isinstance(answer, list):
        return objects(answer)
    body = obj(answer)
    data = body.get("data")
    return objects(body.get(key)) or objects(data) or objects(obj(data).get(key))


def epoch(value: Any) -> datetime | None:
    """Unix seconds as an instant."""
    given = text(value)
    return (
        datetime.fromtimestamp(int(given), UTC)
        if given.isascii() and given.isdigit() and len(given) < 12
        else None
    )
