"""A Little Hotel that answers over HTTP, and that a test can play with. Written from the vendor's documents alone."""

from __future__ import annotations

import hashlib
import hmac
import itertools
import json
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from fnmatch import fnmatch
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx

from tests.connectors.contract import World
from tests.connectors.little_server import LittleServer, Reply, Seen

KEYS = {"key-that-is-good": True, "key-that-reads": False}
LIMIT = 10
Json = dict[str, Any]


class LittleHotelWorld(World):
    """The PMS and its desk in one: `answer` is the API, the rest is what people do there."""

    def __init__(self, server: LittleServer) -> None:
        self.base_url = server.url
        server.answer = self.answer
        self.reset()

    # --- the desk ---
    def reset(self) -> None:
        self.faults: list[Json] = []
        self.times: list[float] = []
        self.hooks: dict[str, Json] = {}
        self.notes: dict[str, list[Json]] = {}
        self._numbers = itertools.count(100_001)
        self._seconds = itertools.count()
        self.bookings: dict[str, Json] = {}
        self.rooms = [{"id": f"r-{number}", "name": f"Room {number}"} for number in range(1, 10)]
        for number in range(20):
            self.book(f"Guest {number}")
        self.test_stay = next(iter(self.bookings))

    def _now(self) -> str:
        """Every change has a second of its own."""
        moment = datetime.now(UTC).replace(microsecond=0) - timedelta(days=1)
        return (moment + timedelta(seconds=next(self._seconds))).isoformat()

    def book(self, guest_name: str) -> str:
        number = next(self._numbers)
        arrives = datetime.now(UTC).date() + timedelta(days=number % 30)
        booking: Json = {
            "id": f"b-{number}", "code": f"LH{number}", "status": "booked", "room": f"r-{number % 9 + 1}",
            "from": arrives.isoformat(), "to": (arrives + timedelta(days=2)).isoformat(), "arrives_at": "15:00",
            "guest": {"id": f"g-{number}", "name": guest_name, "email": f"g{number}@mail.example"},
        }  # fmt: skip
        self.bookings[booking["id"]] = booking
        self._changed(booking["id"], "booking.made")
        return str(booking["id"])

    def cancel(self, stay: str) -> None:
        self.set_status(stay, "void")

    def set_status(self, stay: str, word: str) -> None:
        self.bookings[stay]["status"] = word
        self._changed(stay, "booking.changed")

    def set_dates(self, stay: str, arrival: str, departure: str) -> None:
        span = {"from": date.fromisoformat(arrival).isoformat(), "to": departure}
        self.bookings[stay].update(span)
        self._changed(stay, "booking.changed")

    def guest_writes(self, stay: str, body: str) -> None:
        raise NotImplementedError("Little Hotel carries no messages; the suite doesn't ask.")

    def staff_writes_note(self, stay: str, body: str) -> None:
        self._add_note(stay, body, by="Ana")

    def _add_note(self, stay: str, words: str, by: str) -> Json:
        note = {
            "id": f"n-{next(self._numbers)}",
            "text": words,
            "by": by,
            "at": datetime.now(UTC).isoformat(),
        }
        self.notes.setdefault(stay, []).append(note)
        self._push(stay, "note.added")
        return note

    # --- webhooks: sent at once, so that none is ever owed ---
    def _changed(self, stay: str, event: str) -> None:
        self.bookings[stay]["changed"] = self._now()
        self._push(stay, event)

    def _push(self, stay: str, event: str) -> None:
        told = {"event": event, "id": f"evt-{next(self._numbers)}", "booking": stay, "at": self._now()}
        body = json.dumps(told).encode()
        for hook in self.hooks.values():
            httpx.post(hook["url"], content=body, headers=signed(body, hook["secret"], datetime.now(UTC)))

    def owed(self) -> int:
        return 0

    # --- misfortune and limits ---
    def fault(self, name: str, **parameters: Any) -> None:
        self.faults.append({"name": name, **parameters})

    def heal(self) -> None:
        self.faults.clear()

    def count_from_now(self) -> None:
        self.times.clear()

    def peaks(self) -> list[tuple[int, int]]:
        return [(max(sum(start <= t < start + 1 for t in self.times) for start in self.times), LIMIT)]

    # --- the API ---
    def answer(self, seen: Seen) -> Reply | object:
        self.times.append(time.monotonic())
        fault: Json = next((one for one in self.faults if _fits(one, seen)), {"name": ""})
        if "count" in fault:
            self.faults.remove(fault)
        before: dict[str, Callable[[], Reply | object]] = {
            "down": lambda: Reply(status=503 if fault.get("mode") == "503" else 0, body=b"{}"),
            "html_error": lambda: Reply(status=fault["status"], body=b"<html>Bad gateway</html>"),
            "too_many": lambda: Reply(status=429, headers=_wait(fault["retry_after"])),
            "error_in_200": lambda: {"error": "Something went wrong."},
            "huge": lambda: Reply(body=b'"' + b"x" * (fault["megabytes"] << 20) + b'"'),
        }
        if fault["name"] in before:
            return before[fault["name"]]()
        status, told = self._handle(seen)
        if fault["name"] == "drop_field":
            told = _without(told, fault["field"])
        after = {
            "cut_after_work": Reply(status=0),
            "error_after_work": Reply(status=500),
            "truncated": Reply(status=status, body=json.dumps(told).encode()[:-7]),
        }
        return after.get(fault["name"]) or Reply(status=status, body=json.dumps(told).encode())

    def _handle(self, seen: Seen) -> tuple[int, Any]:
        writes = KEYS.get(seen.headers.get("x-api-key", ""))
        if writes is None:
            return 401, {"error": "Who are you?"}
        if seen.method != "GET" and not writes:
            return 403, {"error": "This key may only read."}
        parts = urlsplit(seen.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        return self._route(seen, parts.path.strip("/").split("/"), query)

    def _route(self, seen: Seen, words: list[str], query: dict[str, str]) -> tuple[int, Any]:
        match seen.method, words:
            case "GET", ["hotel"]:
                return 200, {"id": "h-1", "name": "Little Hotel", "zone": "Europe/Lisbon"}
            case "GET", ["rooms"]:
                return 200, _paged("rooms", self.rooms, query)
            case "GET", ["rooms", key]:
                return _one(self.rooms, key)
            case "GET", ["bookings"]:
                since = datetime.fromisoformat(query.get("changed_since", "1970-01-01T00:00:00+00:00"))
                found = [b for b in self.bookings.values() if datetime.fromisoformat(b["changed"]) >= since]
                return 200, _paged("bookings", found, query)
            case "GET", ["bookings", key]:
                return _one(self.bookings.values(), key)
            case "GET", ["guests", key]:
                return _one([booking["guest"] for booking in self.bookings.values()], key)
            case "GET", ["bookings", key, "notes"]:
                return 200, {"notes": self.notes.get(key, [])}
            case "POST", ["bookings", key, "notes"] if key in self.bookings:
                return 201, self._add_note(key, json.loads(seen.body)["text"], by="API")
            case "GET", ["hooks"]:
                return 200, {"hooks": [{"id": key, "url": hook["url"]} for key, hook in self.hooks.items()]}
            case "PUT", ["hooks"]:
                hook = json.loads(seen.body)
                key = hashlib.sha256(hook["url"].encode()).hexdigest()[:8]
                self.hooks[key] = hook
                return 200, {"id": key}
            case "DELETE", ["hooks", key]:
                return (200, {}) if self.hooks.pop(key, None) else (404, {"error": "No such hook."})
        return 404, {"error": "Nothing is here."}


def signed(body: bytes, secret: str, at: datetime) -> dict[str, str]:
    """The headers of a genuine delivery."""
    stamp = str(int(at.timestamp()))
    mac = hmac.new(secret.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
    return {"x-little-signature": f"t={stamp},v1={mac}"}


def _paged(name: str, rows: list[Json], query: dict[str, str]) -> Json:
    page, size = int(query["page"]), int(query["size"])
    part = rows[(page - 1) * size : page * size]
    return {name: part, "next": page + 1 if page * size < len(rows) else None}


def _one(rows: Any, key: str) -> tuple[int, Json]:
    found = next((row for row in rows if row["id"] == key), None)
    return (200, found) if found else (404, {"error": "Not found."})


def _fits(fault: Json, seen: Seen) -> bool:
    return fault.get("method", seen.method) == seen.method and fnmatch(seen.path, fault.get("path", "*"))


def _wait(seconds: float | None) -> dict[str, str]:
    return {} if seconds is None else {"retry-after": str(seconds)}


def _without(told: Any, name: str) -> Any:
    if isinstance(told, dict):
        return {key: _without(value, name) for key, value in told.items() if key != name}
    return [_without(one, name) for one in told] if isinstance(told, list) else told
