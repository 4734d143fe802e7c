"""What an administrator does at Microsoft or Google: take tokens back."""

from collections.abc import Callable

from connectors.sandbox.control.requests import ControlError
from connectors.sandbox.direct.control.asks import TownAsk
from connectors.sandbox.records import Json

NAMES = ("microsoft", "google")


def revoke(name: str) -> Callable[[TownAsk], Json]:
    """Access tokens are worth nothing; with `grant` the client secret or refresh token isn't either, until a reset."""

    def take_back(ask: TownAsk) -> Json:
        grant = ask.body.get("grant", False)
        if not isinstance(grant, bool):
            raise ControlError("grant is true or false")
        return {"revoked": ask.town.issuers[name].revoke(grant=grant)}

    return take_back
