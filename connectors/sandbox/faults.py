"""Ways to misbehave on demand: which there are, and whether one strikes at this call.

A fault strikes a request (`method`, `path` narrow it down) or a webhook (`event` narrows it down). It strikes every
matching call, or one in `every`, or with `probability`, and no more than `remaining` times.
"""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

from connectors.sandbox.records import Fault, Json
from connectors.sandbox.store import Store


@dataclass(frozen=True)
class Kind:
    """A sort of fault: its label in the console, and its parameters with their defaults."""

    label: str
    side: str
    defaults: Json


DOWN_MODES = ("503", "cut")
REQUEST = "request"
WEBHOOK = "webhook"
BOTH = "both"
KINDS: dict[str, Kind] = {
    "down": Kind("Down", REQUEST, {"mode": "503"}),
    "slow": Kind("Slow, 8 s", REQUEST, {"seconds": 8.0}),
    "slow_after_work": Kind("Does it, answers 8 s later", REQUEST, {"seconds": 8.0}),
    "too_many": Kind("429, too many calls", REQUEST, {"retry_after": 30}),
    "error_after_work": Kind("500 after doing it", REQUEST, {"status": 500}),
    "cut_after_work": Kind("Cut the line after doing it", REQUEST, {}),
    "html_error": Kind("HTML error page", REQUEST, {"status": 502}),
    "error_in_200": Kind("200 with an error in it", REQUEST, {}),
    "truncated": Kind("Half an answer", REQUEST, {}),
    "huge": Kind("10 MB answer", REQUEST, {"megabytes": 10}),
    "stale_reads": Kind("Reads 20 s behind", REQUEST, {"seconds": 20.0}),
    "rename_field": Kind("Rename a field", BOTH, {"field": "status", "to": "state"}),
    "drop_field": Kind("Leave a field out", BOTH, {"field": "status"}),
    "new_enum": Kind("A value nobody knows", BOTH, {"field": "status", "value": "brandNew"}),
    "message_fails": Kind("Takes a message, can't send it", REQUEST, {}),
    "webhook_duplicate": Kind("Webhooks twice", WEBHOOK, {"times": 2}),
    "webhook_reorder": Kind("Webhooks out of order", WEBHOOK, {"batch": 2, "seconds": 10.0}),
    "webhook_batch": Kind("Webhooks in batches", WEBHOOK, {"batch": 3, "seconds": 5.0}),
    "webhook_delay": Kind("Webhooks 30 s late", WEBHOOK, {"seconds": 30.0}),
    "webhook_lost": Kind("Webhooks lost", WEBHOOK, {}),
    "webhook_wrapped": Kind("Webhooks in another wrapper", WEBHOOK, {}),
    "webhook_bad_signature": Kind("Wrong signature", WEBHOOK, {}),
}


class FaultError(ValueError):
    """The description of a fault can't be used."""


class Faults:
    """The faults that are set, with their hit counters; kept in the store."""

    def __init__(self, store: Store, lacking: frozenset[str] = frozenset()) -> None:
        self._store = store
        self.kinds = {name: kind for name, kind in KINDS.items() if name not in lacking}
        self._random = random.Random()  # noqa: S311 - chance, not secrecy
        self._set = {fault.id: fault for fault in store.find(Fault)}

    def all(self) -> list[Fault]:
        """Every fault that is set, switched on or off."""
        return list(self._set.values())

    def put(self, name: str, body: Json) -> Fault:
        """Set the fault called `name` (its kind unless `kind` says otherwise). Raises FaultError."""
        fault = _fault(name, body, self.kinds)
        self._set[name] = fault
        self._store.put(fault)
        return fault

    def switch(self, name: str, *, enabled: bool) -> Fault:
        """Switch a fault that is set on or off; its counters go on. Raises FaultError."""
        fault = self._set.get(name)
        if fault is None:
            raise FaultError(f"no fault is called {name}")
        fault.enabled = enabled
        self._store.put(fault)
        return fault

    def delete(self, name: str) -> bool:
        """Take the fault away; answers whether it was there."""
        self._store.delete(Fault, "id = ?", (name,))
        return self._set.pop(name, None) is not None

    def clear(self) -> None:
        """Take all faults away."""
        self._set.clear()
        self._store.delete(Fault, "1")

    def strike_request(self, kind: str, method: str, path: str) -> Fault | None:
        """The fault of this kind that strikes this request, counted as a hit."""
        for fault in self._of(kind):
            method_fits = fault.method is None or fault.method == method
            if fault.event is None and method_fits and _matches(fault.path, path) and self._strikes(fault):
                return fault
        return None

    def strike_webhook(self, kind: str, event: str) -> Fault | None:
        """The fault of this kind that strikes this webhook, counted as a hit."""
        for fault in self._of(kind):
            is_request_fault = fault.method is not None or fault.path is not None
            if not is_request_fault and _matches(fault.event, event) and self._strikes(fault):
                return fault
        return None

    def _of(self, kind: str) -> list[Fault]:
        return [fault for fault in self._set.values() if fault.kind == kind and fault.enabled]

    def _strikes(self, fault: Fault) -> bool:
        fault.seen += 1
        hit = (
            fault.remaining != 0
            and fault.seen % fault.every == 0
            and (fault.probability >= 1 or self._random.random() < fault.probability)
        )
        if hit:
            fault.hits += 1
            if fault.remaining is not None:
                fault.remaining -= 1
        self._store.put(fault)
        return hit


def _matches(pattern: str | None, text: str) -> bool:
    return pattern is None or fnmatchcase(text, pattern)


def _fault(name: str, body: Json, kinds: Mapping[str, Kind]) -> Fault:
    kind_name = str(body.get("kind", name))
    kind = kinds.get(kind_name)
    if kind is None:
        raise FaultError(f"no kind of fault is called {kind_name}; there are {', '.join(kinds)}")
    known = {"kind", "enabled", "method", "path", "event", "probability", "every", "count", *kind.defaults}
    unknown = sorted(set(body) - known)
    if unknown:
        raise FaultError(f"{kind_name} doesn't know {', '.join(unknown)}")
    if (kind.side == REQUEST and "event" in body) or (
        kind.side == WEBHOOK and {"path", "method"} & set(body)
    ):
        raise FaultError(f"{kind_name} strikes a {kind.side}; it can't be matched that way")
    params = kind.defaults | {key: body[key] for key in kind.defaults if key in body}
    for key, default in kind.defaults.items():
        _check_parameter(key, params[key], default)
    every, count = body.get("every", 1), body.get("count")
    probability = body.get("probability", 1.0)
    if not isinstance(every, int) or every < 1:
        raise FaultError("every is a whole number from 1")
    if count is not None and (not isinstance(count, int) or count < 0):
        raise FaultError("count is a whole number, or null for no end")
    if not isinstance(probability, int | float) or not 0 <= probability <= 1:
        raise FaultError("probability is between 0 and 1")
    return Fault(
        name,
        kind_name,
        enabled=bool(body.get("enabled", True)),
        method=str(body["method"]).upper() if body.get("method") else None,
        path=body.get("path"),
        event=body.get("event"),
        probability=float(probability),
        every=every,
        remaining=count,
        params=params,
    )


def _check_parameter(key: str, value: object, default: object) -> None:
    if key == "mode" and value not in DOWN_MODES:
        raise FaultError(f"mode is {' or '.join(DOWN_MODES)}")
    if isinstance(default, str):
        if not isinstance(value, str) or not value:
            raise FaultError(f"{key} is a text")
        return
    if key == "retry_after" and value is None:
        return
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        raise FaultError(f"{key} is a number from 0")
