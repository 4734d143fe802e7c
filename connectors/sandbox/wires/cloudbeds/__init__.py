"""Cloudbeds' PMS API v1.3: https://developers.cloudbeds.com. Mounted at `/cloudbeds`, so at `/cloudbeds/api/v1.3/…`."""

from connectors.sandbox.wires.cloudbeds.wire import Cloudbeds

__all__ = ["Cloudbeds"]
