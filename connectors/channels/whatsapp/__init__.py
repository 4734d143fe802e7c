"""WhatsApp by Meta's Cloud API. Inbound: `webhooks`, `messages`; out: `effects`; their words: `words`."""

from connectors.channels.whatsapp.connector import WhatsApp

__all__ = ["WhatsApp"]
