"""Playing a PMS's front desk, its channels and its guests: one desk per vendor."""

from connectors.sandbox.desks.base import Desk
from connectors.sandbox.desks.cloudbeds import CloudbedsDesk
from connectors.sandbox.desks.hostaway import HostawayDesk

DESKS: dict[str, Desk] = {"guesty": Desk(), "hostaway": HostawayDesk(), "cloudbeds": CloudbedsDesk()}

__all__ = ["DESKS", "Desk"]
