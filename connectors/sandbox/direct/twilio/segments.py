"""How many parts an SMS has (https://www.twilio.com/docs/glossary/what-is-gsm-7-character-encoding)."""

_GSM = set(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    "ÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED = set("€[]{}~^|\\\f")


def segments(text: str) -> int:
    """The count, at least 1; a character of two units isn't split over two parts."""
    if set(text) <= _GSM | _EXTENDED:
        return _parts([2 if letter in _EXTENDED else 1 for letter in text], 160, 153)
    return _parts([2 if ord(letter) > 0xFFFF else 1 for letter in text], 70, 67)


def _parts(costs: list[int], single: int, several: int) -> int:
    if sum(costs) <= single:
        return 1
    count, room = 1, several
    for cost in costs:
        if cost > room:
            count, room = count + 1, several
        room -= cost
    return count
