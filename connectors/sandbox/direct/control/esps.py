"""What one sets in the consoles of the providers of e-mail."""

from collections.abc import Callable

from connectors.sandbox.direct.control.asks import TownAsk
from connectors.sandbox.records import Json

NAMES = ("postmark", "ses", "resend", "brevo", "mailtrap")


def webhooks(name: str) -> Callable[[TownAsk], Json]:
    """Where a provider reports: `inbound_url`, `tracking_url` (with `user:password@`), `domain`, and its choices."""

    def point(ask: TownAsk) -> Json:
        return ask.town.desks[name].point(ask.body)

    return point
