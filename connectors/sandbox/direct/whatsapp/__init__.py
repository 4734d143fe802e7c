"""Meta's WhatsApp Cloud API (https://developers.facebook.com/documentation/business-messaging/whatsapp)."""

from connectors.sandbox.direct.whatsapp.house import WHATSAPP_CLOUD
from connectors.sandbox.direct.whatsapp.moves import Moves
from connectors.sandbox.direct.whatsapp.wire import Graph

__all__ = ["WHATSAPP_CLOUD", "Graph", "Moves"]
