"""Cloudbeds, for hotels. Inbound: `webhooks`; reading: `reads`; writing: `effects`; their words: `words`."""

from connectors.pms.cloudbeds.connector import Cloudbeds

__all__ = ["Cloudbeds"]
