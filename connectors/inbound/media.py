"""The bytes of a file that a message brought: from a link, from the provider, or out of a journaled delivery."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import Message as Header

from bellhop.core import clock, http
from bellhop.core.download import download
from bellhop.core.file_types import MAX_BYTES
from connectors.contract.base import PmsConnector
from connectors.contract.channel import ChannelConnector, Media
from connectors.contract.errors import NotFound, Rejected, Unreachable, Unsupported
from connectors.contract.records import AttachmentRecord
from connectors.models import Connection, WebhookDelivery
from connectors.outbound import caller

# A longer link was cut when it was stored.
WHOLE_BELOW = 1_000
_GONE = frozenset({401, 403, 404, 410})


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRef:
    """Which file: its id, name and link as a message told them at `told_at`, the conversation and message that name it,
    and the delivery that it lies in (an e-mail's)."""

    external_id: str
    told_at: datetime
    url: str = ""
    name: str = ""
    mime_type: str = ""
    conversation_id: str = ""
    message_id: str = ""
    delivery_id: int | None = None


def read(connection: Connection, ref: FileRef) -> Media:
    """The bytes of a file, not looked at yet. No transaction may be open: it takes as long as it takes.

    Raises NotFound where it is gone for good, Rejected where it may not or can't be fetched (code `too_large`,
    `address_refused`), any other ConnectorError where it may be had later.
    """
    call = caller.caller_for(connection, bulk=True)
    connector = call.connector  # this very one: it knows where the provider leads it on to
    if not isinstance(connector, ChannelConnector):
        return _from_link(connection, ref)
    if ref.delivery_id is None:
        record = AttachmentRecord(
            external_id=ref.external_id, name=ref.name, url=ref.url, mime_type=ref.mime_type
        )
        return connector.fetch(call, record)
    delivery = WebhookDelivery.objects.filter(pk=ref.delivery_id, connection=connection).first()
    if delivery is None or not delivery.body:
        raise NotFound(detail=f"delivery {ref.delivery_id} is no longer kept")
    return connector.part(delivery.headers, bytes(delivery.body), ref.external_id)


def link(connection: Connection, ref: FileRef) -> str:
    """A link that is good now; one that may have died is read anew. Raises NotFound, ConnectorError."""
    url = ref.url if _is_good(connection, ref) else _read_again(connection, ref)
    # Whoever wrote the message may have chosen it.
    if not re.match(r"https?://", url):
        raise NotFound(detail=f"file {ref.external_id} has no address")
    return url


def _is_good(connection: Connection, ref: FileRef) -> bool:
    connector = caller.connector_for(connection)
    lives = connector.attachment_links_s if isinstance(connector, PmsConnector) else None
    return lives is None or (
        len(ref.url) < WHOLE_BELOW and clock.now() < ref.told_at + timedelta(seconds=lives)
    )


def _read_again(connection: Connection, ref: FileRef) -> str:
    connector, call = caller.pms_for(connection), caller.caller_for(connection)
    try:
        files = connector.read_attachments(call, ref.conversation_id, ref.message_id)
    except Unsupported:
        return ref.url
    found = next((one for one in files if one.external_id == ref.external_id), None)
    if found is None:
        raise NotFound(detail=f"file {ref.external_id} is gone")
    return found.url


def _from_link(connection: Connection, ref: FileRef) -> Media:
    """A PMS's file: its link needs no sign-in. One that is refused is read anew, once."""
    url = link(connection, ref)
    answer = _download(url)
    if answer.status in _GONE:
        renewed = _read_again(connection, ref)
        answer = _download(renewed) if renewed != url else answer
    if answer.status in _GONE:
        raise NotFound(detail=f"HTTP {answer.status}")
    if answer.status != 200:
        raise Unreachable(detail=f"HTTP {answer.status}", code=str(answer.status))
    return Media(
        content=answer.body, mime_type=answer.headers.get("content-type", ""), name=ref.name or _named(answer)
    )


def _download(url: str) -> http.Answer:
    try:
        return download(url, max_bytes=MAX_BYTES)
    except http.AddressRefused as error:
        raise Rejected(
            "This address may not be called.", detail=str(error), code="address_refused"
        ) from error
    except http.AnswerTooLarge as error:
        raise Rejected("The file is too large.", detail=str(error), code="too_large") from error
    except http.HttpError as error:
        raise Unreachable(detail=str(error)) from error


def _named(answer: http.Answer) -> str:
    header = Header()
    header["content-disposition"] = answer.headers.get("content-disposition", "")
    return header.get_filename("") or ""
