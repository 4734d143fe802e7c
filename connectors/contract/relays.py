"""Addresses that stand for one reservation at an agency, not for a person's mailbox.

Domains as in partner documentation and public mail parsers; the list is data, a property may add its own.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

RELAYS: Final = {
    "guest.booking.com": "booking",
    "property.booking.com": "booking",
    "mchat.booking.com": "booking",
    "guest.airbnb.com": "airbnb",
    "guests.airbnb.com": "airbnb",
    "reply.airbnb.com": "airbnb",
    "messages.homeaway.com": "vrbo",
    "messages.vrbo.com": "vrbo",
    "m.expediapartnercentral.com": "expedia",
    "guest.expediapartnercentral.com": "expedia",
    "guest.expedia.com": "expedia",
    "agoda-messaging.com": "agoda",
    "reply.agoda.com": "agoda",
    "guest.trip.com": "trip",
}


def agency_of(address: str, more: Iterable[str] = ()) -> str:
    """The agency whose relay an address is, "other" for a domain in `more`, empty for everybody's own."""
    domain = address.rpartition("@")[2].strip().casefold()
    for known, agency in [*RELAYS.items(), *((one.casefold(), "other") for one in more)]:
        if domain == known or domain.endswith(f".{known}"):
            return agency
    return ""
