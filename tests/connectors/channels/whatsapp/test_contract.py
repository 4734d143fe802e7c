from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from connectors.channels.whatsapp import WhatsApp
from connectors.contract.channel import ChannelConnector
from connectors.contract.connector import Settings
from tests.connectors.channels.whatsapp.helpers import CREDENTIALS, FIXTURES, hub, whatsapp
from tests.connectors.contract import AT, ChannelSuite


class BySecrets(WhatsApp):
    """The app secrets are credentials; the suite hands over what signs."""

    def verify(
        self, headers: dict[str, str], body: bytes, secrets: Sequence[str], at: datetime
    ) -> bool | None:
        names = ("app_secret", "app_secret_old")
        given = dict(zip(names, [*secrets, "", ""], strict=False))
        told = {**self.settings.credentials, **given}
        return WhatsApp(replace(self.settings, credentials=told)).verify(headers, body, (), at)


class TestWhatsApp(ChannelSuite):
    connector_type = WhatsApp
    fixtures = FIXTURES
    credentials = CREDENTIALS
    twins = ("authored_whatsapp_status_sent_v24.json",)

    def deliveries(self) -> Iterator[tuple[str, dict[str, str], bytes]]:
        for path in sorted(FIXTURES.glob("*.json")):
            if not path.name.startswith("whatsapp_send__"):
                yield path.name, {"content-type": "application/json"}, path.read_bytes()

    def sign(self, body: bytes, secret: str, at: datetime) -> dict[str, str] | None:
        return hub(body, secret)

    def secrets(self) -> tuple[str, ...]:
        return "a-first-app-secret", "a-second-app-secret"

    def _signed(self, at: datetime = AT) -> tuple[ChannelConnector, bytes, dict[str, str], list[str]]:
        _, body, headers, secrets = super()._signed(at)
        return BySecrets(Settings(credentials=CREDENTIALS)), body, headers, secrets

    @pytest.mark.parametrize("minutes", [-6, 6])
    def test_an_old_or_future_delivery_is_refused(self, minutes: int) -> None:
        """It can't be: no time is signed. A replay is the same delivery, which is taken once."""
        connector, body, headers, secrets = self._signed(AT + timedelta(minutes=minutes))
        assert connector.verify(headers, body, secrets, AT) is True
        assert connector.delivery_key(headers, body) == connector.delivery_key({}, body)

    def test_both_app_secrets_are_good_and_the_tokens_are_not(self) -> None:
        body = next(self.webhooks())[1]
        for name in ("app_secret", "app_secret_old"):
            assert whatsapp().verify(hub(body, CREDENTIALS[name]), body, (), AT) is True
        assert whatsapp().verify(hub(body, "verify-token"), body, ("verify-token",), AT) is False
        assert whatsapp(app_secret="", app_secret_old="").verify(hub(body, ""), body, ("",), AT) is False
