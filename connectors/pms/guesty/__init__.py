"""Guesty, for short stays. Inbound: `webhooks`; reading: `reads`; writing: `effects`; their words:
`words`."""

from connectors.pms.guesty.connector import Guesty

__all__ = ["Guesty"]
