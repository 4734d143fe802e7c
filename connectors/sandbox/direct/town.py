"""Everything of the direct channels put together: providers, phones, mail, and the loops that keep them going."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path

from connectors.sandbox.direct.esps import Esps
from connectors.sandbox.direct.line_world import LineWorld, Mover
from connectors.sandbox.direct.mail.house import MAIL
from connectors.sandbox.direct.mail.office import PostOffice
from connectors.sandbox.direct.mail.records import Mailbox
from connectors.sandbox.direct.oauth import GOOGLE, MICROSOFT, Google, Issuer, Microsoft
from connectors.sandbox.direct.phones import Phones
from connectors.sandbox.direct.provider import Provider
from connectors.sandbox.direct.records import Text
from connectors.sandbox.direct.twilio import TWILIO, Twilio
from connectors.sandbox.direct.twilio import Moves as TwilioMoves
from connectors.sandbox.direct.whatsapp import WHATSAPP_CLOUD, Graph
from connectors.sandbox.direct.whatsapp import Moves as WhatsappMoves
from connectors.sandbox.records import Application
from connectors.sandbox.sender import Sender
from connectors.sandbox.world import World

Loop = Callable[[], Coroutine[None, None, None]]
_SMTP_ABOVE, _IMAP_ABOVE = 24, 142


class Town:
    """The providers, the guests' phones and the mail. This program is reached at `host` and `port`."""

    def __init__(self, data: Path, host: str, port: int) -> None:
        address = f"http://{host}:{port}"
        self.host = host
        self._port = port
        self.ports = (0, 0)
        self._stop_mail: Callable[[], None] = lambda: None
        self.phones = Phones(data)
        self.twilio = LineWorld(data, TWILIO, self.phones, address)
        self.whatsapp = LineWorld(data, WHATSAPP_CLOUD, self.phones, address)
        self.mail = World(data, MAIL)
        self.office = PostOffice(self.mail)
        microsoft, google = Microsoft(World(data, MICROSOFT)), Google(World(data, GOOGLE))
        self.issuers: dict[str, Issuer] = {issuer.name: issuer for issuer in (microsoft, google)}
        self.office.issuers = [microsoft, google]
        self._esps = Esps(data, self.office, address)
        self.desks = self._esps.desks
        self.lines = (self.twilio, self.whatsapp)
        self.worlds: tuple[World, ...] = (
            *self.lines,
            *self._esps.worlds(),
            self.mail,
            microsoft.world,
            google.world,
        )
        for world in self.worlds:
            _plant_once(world)
        self.providers = (
            Provider(self.twilio, "/twilio", Twilio(self.twilio).routes()),
            Provider(self.whatsapp, "/graph", Graph(self.whatsapp).routes()),
            *self._esps.providers,
            Provider(microsoft.world, "/microsoft", microsoft.routes()),
            Provider(google.world, "/google", google.routes()),
        )

    def loops(self) -> list[Loop]:
        """What has to run meanwhile."""
        steps: list[tuple[LineWorld, Callable[[Text], Awaitable[None]]]] = [
            (self.twilio, TwilioMoves(self.twilio).step),
            (self.whatsapp, WhatsappMoves(self.whatsapp).step),
        ]
        movers = [Mover(world, step).run for world, step in steps]
        senders = [Sender(world).run for world in (*self.lines, *self._esps.worlds())]
        return [*movers, *senders]

    def open(self) -> None:
        """Begin to serve mail. Twisted works in this program's loop; its servers are imported only once it does."""
        from twisted.internet import asyncioreactor

        asyncioreactor.install(asyncio.get_running_loop())
        from connectors.sandbox.direct.mail.servers import MailServers

        servers = MailServers(self.office)
        self.ports = servers.start(self.host, self._port + _SMTP_ABOVE, self._port + _IMAP_ABOVE)
        self._stop_mail = servers.stop

    def close(self) -> None:
        """Serve no more mail, and let go of the files."""
        self._stop_mail()
        for world in self.worlds:
            world.close()
        self.phones.close()
        self._esps.close()


def _plant_once(world: World) -> None:
    first = Mailbox if Mailbox in world.store.tables else Application
    if not world.store.count(first):
        with world.store.tx():
            world.house.plant(world.store, world.clock.now())
