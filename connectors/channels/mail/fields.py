"""What is asked for when mail is connected."""

from __future__ import annotations

from typing import Final

from connectors.channels.mail.esps import ESPS
from connectors.contract.connector import CredentialField
from connectors.contract.words import gettext_noop as _

_SECURITY: Final = (
    ("tls", _("TLS from the first byte")),
    ("starttls", _("STARTTLS")),
    ("none", _("None, for a host on this machine's own network")),
)
MAILBOX: Final = (
    CredentialField(
        name="address",
        label=_("E-mail address"),
        secret=False,
        help=_("Of a mailbox that only Bellhop reads: what comes in there becomes a thread."),
    ),
    CredentialField(
        name="imap_host", label=_("IMAP host"), secret=False, help=_("Such as imap.hotel.example.")
    ),
    CredentialField(
        name="imap_port", label=_("IMAP port"), secret=False, required=False, help=_("Empty: 993.")
    ),
    CredentialField(
        name="imap_security",
        label=_("IMAP encryption"),
        secret=False,
        required=False,
        choices=_SECURITY,
        help=_("Empty: as usual for the port."),
    ),
    CredentialField(
        name="login", label=_("Login"), secret=False, required=False, help=_("Empty: the address.")
    ),
    CredentialField(
        name="sign_in",
        label=_("How to sign in"),
        secret=False,
        required=False,
        choices=(
            ("password", _("With a password")),
            ("microsoft", _("Microsoft 365, as an application")),
            ("google", _("Google, with a refresh token")),
        ),
        help=_("Empty: with a password. Microsoft 365 takes none any more."),
    ),
    CredentialField(
        name="password",
        label=_("Password"),
        required=False,
        help=_("Where the provider asks for a second factor, an app password. Not needed for Microsoft 365."),
    ),
    CredentialField(
        name="tenant",
        label=_("Microsoft: directory (tenant) ID"),
        secret=False,
        required=False,
        help=_("In Entra, on the overview page of the app registration."),
    ),
    CredentialField(
        name="client_id",
        label=_("Microsoft or Google: client ID"),
        secret=False,
        required=False,
        help=_("Microsoft calls it application ID."),
    ),
    CredentialField(
        name="client_secret",
        label=_("Microsoft or Google: client secret"),
        required=False,
        help=_("Microsoft shows its value once, when it is made."),
    ),
    CredentialField(
        name="refresh_token",
        label=_("Google: refresh token"),
        required=False,
        help=_("For the scope https://mail.google.com/, given by the mailbox's owner."),
    ),
    CredentialField(
        name="smtp_host", label=_("SMTP host"), secret=False, help=_("Such as smtp.hotel.example.")
    ),
    CredentialField(
        name="smtp_port", label=_("SMTP port"), secret=False, required=False, help=_("Empty: 587.")
    ),
    CredentialField(
        name="smtp_security",
        label=_("SMTP encryption"),
        secret=False,
        required=False,
        choices=_SECURITY,
        help=_("Empty: as usual for the port."),
    ),
    CredentialField(
        name="smtp_login",
        label=_("SMTP login"),
        secret=False,
        required=False,
        help=_("Empty: the same as for IMAP."),
    ),
    CredentialField(
        name="smtp_password",
        label=_("SMTP password"),
        required=False,
        help=_("Empty: the same as for IMAP."),
    ),
    CredentialField(
        name="sent_folder",
        label=_("Folder of sent mail"),
        secret=False,
        required=False,
        help=_("Empty: the one that the host marks as such."),
    ),
    CredentialField(
        name="keeps_sent",
        label=_("The host itself keeps what is sent"),
        secret=False,
        required=False,
        choices=(("yes", _("Yes, as Gmail and Microsoft 365 do")), ("no", _("No"))),
        help=_("Else Bellhop puts a copy into that folder. Empty: no."),
    ),
    CredentialField(
        name="authserv_id",
        label=_("Receiving host"),
        secret=False,
        required=False,
        help=_(
            "As Authentication-Results names it in a mail that came in; with it, forged senders are marked."
        ),
    ),
)
PROVIDER: Final = (
    CredentialField(
        name="esp",
        label=_("Provider"),
        secret=False,
        choices=tuple((slug, esp.label) for slug, esp in ESPS.items()),
    ),
    CredentialField(
        name="address",
        label=_("Sender's address"),
        secret=False,
        help=_("What guests see. Its domain is verified at the provider, with SPF and DKIM in your DNS."),
    ),
    CredentialField(
        name="api_key",
        label=_("API key"),
        help=_("Postmark: the server token. Scaleway: the secret key."),
    ),
    CredentialField(
        name="api_secret",
        label=_("Second key"),
        required=False,
        help=_("Mailjet: the secret key. Scaleway: the project ID. Others: empty."),
    ),
    CredentialField(
        name="domain",
        label=_("Sending domain"),
        secret=False,
        required=False,
        help=_("Mailgun only."),
    ),
    CredentialField(
        name="webhook_password",
        label=_("Password of the webhooks"),
        help=_(
            "Make one up, long. It becomes part of the addresses that you enter at the provider afterwards."
        ),
    ),
    CredentialField(
        name="webhook_password_old",
        label=_("Password of the webhooks before"),
        required=False,
        help=_("Only while it is changed: both are believed."),
    ),
    CredentialField(
        name="signing_key",
        label=_("Key that signs webhooks"),
        required=False,
        help=_("Mailgun, MailerSend, Mailtrap, Mandrill, Postal, SendGrid: on their webhooks page."),
    ),
    CredentialField(
        name="inbound_key",
        label=_("Key that signs incoming mail"),
        required=False,
        help=_("MailerSend only: on the inbound route's page."),
    ),
    CredentialField(
        name="inbound_address",
        label=_("Where answers come in"),
        secret=False,
        required=False,
        help=_(
            "An address, or @ and a domain, whose MX record leads to the provider. Empty: the sender's address."
        ),
    ),
    CredentialField(
        name="authserv_id",
        label=_("Receiving host"),
        secret=False,
        required=False,
        help=_(
            "As Authentication-Results names it in a mail that came in; with it, forged senders are marked."
        ),
    ),
)
