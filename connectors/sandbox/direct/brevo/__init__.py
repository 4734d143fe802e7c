"""Brevo's API for e-mail (https://developers.brevo.com/reference)."""

from connectors.sandbox.direct.brevo.house import BREVO
from connectors.sandbox.direct.brevo.sending import Sending
from connectors.sandbox.direct.brevo.wire import Brevo

__all__ = ["BREVO", "Brevo", "Sending"]
