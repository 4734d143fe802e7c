from __future__ import annotations

from collections.abc import Iterator

from connectors.channels.mail.mailbox import Mailbox
from tests.connectors.channels.mail.helpers import FIXTURES
from tests.connectors.contract import ChannelSuite, refuses


class TestMailbox(ChannelSuite):
    connector_type = Mailbox
    fixtures = FIXTURES
    pushes = False
    credentials = {
        "address": "stay@hotel.example",
        "imap_host": "imap.hotel.example",
        "smtp_host": "smtp.hotel.example",
        "password": "the-password-of-the-mailbox",
    }

    def deliveries(self) -> Iterator[tuple[str, dict[str, str], bytes]]:
        return iter(())

    def test_it_states_its_facts(self) -> None:
        """No HTTP here: the hosts are credentials."""
        assert self.connector_type.slug
        assert self.make().home(refuses) == "imap://imap.hotel.example/"

    def test_only_its_own_hosts_are_called(self) -> None:
        made = self.make()
        assert made.is_ours("imap://imap.hotel.example/INBOX")
        assert made.is_ours("smtp://smtp.hotel.example/")
        for other in (
            "smtp://imap.hotel.example/",
            "imap://imap.hotel.example:25/",
            "https://imap.hotel.example/",
        ):
            assert not made.is_ours(other)
