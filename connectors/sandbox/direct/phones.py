"""The guests' phones: their numbers and what is the matter with them. What they got and sent, the lines keep."""

import hashlib
import re
from dataclasses import replace
from pathlib import Path

from connectors.sandbox.direct.records import Phone
from connectors.sandbox.records import Json, Setting
from connectors.sandbox.seed.cloudbeds.stories import STORIES as CLOUDBEDS
from connectors.sandbox.seed.guesty.stories import STORIES as GUESTY
from connectors.sandbox.seed.hostaway.stories import STORIES as HOSTAWAY
from connectors.sandbox.store import MissingError, Store

NUMBER = re.compile(r"\+[1-9]\d{6,14}")
_MARKS = ("hides_number", "airplane", "landline", "blocked", "whatsapp", "receipts", "stops_marketing")
_CODES = ("refuses_with", "fails_with")
_WORDS = ("name", "username")


class PhoneError(ValueError):
    """There can be no such phone, or it can't be that way."""


class Phones:
    """Every phone that a guest has; one that is written to for the first time comes into being."""

    def __init__(self, data: Path) -> None:
        self.store = Store(data / "sandbox-phones.sqlite3", (Phone, Setting), {})
        if not self.store.count(Phone):
            self.plant()

    def plant(self) -> None:
        """The phones of the guests who are in the PMSs' seeds, and no other."""
        with self.store.tx():
            self.store.delete(Phone, "1")
            for number, name in _seeded():
                self.store.put(_phone(number, name))

    def all(self) -> list[Phone]:
        """In the order that they came."""
        return self.store.find(Phone)

    def need(self, number: str) -> Phone:
        """The phone with this number. Raises MissingError."""
        return self.store.need(Phone, number)

    def reach(self, number: str) -> Phone:
        """The phone with this number, made if there is none. Raises PhoneError."""
        found = self.store.get(Phone, number)
        return found or self.add(number, "")

    def of_user(self, user_id: str) -> Phone:
        """The phone of a person whom WhatsApp calls so. Raises MissingError."""
        found = self.store.find(Phone, "user_id = ?", (user_id,))
        if not found:
            raise MissingError(f"no user {user_id}")
        return found[0]

    def add(self, number: str, name: str) -> Phone:
        """A new phone. Raises PhoneError."""
        if not NUMBER.fullmatch(number):
            raise PhoneError("a number is a plus sign and 7 to 15 digits")
        phone = _phone(number, name or number)
        self.store.put(phone)
        return phone

    def change(self, number: str, values: Json) -> Phone:
        """Set marks, codes or names. Raises MissingError and PhoneError."""
        for key, value in values.items():
            if key in _MARKS and isinstance(value, bool):
                continue
            if key in _CODES and isinstance(value, int) and not isinstance(value, bool) and value >= 0:
                continue
            if key in _WORDS and isinstance(value, str):
                continue
            raise PhoneError(
                f"{key}: marks ({', '.join(_MARKS)}) are true or false, "
                f"{' and '.join(_CODES)} are error codes, {' and '.join(_WORDS)} are texts"
            )
        phone = replace(self.need(number), **values)
        self.store.put(phone)
        return phone

    def close(self) -> None:
        """Let go of the file."""
        self.store.close()


def _seeded() -> list[tuple[str, str]]:
    stays = [(story.phone, story.name) for story in GUESTY]
    stays += [(story.phone, story.name) for story in HOSTAWAY]
    stays += [(story.phone, story.name) for story in CLOUDBEDS]
    return [(number, name) for number, name in stays if number]


def _phone(number: str, name: str) -> Phone:
    """The same number is always the same user to us."""
    digits = str(int(hashlib.sha256(number.encode()).hexdigest(), 16))[:20]
    return Phone(number, name, f"US.{digits}")
