"""The control API under `/_control`: what tests, benches and the console steer the sandbox with (docs/sandbox.md)."""

from connectors.sandbox.control.routes import routes

__all__ = ["routes"]
