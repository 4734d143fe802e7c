"""Secrets at rest: MultiFernet with the keys of the settings, the newest first."""

from __future__ import annotations

import base64
import hashlib
from functools import cache

from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings


@cache
def _box() -> MultiFernet:
    keys = [hashlib.sha256(b"bellhop-vault:" + key.encode()).digest() for key in settings.BELLHOP_SECRET_KEYS]
    return MultiFernet([Fernet(base64.urlsafe_b64encode(key)) for key in keys])


def encrypt(plain: bytes) -> bytes:
    return _box().encrypt(plain)


def decrypt(token: bytes) -> bytes:
    """Raises cryptography.fernet.InvalidToken when no configured key fits."""
    return _box().decrypt(token)
