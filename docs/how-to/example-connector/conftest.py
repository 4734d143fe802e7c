"""Bellhop's test servers, and the intake that webhooks are delivered to."""

pytest_plugins = ("tests.conftest",)

from tests.pms import intake_server  # noqa: E402 (the plug-in comes first)

__all__ = ["intake_server"]
