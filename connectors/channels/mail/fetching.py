"""Fetching what a provider's webhooks only point to: mails, their files, and what Amazon's need before they count."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import quote, urlsplit

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from connectors.channels.mail import amazon, sns
from connectors.channels.mail.amazon import Account
from connectors.channels.mail.esp_webhooks import BREVO_FILE
from connectors.channels.mail.esps import ESPS
from connectors.channels.mail.pointers import Pointer
from connectors.contract.channel import Media
from connectors.contract.errors import NotFound, Rejected, Unreadable
from connectors.contract.http import Call, Request
from connectors.contract.records import AttachmentRecord
from connectors.contract.wire import first, obj

MAX_MAIL: Final = 40_000_000
_ANYTHING: Final = {"accept": "*/*"}
_MAX_CERTIFICATE: Final = 20_000
_MOST_KEYS: Final = 32

# Address of a certificate → its key, which has signed something. Amazon renews one at another address.
_keys: dict[str, RSAPublicKey] = {}


class Fetcher:
    """What is asked of one provider. `base_url` is that of a test system, which stands for all of its hosts. `files`
    are the addresses that were named there: they answer with bytes, and no others may be called beside the API."""

    def __init__(self, esp: str, base_url: str) -> None:
        found = ESPS.get(esp)
        self.api = (base_url or found.api) if found is not None and found.api else ""
        self.files: set[str] = set()
        self._downloads = found.downloads if found else ""
        self._base_url = base_url

    def is_ours(self, url: str) -> bool:
        return url in self.files or bool(self.api and url.startswith(f"{self.api}/"))

    # --- mails and their files ---
    def mail(self, call: Call, pointer: Pointer) -> bytes:
        """The mail itself: the API names a place for it, which is good for an hour."""
        told = obj(call(Request(method="GET", path=f"{self.api}{pointer.path}")).json())
        url = first(obj(told.get("raw")).get("download_url"), told.get("raw_message_url"))
        if not url:
            raise Unreadable(detail="The provider names no place for the mail.", code="no_place")
        if not self._may_lie_at(url):
            raise Rejected(
                detail=f"Not a place of the provider's: {urlsplit(url).hostname}", code="foreign_address"
            )
        self.files.add(url)
        return call(
            Request(method="GET", path=url, headers=_ANYTHING, max_answer=MAX_MAIL, authorized=False)
        ).body

    def _may_lie_at(self, url: str) -> bool:
        parts = urlsplit(url)
        if self._base_url:
            return parts[:2] == urlsplit(self._base_url)[:2]
        return parts.scheme == "https" and bool(re.fullmatch(self._downloads, parts.netloc))

    def file(self, call: Call, attachment: AttachmentRecord) -> Media:
        """A file that Brevo keeps apart, by its token (developers.brevo.com/reference/get-inbound-email-attachment)."""
        token = attachment.url.removeprefix(BREVO_FILE)
        if token == attachment.url or not token:
            raise NotFound(detail="Not a file of the provider's.", code="foreign_address")
        url = f"{self.api}/inbound/attachments/{quote(token, safe='')}"
        self.files.add(url)
        answer = call(Request(method="GET", path=url, headers=_ANYTHING, max_answer=MAX_MAIL))
        kind = first(answer.headers.get("content-type"), attachment.mime_type)
        return Media(content=answer.body, mime_type=kind.partition(";")[0].strip(), name=attachment.name)

    # --- Amazon ---
    def stored(self, call: Call, account: Account, pointer: Pointer) -> bytes:
        """A mail that SES has put into a bucket."""
        url = account.object_url(pointer.bucket, pointer.path)
        self.files.add(url)
        answer = call(Request(method="GET", path=url, headers=_ANYTHING, max_answer=MAX_MAIL))
        if answer.headers.get(amazon.ENCRYPTED):
            raise Rejected(
                "SES encrypts this mail before it is stored: switch that off in the receipt rule.",
                code="encrypted",
            )
        return answer.body

    def prove(self, call: Call, message: sns.Message) -> None:
        """Raises Rejected where Amazon did not sign it."""
        url = message.certificate_url
        if not sns.is_certificate(url, self._base_url):
            raise Rejected(
                "It claims to be from Amazon, but names a certificate of others.",
                detail=url[:200],
                code="forged",
            )
        known = _keys.get(url)
        if known is not None and sns.is_signed(message, known):
            return
        found = self._key(call, url)
        if not sns.is_signed(message, found):
            raise Rejected("It claims to be from Amazon, but the signature doesn't fit.", code="forged")
        if len(_keys) >= _MOST_KEYS:
            _keys.clear()
        _keys[url] = found

    def _key(self, call: Call, url: str) -> RSAPublicKey:
        self.files.add(url)
        request = Request(
            method="GET", path=url, headers=_ANYTHING, max_answer=_MAX_CERTIFICATE, authorized=False
        )
        return sns.key_in(call(request).body)

    def confirm(self, call: Call, message: sns.Message) -> None:
        """Take the subscription on (https://docs.aws.amazon.com/sns/latest/api/API_ConfirmSubscription.html); to do so
        twice does no harm."""
        url = message.subscribe_url
        if not sns.is_confirmation(url, self._base_url):
            raise Rejected(
                "The subscription is to be confirmed elsewhere.", detail=url[:200], code="foreign_address"
            )
        self.files.add(url)
        call(Request(method="GET", path=url, headers=_ANYTHING, authorized=False))
