"""The control API of the direct channels: phones, and each provider's faults, clock and webhooks (docs/sandbox.md)."""

from connectors.sandbox.direct.control.routes import routes

__all__ = ["routes"]
