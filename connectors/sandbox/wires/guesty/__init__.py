"""Guesty's Open API: https://open-api-docs.guesty.com. Mounted at `/guesty`."""

from connectors.sandbox.wires.guesty.wire import Guesty

__all__ = ["Guesty"]
