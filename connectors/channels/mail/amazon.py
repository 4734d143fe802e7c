"""Amazon Web Services as far as SES needs them: addresses, signed requests (Signature Version 4), what refusals mean
(https://docs.aws.amazon.com/ses/latest/APIReference-V2/CommonErrors.html)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote

from connectors.contract.errors import Rejected, Unreadable
from connectors.contract.http import Response
from connectors.contract.wire import first, obj, text

ENCRYPTED: Final = "x-amz-meta-x-amz-key-v2"
"""The header of an object that SES encrypted before it was stored: with a key that only the customer has."""

_REGION: Final = re.compile(r"[a-z]{2}(-[a-z]+)+-[0-9]{1,2}")
_BUCKET: Final = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_XML_CODE: Final = re.compile(rb"<Code>([A-Za-z0-9.]{1,80})</Code>")
# By status 403 or 400 they would be about this one request; they are about the key.
_KEY_REFUSED: Final = frozenset(
    {
        "AccountProblem",
        "AuthFailure",
        "ExpiredToken",
        "ExpiredTokenException",
        "IncompleteSignature",
        "IncompleteSignatureException",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "MissingAuthenticationToken",
        "MissingAuthenticationTokenException",
        "NotSignedUp",
        "OptInRequired",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)
_TOO_MANY: Final = frozenset(
    {
        "LimitExceededException",
        "RequestThrottled",
        "SlowDown",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """An access key and the region that it is used in; `base_url` of a test system that stands for all services."""

    access_key_id: str
    secret_access_key: str = field(repr=False)
    region: str
    base_url: str = ""

    @property
    def has_region(self) -> bool:
        return bool(_REGION.fullmatch(self.region))

    @property
    def ses_url(self) -> str:
        return f"{self.base_url or f'https://email.{self.region}.amazonaws.com'}/v2/email"

    def object_url(self, bucket: str, key: str) -> str:
        """A name with dots has no certificate of its own: it goes into the path. Raises Unreadable."""
        if not _BUCKET.fullmatch(bucket) or not key:
            raise Unreadable(detail="That is no place in S3.")
        path = quote(key, safe="/~")
        if self.base_url or "." in bucket:
            return f"{self.base_url or f'https://s3.{self.region}.amazonaws.com'}/{bucket}/{path}"
        return f"https://{bucket}.s3.{self.region}.amazonaws.com/{path}"

    def signed(self, method: str, url: str, service: str) -> dict[str, str]:
        """The headers that prove a request without a body to be ours. `service`: `ses` or `s3`."""
        # Loaded by who uses it: botocore takes some 18 MB of each process.
        from botocore.auth import S3SigV4Auth, SigV4Auth
        from botocore.awsrequest import AWSRequest
        from botocore.credentials import Credentials

        request = AWSRequest(method=method, url=url)
        signer = S3SigV4Auth if service == "s3" else SigV4Auth
        key = Credentials(self.access_key_id, self.secret_access_key)
        signer(key, service, self.region).add_auth(request)
        return {name.lower(): str(value) for name, value in request.headers.items()}

    def message_id(self, ses_id: str) -> str:
        """The Message-ID that a mail has in the world: SES replaces ours."""
        host = "email" if self.region == "us-east-1" else self.region
        return f"<{ses_id}@{host}.amazonses.com>" if ses_id else ""


def account_of(settings: Mapping[str, str], base_url: str) -> Account:
    """From settings as `Esp.settings` names them. Raises Rejected where one is missing or can't be right."""
    found = Account(
        access_key_id=settings.get("access_key_id", ""),
        secret_access_key=settings.get("secret_access_key", ""),
        region=settings.get("region", ""),
        base_url=base_url,
    )
    if not found.access_key_id or not found.secret_access_key:
        raise Rejected("Amazon SES needs an access key ID and its secret.", code="no_key")
    if not found.has_region:
        raise Rejected("Amazon SES needs a region, such as eu-central-1.", code="no_region")
    return found


def status_of(code: str, status: int) -> int:
    """The status that says what a refusal is about: Amazon tells that by its code."""
    if code in _KEY_REFUSED:
        return 401
    return 429 if code in _TOO_MANY else status


def refusal(response: Response) -> tuple[str, str]:
    """(code, message) of an answer in JSON (SES) or XML (S3)."""
    if found := _XML_CODE.search(response.body[:4000]):
        return found[1].decode(), ""
    try:
        told = obj(response.json())
    except Unreadable:
        told = {}
    # With an address behind it, and as __type with a namespace before it.
    named = first(response.headers.get("x-amzn-errortype"), told.get("__type"), told.get("code"))
    code = named.partition(":")[0].rpartition("#")[2]
    return code, text(told.get("message")) or text(told.get("Message"))
