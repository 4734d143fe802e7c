"""The providers of e-mail put together; all of them deliver to the same mailboxes."""

from pathlib import Path

from connectors.sandbox.direct import brevo, mailtrap, postmark, resend, ses
from connectors.sandbox.direct.esp.desk import Desk
from connectors.sandbox.direct.mail.office import PostOffice
from connectors.sandbox.direct.provider import Provider
from connectors.sandbox.world import World


class Esps:
    """Every provider with its desk, by the name of its house. This program is reached at `address`."""

    def __init__(self, data: Path, office: PostOffice, address: str) -> None:
        self._notary = ses.Notary(data)
        publisher = ses.Publisher(self._notary, f"{address}/aws/")
        mark = postmark.Sending(World(data, postmark.POSTMARK), office)
        amazon = ses.Sending(World(data, ses.make(publisher)), office)
        re = resend.Sending(World(data, resend.RESEND), office)
        blue = brevo.Sending(World(data, brevo.BREVO), office)
        trap = mailtrap.Sending(World(data, mailtrap.MAILTRAP), office)
        self.desks: dict[str, Desk] = {desk.world.house.name: desk for desk in (mark, amazon, re, blue, trap)}
        self.providers = (
            Provider(mark.world, "/postmark", postmark.Postmark(mark).routes()),
            Provider(amazon.world, "/aws", ses.Aws(amazon, self._notary).routes()),
            Provider(re.world, "/resend", resend.Resend(re, f"{address}/resend").routes()),
            Provider(blue.world, "/brevo", brevo.Brevo(blue).routes()),
            Provider(trap.world, "/mailtrap", mailtrap.Mailtrap(trap, f"{address}/mailtrap").routes()),
        )

    def worlds(self) -> list[World]:
        """Their worlds."""
        return [desk.world for desk in self.desks.values()]

    def close(self) -> None:
        """Let go of the key that signs for SNS; the worlds are closed with all others."""
        self._notary.close()
