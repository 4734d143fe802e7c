"""The account that a fresh sandbox holds: three properties, their stays and what guests wrote, dated around today."""

from connectors.sandbox.seed.guesty.build import plant

__all__ = ["plant"]
