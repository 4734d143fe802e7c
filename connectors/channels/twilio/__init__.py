"""Twilio Programmable Messaging: SMS, MMS and WhatsApp. Inbound: `webhooks`, `signature`; reading and sending:
`messages`; their words: `words`."""

from connectors.channels.twilio.connector import Twilio

__all__ = ["Twilio"]
