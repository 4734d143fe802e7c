"""Everything of the direct channels put together: providers, phones, and the loops that move messages and webhooks."""

from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path

from starlette.routing import Route

from connectors.sandbox.direct.line_world import LineWorld, Mover
from connectors.sandbox.direct.phones import Phones
from connectors.sandbox.direct.records import Text
from connectors.sandbox.direct.twilio import TWILIO, Twilio
from connectors.sandbox.direct.twilio import Moves as TwilioMoves
from connectors.sandbox.direct.whatsapp import WHATSAPP_CLOUD, Graph
from connectors.sandbox.direct.whatsapp import Moves as WhatsappMoves
from connectors.sandbox.house import House
from connectors.sandbox.records import Setting
from connectors.sandbox.sender import Sender

Loop = Callable[[], Coroutine[None, None, None]]
_PLANTED = "planted"


@dataclass(frozen=True)
class Provider:
    """One provider's world, the prefix of its API, and its calls."""

    world: LineWorld
    prefix: str
    routes: list[Route]


class Town:
    """The providers and the guests' phones. `address` is where this program is reached."""

    def __init__(self, data: Path, address: str) -> None:
        self.phones = Phones(data)
        self.twilio = self._world(data, TWILIO, address)
        self.whatsapp = self._world(data, WHATSAPP_CLOUD, address)
        self.providers = (
            Provider(self.twilio, "/twilio", Twilio(self.twilio).routes()),
            Provider(self.whatsapp, "/graph", Graph(self.whatsapp).routes()),
        )

    def _world(self, data: Path, house: House, address: str) -> LineWorld:
        world = LineWorld(data, house, self.phones, address)
        if world.store.get(Setting, _PLANTED) is None:
            with world.store.tx():
                house.plant(world.store, world.clock.now())
                world.store.put(Setting(_PLANTED, {}))
        return world

    @property
    def worlds(self) -> list[LineWorld]:
        """Every provider's world."""
        return [provider.world for provider in self.providers]

    def loops(self) -> list[Loop]:
        """What has to run meanwhile."""
        steps: list[tuple[LineWorld, Callable[[Text], Awaitable[None]]]] = [
            (self.twilio, TwilioMoves(self.twilio).step),
            (self.whatsapp, WhatsappMoves(self.whatsapp).step),
        ]
        movers = [Mover(world, step).run for world, step in steps]
        return [*movers, *(Sender(world).run for world in self.worlds)]

    def close(self) -> None:
        """Let go of the files."""
        for world in self.worlds:
            world.close()
        self.phones.close()
