"""A company that rents vacation homes out in Portugal and around New York."""

from connectors.sandbox.seed.hostaway.build import plant

__all__ = ["plant"]
