"""Hostaway's Public API v1: https://api.hostaway.com/documentation. Mounted at `/hostaway`, so at `/hostaway/v1/…`."""

from connectors.sandbox.wires.hostaway.wire import Hostaway

__all__ = ["Hostaway"]
