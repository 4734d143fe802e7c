"""A step's words for one stay: Liquid, sandboxed and strict. Nothing is ever sent with a blank or with braces.

https://jg-rp.github.io/liquid/ (python-liquid). Only output and plain tags: no files, no loops, nothing that could
take long.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, NoReturn

from liquid import Environment, StrictUndefined
from liquid.exceptions import LiquidError, UndefinedError

LONGEST: Final = 10_000
MOST_BLANKS: Final = 40
_MARK: Final = "\ue000"
_TAGS: Final = {"#", "assign", "case", "comment", "content", "if", "illegal", "output", "unless"}


class MissingValue(Exception):
    """A variable is unknown, or empty for this stay where it would be shown; `name` is which, as the text has it."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class BadTemplate(Exception):
    """The text is no template, or says nothing; the words say why."""


class Blank:
    """A value that this stay doesn't have: false in a condition, and the end of the message where it would be shown."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __liquid__(self) -> None:
        return None

    def __str__(self) -> NoReturn:
        raise MissingValue(self._name)


def _environment() -> Environment:
    found = Environment(undefined=StrictUndefined, autoescape=False)
    for tag in set(found.tags) - _TAGS:
        del found.tags[tag]
    return found


_ENVIRONMENT: Final = _environment()


def problem(text: str) -> str:
    """Why a text is no template; empty where it is one."""
    try:
        _ENVIRONMENT.from_string(text)
    except LiquidError as error:
        return str(error).splitlines()[0]
    return ""


def names_in(text: str) -> list[str]:
    """The variables that a text names, as dotted paths, each once. Raises BadTemplate."""
    try:
        found = _ENVIRONMENT.from_string(text).analyze()
    except LiquidError as error:
        raise BadTemplate(str(error).splitlines()[0]) from error
    return sorted({str(place) for places in found.globals.values() for place in places})


def render(text: str, values: Mapping[str, Any]) -> str:
    """The text for one stay. `values` are nested (`guest.first_name`); what is empty is no value. Raises MissingValue,
    BadTemplate."""
    try:
        shown = str(_ENVIRONMENT.from_string(text).render(**_with_blanks(values))).strip()
    except UndefinedError as error:
        raise MissingValue(
            str(error).split(" is undefined", maxsplit=1)[0].splitlines()[0].strip("'\"")
        ) from error
    except LiquidError as error:
        raise BadTemplate(str(error).splitlines()[0]) from error
    if not shown:
        raise BadTemplate("Nothing is left to say.")
    if "{{" in shown or "{%" in shown:
        raise BadTemplate("Braces are left.")
    return shown[:LONGEST]


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a text as a marketer sees it: words, or (`is_blank`) the name of a value that isn't there."""

    text: str
    is_blank: bool = False


def preview(text: str, values: Mapping[str, Any]) -> list[Part]:
    """The text for one stay, with what is missing marked where it would stand. Raises BadTemplate."""
    told = copy.deepcopy(dict(values))
    for _try in range(MOST_BLANKS):
        try:
            shown = render(text, told)
        except MissingValue as missing:
            _fill(told, missing.name)
            continue
        pieces = shown.split(_MARK)
        return [Part(piece, bool(place % 2)) for place, piece in enumerate(pieces) if piece]
    raise BadTemplate("Too much is missing.")


def blanks(text: str, values: Mapping[str, Any]) -> list[str]:
    """The names of the values that are missing where they would be shown; empty for what is no template."""
    try:
        return list(dict.fromkeys(part.text for part in preview(text, values) if part.is_blank))
    except BadTemplate:
        return []


def _fill(values: dict[str, Any], name: str) -> None:
    *path, last = name.split(".")
    for part in path:
        inner = values.get(part)
        if not isinstance(inner, dict):
            inner = values[part] = {}
        values = inner
    values[last] = f"{_MARK}{name}{_MARK}"


def _with_blanks(values: Mapping[str, Any], path: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in values.items():
        place = f"{path}{name}"
        if isinstance(value, Mapping):
            found[name] = _with_blanks(value, f"{place}.")
        else:
            found[name] = Blank(place) if value in (None, "") else value
    return found
