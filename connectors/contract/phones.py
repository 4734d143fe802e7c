"""Phone numbers as E.164 (https://www.itu.int/rec/T-REC-E.164): one form, so that two spellings are one address."""

from __future__ import annotations

from typing import Final

import phonenumbers

_LONGEST: Final = 40
_SHORT_CODE: Final = 6


def to_e164(number: str, region: str = "") -> str:
    """The number with plus sign and country code; `region` (ISO 3166 alpha-2, of the property or the guest) is where a
    number without a country code is dialled. Empty where it can't be one."""
    given = number.strip()
    if not given or len(given) > _LONGEST:
        return ""
    if given.startswith("00"):
        given = "+" + given[2:]
    try:
        parsed = phonenumbers.parse(given, region.upper() or None)
    except phonenumbers.NumberParseException:
        return ""
    if not phonenumbers.is_possible_number(parsed) or parsed.extension:
        return ""
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


def from_digits(digits: str) -> str:
    """E.164 of digits that begin with the country code, as WhatsApp writes numbers; empty where it can't be one."""
    return to_e164("+" + digits.lstrip("+")) if digits else ""


def is_toll_free(e164: str) -> bool:
    try:
        parsed = phonenumbers.parse(e164, None)
    except phonenumbers.NumberParseException:
        return False
    return phonenumbers.number_type(parsed) == phonenumbers.PhoneNumberType.TOLL_FREE


def is_short_code(number: str) -> bool:
    """A number of an operator's own, without country code; nobody answers for it as for a phone."""
    return number.isascii() and number.isdigit() and len(number) <= _SHORT_CODE


def shown(e164: str) -> str:
    """The number as people read it, in international form; what isn't one stays as it is."""
    try:
        parsed = phonenumbers.parse(e164, None)
    except phonenumbers.NumberParseException:
        return e164
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
