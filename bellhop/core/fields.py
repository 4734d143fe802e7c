"""Model fields that every layer uses."""

from __future__ import annotations

import json
import secrets
from typing import TYPE_CHECKING, Any

from django.db import models

from bellhop.core import vault

# Django's fields can be parametrised for the type checker only.
if TYPE_CHECKING:
    _CharField = models.CharField[str, str]
    _BinaryField = models.BinaryField[Any, Any]
else:
    _CharField = models.CharField
    _BinaryField = models.BinaryField

ALPHABET = "23456789abcdefghjkmnpqrstvwxyz"
LENGTH = 14


def new_public_id() -> str:
    """68 random bits without look-alike letters: opaque, unguessable, easy to read out."""
    return "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))


class PublicIdField(_CharField):
    """What people see in URLs instead of the row's number."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", LENGTH)
        kwargs.setdefault("default", new_public_id)
        kwargs.setdefault("unique", True)
        kwargs.setdefault("editable", False)
        super().__init__(*args, **kwargs)


class EncryptedJSONField(_BinaryField):
    """A JSON value that only exists encrypted in the database (MultiFernet, see `vault`)."""

    def get_prep_value(self, value: Any) -> bytes | None:
        return None if value is None else vault.encrypt(json.dumps(value).encode())

    def from_db_value(self, value: bytes | memoryview | None, *_: Any) -> Any:
        return None if value is None else json.loads(vault.decrypt(bytes(value)))

    def to_python(self, value: Any) -> Any:
        return value

    def value_to_string(self, obj: models.Model) -> str:  # noqa: ARG002
        raise TypeError("Encrypted values are never serialised.")
