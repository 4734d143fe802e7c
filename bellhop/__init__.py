"""Bellhop: one inbox for guests and tenants, mirrored both ways with the property management system."""

__version__ = "0.1.0"
