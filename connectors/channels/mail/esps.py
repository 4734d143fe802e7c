"""The e-mail providers that django-anymail knows, and what each wants
(https://anymail.dev/en/stable/esps/). Left out: Amazon SES (its library is not one of ours; its SMTP interface works as
a mailbox). Inbound by Brevo, Mailtrap and Resend, whose webhooks hold no mail but say where to fetch it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Esp:
    """`settings`: anymail's name of a setting → our credential. `inbound`, `tracking`: anymail's view of that webhook;
    `keys`: per kind of webhook, anymail's name of the signing key → our credential. `needs_url`: it has no address of
    its own. `keeps_id`: a header that keeps our Message-ID."""

    label: str
    settings: Mapping[str, str]
    inbound: str = ""
    tracking: str = ""
    keys: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    needs_url: bool = False
    keeps_id: tuple[str, str] | None = None


_KEY: Final = {"api_key": "api_key"}
_MANDRILL: Final = {"webhook_key": "signing_key"}
_POSTAL: Final = {"webhook_key": "signing_key"}
_MAILGUN: Final = {"webhook_signing_key": "signing_key"}

ESPS: Final[dict[str, Esp]] = {
    "brevo": Esp(label="Brevo", settings=_KEY, tracking="BrevoTrackingWebhookView"),
    "mailersend": Esp(
        label="MailerSend",
        settings={"api_token": "api_key"},
        inbound="MailerSendInboundWebhookView",
        tracking="MailerSendTrackingWebhookView",
        keys={"tracking": {"signing_secret": "signing_key"}, "inbound": {"inbound_secret": "inbound_key"}},
    ),
    "mailgun": Esp(
        label="Mailgun",
        settings={"api_key": "api_key", "sender_domain": "domain"},
        inbound="MailgunInboundWebhookView",
        tracking="MailgunTrackingWebhookView",
        keys={"tracking": _MAILGUN, "inbound": _MAILGUN},
    ),
    "mailjet": Esp(
        label="Mailjet",
        settings={"api_key": "api_key", "secret_key": "api_secret"},
        inbound="MailjetInboundWebhookView",
        tracking="MailjetTrackingWebhookView",
    ),
    "mailtrap": Esp(
        label="Mailtrap",
        settings={"api_token": "api_key"},
        tracking="MailtrapTrackingWebhookView",
        keys={"tracking": {"signing_secret": "signing_key"}},
    ),
    "mandrill": Esp(
        label="Mandrill",
        settings=_KEY,
        inbound="MandrillCombinedWebhookView",
        tracking="MandrillCombinedWebhookView",
        keys={"tracking": _MANDRILL, "inbound": _MANDRILL},
    ),
    "postal": Esp(
        label="Postal",
        settings=_KEY,
        inbound="PostalInboundWebhookView",
        tracking="PostalTrackingWebhookView",
        keys={"tracking": _POSTAL, "inbound": _POSTAL},
        needs_url=True,
    ),
    "postmark": Esp(
        label="Postmark",
        settings={"server_token": "api_key"},
        inbound="PostmarkInboundWebhookView",
        tracking="PostmarkTrackingWebhookView",
        keeps_id=("X-PM-KeepID", "true"),
    ),
    "resend": Esp(label="Resend", settings=_KEY, tracking="ResendTrackingWebhookView"),
    "scaleway": Esp(label="Scaleway", settings={"secret_key": "api_key", "project_id": "api_secret"}),
    "sendgrid": Esp(
        label="SendGrid",
        settings=_KEY,
        inbound="SendGridInboundWebhookView",
        tracking="SendGridTrackingWebhookView",
        keys={"tracking": {"tracking_webhook_verification_key": "signing_key"}},
    ),
    "sparkpost": Esp(
        label="SparkPost",
        settings=_KEY,
        inbound="SparkPostInboundWebhookView",
        tracking="SparkPostTrackingWebhookView",
    ),
    "unisender_go": Esp(
        label="Unisender Go", settings=_KEY, tracking="UnisenderGoTrackingWebhookView", needs_url=True
    ),
}
