"""Where a request comes from, behind proxies: the nearest address that isn't one of ours."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from django.conf import settings

Address = IPv4Address | IPv6Address


def peer_of(remote: str, forwarded_for: str = "") -> str:
    """The address of the other side. `forwarded_for` is X-Forwarded-For: anybody may write it, so it counts only as far
    as trusted proxies added to it (BELLHOP_TRUSTED_PROXIES), from its end."""
    here = _read(remote)
    if here is None:
        return remote[:64]
    for hop in reversed([part.strip() for part in forwarded_for.split(",") if part.strip()]):
        before = _read(hop)
        if before is None or not _is_trusted(here):
            break
        here = before
    return str(here)


def network_of(address: str) -> str:
    """What limits are counted by: an IPv4 address, or the /64 that one subscriber of IPv6 has."""
    found = _read(address)
    if isinstance(found, IPv6Address):
        return str(ip_network((found, 64), strict=False))
    return str(found) if found else address[:64]


def is_listed(address: str, networks: Iterable[str]) -> bool:
    """Is it one of these addresses, or within one of these networks? What can't be read lists nothing."""
    found = _read(address)
    if found is None:
        return False
    for network in networks:
        try:
            if found in ip_network(network.strip(), strict=False):
                return True
        except ValueError:
            continue
    return False


def _is_trusted(address: Address) -> bool:
    return is_listed(str(address), settings.BELLHOP_TRUSTED_PROXIES)


def _read(text: str) -> Address | None:
    """An address, without port, brackets and zone; an IPv4 address that is written as IPv6 is one of IPv4."""
    plain = text.strip().split("%", 1)[0]
    if plain.startswith("["):
        plain = plain[1:].partition("]")[0]
    elif plain.count(":") == 1:
        plain = plain.partition(":")[0]
    try:
        found = ip_address(plain)
    except ValueError:
        return None
    return (found.ipv4_mapped or found) if isinstance(found, IPv6Address) else found
