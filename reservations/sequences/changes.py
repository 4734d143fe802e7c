"""What differs between two versions of a sequence, step by step, as facts that the screens put into words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Stored = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Change:
    """`what` of which step changed: added, removed, or one of its parts, `before` and `after` as they are stored."""

    step: str
    what: str
    before: Any = None
    after: Any = None
    language: str = ""


_PARTS = (
    "name",
    "when",
    "channels",
    "late",
    "useful_until",
    "rules",
    "purpose",
    "any_hour",
    "language",
    "template",
)
_DEFAULTS: dict[str, Any] = {
    "late": "skip", "useful_until": None, "rules": [], "purpose": "transactional", "any_hour": False,
    "template": None,
}  # fmt: skip


def between(before: Stored, after: Stored) -> list[Change]:
    """All changes from one definition to another, in the order of the later one's steps."""
    old = {step["key"]: step for step in before.get("steps", ())}
    found = of_settings(before, after)
    for step in after.get("steps", ()):
        if step["key"] in old:
            found += of_step(old[step["key"]], step)
        else:
            found.append(Change(step.get("name", ""), "added"))
    kept = {step["key"] for step in after.get("steps", ())}
    found += [Change(step.get("name", ""), "removed") for key, step in old.items() if key not in kept]
    return found


def of_settings(before: Stored, after: Stored) -> list[Change]:
    """Changes of what belongs to the whole sequence."""
    defaults = {"rules": [], "stop_when_answered": False, "when_dates_change": "replan"}
    return [
        Change("", name, before.get(name, default), after.get(name, default))
        for name, default in defaults.items()
        if before.get(name, default) != after.get(name, default)
    ]


def of_step(before: Stored, after: Stored) -> list[Change]:
    """Changes of one step."""
    name = after.get("name") or before.get("name") or ""
    found = [
        Change(name, part, before.get(part, _DEFAULTS.get(part)), after.get(part, _DEFAULTS.get(part)))
        for part in _PARTS
        if before.get(part, _DEFAULTS.get(part)) != after.get(part, _DEFAULTS.get(part))
    ]
    return [*found, *_of_texts(name, before.get("texts", {}), after.get("texts", {}))]


def _of_texts(name: str, before: Stored, after: Stored) -> list[Change]:
    found = []
    for language in sorted({*before, *after}):
        old, new = before.get(language), after.get(language)
        if old is None:
            found.append(Change(name, "text_added", None, new, language))
        elif new is None:
            found.append(Change(name, "text_removed", old, None, language))
        else:
            found += [
                Change(name, part, old.get(part, ""), new.get(part, ""), language)
                for part in ("subject", "body")
                if old.get(part, "") != new.get(part, "")
            ]
    return found
