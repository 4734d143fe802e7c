"""Sentences that are kept and read out later, in each reader's language: a msgid and what goes into it."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext


class Words(str):
    """An English sentence that remembers how it was made. A text (`str`) in all other respects."""

    __slots__ = ("msgid", "values")

    msgid: str
    values: dict[str, Any]


def say(msgid: str, **values: Any) -> Words:
    """`msgid` with its values. A list's elements are words of ours, read out in the reader's language as well."""
    made = Words(msgid % {name: _joined(value) for name, value in values.items()} if values else msgid)
    made.msgid, made.values = msgid, values
    return made


def _joined(value: Any) -> Any:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else value


def kept(text: str) -> dict[str, Any]:
    """What is stored beside a text so that it can be read out; empty for one that is nobody's sentence."""
    return {"msgid": text.msgid, "values": text.values} if isinstance(text, Words) else {}


def read_out(text: str, how: dict[str, Any]) -> str:
    """The text in the language of the reader; as it was kept where nothing more is known."""
    if not text:
        return ""
    if not how:
        return gettext(text)
    values = {
        name: ", ".join(gettext(one) for one in value if one) if isinstance(value, list) else value
        for name, value in how["values"].items()
    }
    sentence = gettext(how["msgid"])
    return sentence % values if values else sentence
