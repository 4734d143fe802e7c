"""Hostaway, for short stays. Inbound: `webhooks`; reading: `reads`; writing: `effects`, `upkeep`; their words:
`words`."""

from connectors.pms.hostaway.connector import Hostaway

__all__ = ["Hostaway"]
