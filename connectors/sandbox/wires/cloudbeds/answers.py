"""What handlers are given and give back: errors come with HTTP 200 and `success: false`."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from starlette.datastructures import QueryParams

from connectors.sandbox.clock import iso, parse_iso
from connectors.sandbox.records import Application, Json, Property, Stay
from connectors.sandbox.store import Store
from connectors.sandbox.world import World

NAME = "cloudbeds"
BY = "API"
MAX_PAGE = 100
_CARD = re.compile(r"\d(?:[ -]?\d){12,}")


class Refusal(Exception):
    """Ends a handler with `success: false`; the status is 200 unless it is about access or rates."""

    def __init__(self, message: str, status: int = 200) -> None:
        super().__init__(message)
        self.status = status
        self.value: Json = {"success": False, "message": message}


@dataclass(frozen=True)
class Call:
    """One request with a good key. `store` is what reads are answered from; it may lag, `world.store` doesn't."""

    world: World
    store: Store
    query: QueryParams
    form: Json
    application: Application
    header_property: str | None
    host: str

    def said(self, name: str) -> str | None:
        """A parameter of the query or the form; empty counts as not sent."""
        value = self.form.get(name) if self.form else self.query.get(name)
        return str(value) if value not in (None, "") and not isinstance(value, dict | list) else None

    def need(self, name: str) -> str:
        """The same, but it must be there. Raises Refusal."""
        value = self.said(name)
        if value is None:
            raise Refusal(f'Please specify "{name}" parameter for this call')
        return value

    def flag(self, name: str) -> bool:
        """A boolean parameter; false if it isn't sent."""
        return truth(name, self.said(name)) or False

    def place(self) -> Property:
        """The one property that the call is about; the key covers several, so it must be named. Raises Refusal."""
        key = self.need("propertyID")
        found = self.store.get(Property, key)
        if found is None:
            raise Refusal(f"Property {key} is not available with this API key")
        if self.header_property not in (None, key):
            raise Refusal("X-PROPERTY-ID contradicts propertyID")
        return found

    def places(self, name: str) -> list[Property]:
        """The properties of a comma list; all that the key covers if none is named. Raises Refusal."""
        wanted = self.said(name)
        rows = self.store.find(Property, order="id")
        if wanted is None:
            return rows
        keys = wanted.split(",")
        if unknown := [key for key in keys if key not in {row.id for row in rows}]:
            raise Refusal(f"Property {unknown[0]} is not available with this API key")
        return [row for row in rows if row.id in keys]

    def only(self, *allowed: str) -> None:
        """Refuse form fields that the reference doesn't name. Raises Refusal."""
        if unknown := sorted(set(self.form) - {"propertyID", *allowed}):
            raise Refusal(f'Unknown parameter "{unknown[0]}"')

    def rows(self, name: str) -> list[Json]:
        """A nested list of the form. Raises Refusal."""
        value = self.form.get(name, [])
        if not isinstance(value, list) or not all(isinstance(row, dict) for row in value):
            raise Refusal(f'Invalid parameter format, "{name}" is an array')
        return value


def truth(name: str, value: str | None) -> bool | None:
    """A boolean as forms and queries write it; None if it isn't sent. Raises Refusal."""
    if value is None:
        return None
    if value.lower() in ("true", "1"):
        return True
    if value.lower() in ("false", "0"):
        return False
    raise Refusal(f'Invalid parameter format, "{name}" is a boolean')


def paged(call: Call, rows: Sequence[Any], default: int) -> tuple[list[Any], Json]:
    """The page that is asked for, with `count` and `total`. Raises Refusal."""
    number, size = (_whole(call, name, value) for name, value in (("pageNumber", 1), ("pageSize", default)))
    size = min(size, MAX_PAGE)
    part = list(rows[(number - 1) * size : number * size])
    return part, {"count": len(part), "total": len(rows)}


def _whole(call: Call, name: str, default: int) -> int:
    text = call.said(name) or str(default)
    if not text.isdigit() or int(text) < 1:
        raise Refusal(f'Invalid parameter format, "{name}" is a number from 1')
    return int(text)


def ok(data: Any, **more: Any) -> Json:
    """The shape of success."""
    return {"success": True, "data": data, **more}


def local(place: Property, instant: str | None) -> str | None:
    """An instant on the hotel's clock: `YYYY-MM-DD HH:MM:SS`, and nothing says of which zone."""
    if instant is None:
        return None
    return parse_iso(instant).astimezone(ZoneInfo(place.timezone)).strftime("%Y-%m-%d %H:%M:%S")


def utc(instant: str | None) -> str | None:
    """The same in UTC."""
    return None if instant is None else instant[:19].replace("T", " ")


def instant_of(place: Property, text: str, name: str) -> str:
    """A local time, or a date, as an instant. Raises Refusal."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise Refusal(f'Invalid parameter format, "{name}" is YYYY-MM-DD HH:MM:SS') from None
    return iso(moment.replace(tzinfo=moment.tzinfo or ZoneInfo(place.timezone)))


def day(text: str, name: str) -> str:
    """A date. Raises Refusal."""
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise Refusal(f'Invalid parameter format, "{name}" is YYYY-MM-DD') from None


def no_card(text: str, name: str) -> None:
    """Card numbers may not be sent: more than 12 digits that pass the Luhn test. Raises Refusal."""
    for found in _CARD.findall(text):
        digits = [int(char) for char in found if char.isdigit()]
        doubled = sum(sum(divmod(2 * digit, 10)) for digit in digits[-2::-2])
        if (doubled + sum(digits[-1::-2])) % 10 == 0:
            raise Refusal(f"{name}: it's forbidden to send unencrypted payment data")


def need_stay(call: Call, store: Store, place: Property, name: str = "reservationID") -> Stay:
    """The reservation that is named, of this property. Raises Refusal."""
    stay = store.get(Stay, call.need(name))
    if stay is None or stay.extra["property_id"] != place.id or stay.extra.get("deleted"):
        raise Refusal("Reservation not found")
    return stay
