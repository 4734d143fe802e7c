"""A hotel with 24 rooms in Barcelona and a small house on the Canaries."""

from connectors.sandbox.seed.cloudbeds.build import plant

__all__ = ["plant"]
