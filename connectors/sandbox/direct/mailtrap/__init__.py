"""Mailtrap's APIs for sending and for inbound mail (https://docs.mailtrap.io/developers)."""

from connectors.sandbox.direct.mailtrap.house import MAILTRAP
from connectors.sandbox.direct.mailtrap.sending import Sending
from connectors.sandbox.direct.mailtrap.wire import Mailtrap

__all__ = ["MAILTRAP", "Mailtrap", "Sending"]
