"""Minimal programs of the bare stack: what can be had on this machine, measured in turn with the product."""
