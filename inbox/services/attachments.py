"""Where a file of a message is to be had: at the PMS, by a link that may have died."""

from __future__ import annotations

import re
from datetime import timedelta

from bellhop.core import clock
from connectors.contract.errors import NotFound, Unsupported
from connectors.outbound import caller
from inbox.models import Attachment, Message

# A longer link was cut when it was stored.
_WHOLE_BELOW = 1_000


def link(message: Message, place: int) -> str:
    """A link that is good now; one that may have died is read anew. `place` counts the message's files from 0.

    Raises NotFound where there is no such file, ConnectorError where the PMS can't be asked.
    """
    held = next(iter(message.attachments.order_by("pk")[place : place + 1]), None)
    if held is None:
        raise NotFound(detail=f"file {place} of message {message.pk}")
    url = held.url if _is_good(message, held) else _read_again(message, held)
    # Whoever wrote the message may have chosen it.
    if not re.match(r"https?://", url):
        raise NotFound(detail=f"file {place} of message {message.pk} has no address")
    return url


def _is_good(message: Message, held: Attachment) -> bool:
    if message.connection is None:
        return True
    lives = caller.pms_for(message.connection).attachment_links_s
    whole = len(held.url) < _WHOLE_BELOW
    return lives is None or (whole and clock.now() < message.created_at + timedelta(seconds=lives))


def _read_again(message: Message, held: Attachment) -> str:
    assert message.connection is not None
    connector, call = caller.pms_for(message.connection), caller.caller_for(message.connection)
    try:
        files = connector.read_attachments(call, message.thread.conversation_id, message.remote_id)
    except Unsupported:
        return held.url
    found = next((one for one in files if one.external_id == held.remote_id), None)
    if found is None:
        raise NotFound(detail=f"file {held.remote_id} is gone")
    return found.url
