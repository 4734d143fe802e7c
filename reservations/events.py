"""Facts that this layer tells upward, inside the transaction that makes them true."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from reservations.models import Guest, Reservation


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One mirrored field: its name, and both values as JSON."""

    field: str
    old: Any
    new: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class StayChanged:
    """A stay was told for the first time (`created`) or differs. `history`: it is part of the first import."""

    reservation: Reservation
    changes: tuple[FieldChange, ...]
    created: bool
    history: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class GuestChanged:
    guest: Guest
