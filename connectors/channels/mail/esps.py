"""The e-mail providers that django-anymail knows, and what each wants (https://anymail.dev/en/stable/esps/)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Esp:
    """`settings`: anymail's name of a setting → our credential. `inbound`, `tracking`: anymail's view of that webhook;
    `keys`: per kind of webhook, anymail's name of the signing key → our credential; `svix`: these are keys of Svix,
    checked by us. `needs_url`: it has no address of its own. `keeps_id`: a header that keeps our Message-ID. `api`:
    where that is fetched to which its webhooks point, `key_header` and `key_form` how its key is shown there, and
    `downloads` the hosts, as a pattern, to which the API leads on. `by_tag`: its events tell tags, but not the headers
    in which anymail lets our reference travel."""

    label: str
    settings: Mapping[str, str]
    inbound: str = ""
    tracking: str = ""
    keys: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    svix: bool = False
    needs_url: bool = False
    api: str = ""
    key_header: str = "authorization"
    key_form: str = "Bearer {}"
    downloads: str = ""
    by_tag: bool = False
    keeps_id: tuple[str, str] | None = None


_KEY: Final = {"api_key": "api_key"}
_MANDRILL: Final = {"webhook_key": "signing_key"}
_POSTAL: Final = {"webhook_key": "signing_key"}
_MAILGUN: Final = {"webhook_signing_key": "signing_key"}

ESPS: Final[dict[str, Esp]] = {
    "amazon_ses": Esp(
        label="Amazon SES",
        settings={
            "access_key_id": "api_key",
            "secret_access_key": "api_secret",
            "region": "region",
            "configuration_set_name": "configuration_set",
        },
        inbound="AmazonSESInboundWebhookView",
        tracking="AmazonSESTrackingWebhookView",
    ),
    "brevo": Esp(
        label="Brevo",
        settings=_KEY,
        inbound="BrevoInboundWebhookView",
        tracking="BrevoTrackingWebhookView",
        api="https://api.brevo.com/v3",
        key_header="api-key",
        key_form="{}",
    ),
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
        inbound="MailtrapInboundWebhookView",
        tracking="MailtrapTrackingWebhookView",
        keys={"tracking": {"tracking_secret": "signing_key"}, "inbound": {"inbound_secret": "inbound_key"}},
        api="https://mailtrap.io/api",
        # "Presigned URL to download the raw .eml file", at S3 (specs/inbound.openapi.yml of mailtrap-openapi).
        downloads=r"([a-z0-9.-]+\.)?s3([.-][a-z0-9-]+)?\.amazonaws\.com",
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
    "resend": Esp(
        label="Resend",
        settings=_KEY,
        inbound="ResendInboundWebhookView",
        tracking="ResendTrackingWebhookView",
        keys={"tracking": {"signing_secret": "signing_key"}, "inbound": {"inbound_secret": "inbound_key"}},
        svix=True,
        by_tag=True,  # https://resend.com/docs/dashboard/emails/tags
        api="https://api.resend.com",
        # "Signed CloudFront URL" (https://resend.com/docs/api-reference/emails/retrieve-received-email), in examples of
        # inbound-cdn.resend.com.
        downloads=r"[a-z0-9-]+\.(resend\.com|cloudfront\.net)",
    ),
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
