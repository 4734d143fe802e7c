"""Resend's API (https://resend.com/docs/api-reference/introduction)."""

from connectors.sandbox.direct.resend.house import RESEND
from connectors.sandbox.direct.resend.sending import Sending
from connectors.sandbox.direct.resend.wire import Resend

__all__ = ["RESEND", "Resend", "Sending"]
