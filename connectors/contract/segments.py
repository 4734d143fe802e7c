"""How many parts an SMS takes, and why: GSM 03.38 where every character is in it, else UCS-2 (3GPP TS 23.038, 23.040).

https://www.twilio.com/docs/glossary/what-is-gsm-7-character-encoding
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

_BASIC: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED: Final = frozenset("€[]{}~^|\\\f")


class Encoding(StrEnum):
    GSM_7 = "GSM-7"
    UCS_2 = "UCS-2"


@dataclass(frozen=True, slots=True)
class Segments:
    """`units` are septets or UTF-16 units; `left` more of them fit without another part. `culprits`: the characters
    that force UCS-2, each once."""

    encoding: Encoding
    count: int
    units: int
    left: int
    culprits: tuple[str, ...] = ()


# (alone, per part of several); toll-free numbers of the US and Canada use a longer header.
_SIZES: Final = {
    (Encoding.GSM_7, False): (160, 153),
    (Encoding.UCS_2, False): (70, 67),
    (Encoding.GSM_7, True): (160, 152),
    (Encoding.UCS_2, True): (70, 66),
}


def segments(text: str, *, toll_free: bool = False) -> Segments:
    """The parts that `text` is sent in; an empty text is one part."""
    culprits = tuple(dict.fromkeys(sign for sign in text if sign not in _BASIC and sign not in _EXTENDED))
    encoding = Encoding.UCS_2 if culprits else Encoding.GSM_7
    costs = [_cost(sign, encoding) for sign in text]
    alone, part = _SIZES[encoding, toll_free]
    units = sum(costs)
    if units <= alone:
        return Segments(encoding, 1, units, alone - units, culprits)
    count, room = 1, part
    for cost in costs:  # nothing that takes two units is split over two parts
        if cost > room:
            count, room = count + 1, part
        room -= cost
    return Segments(encoding, count, units, room, culprits)


def _cost(sign: str, encoding: Encoding) -> int:
    if encoding == Encoding.UCS_2:
        return 2 if ord(sign) > 0xFFFF else 1
    return 2 if sign in _EXTENDED else 1
