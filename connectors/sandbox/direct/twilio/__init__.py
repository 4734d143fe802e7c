"""Twilio's Programmable Messaging, v2010 (https://www.twilio.com/docs/messaging/api)."""

from connectors.sandbox.direct.twilio.house import TWILIO
from connectors.sandbox.direct.twilio.moves import Moves
from connectors.sandbox.direct.twilio.wire import Twilio

__all__ = ["TWILIO", "Moves", "Twilio"]
