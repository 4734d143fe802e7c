"""Waiting on an open IMAP line until the folder changes (IDLE, RFC 2177). `imaplib` knows no such command in the
Pythons that Bellhop runs on, hence its inner parts."""

from __future__ import annotations

import imaplib
import select
import ssl
import time
from collections.abc import Mapping
from typing import Final

# Servers may drop a client that has waited for 30 minutes.
MOST_S: Final = 29 * 60
_STILL_THERE: Final = b"* OK"
imaplib.Commands.setdefault("IDLE", ("SELECTED",))


def seconds_of(query: Mapping[str, str]) -> int:
    """How long it is to be waited; 0 where that isn't asked."""
    given = query.get("wait", "")
    return min(int(given), MOST_S) if given.isascii() and given.isdigit() else 0


def wait(client: imaplib.IMAP4, seconds: int) -> dict[str, bool]:
    """`can_wait`, and whether anything `changed`; a line that broke may have hidden something, and counts as that."""
    tag = client._command("IDLE")  # noqa: SLF001
    came = False
    try:
        while (told := client._get_response()) is not None:  # noqa: SLF001
            if client.tagged_commands[tag] is not None:
                return {"can_wait": False, "changed": False}
            came = came or told.endswith(b" EXISTS")  # between the look into the folder and the waiting
        changed = came or _changes(client, time.monotonic() + seconds)
        client.send(b"DONE\r\n")
        client._command_complete("IDLE", tag)  # noqa: SLF001
    except client.abort:
        return {"can_wait": True, "changed": True}
    except client.error:
        return {"can_wait": False, "changed": False}
    except OSError:
        return {"can_wait": True, "changed": True}
    return {"can_wait": True, "changed": changed}


def _changes(client: imaplib.IMAP4, until: float) -> bool:
    """Raises OSError, IMAP4.abort."""
    while (left := until - time.monotonic()) > 0:
        if not _is_readable(client, left):
            return False
        line = client._get_line()  # noqa: SLF001
        if not line.startswith(_STILL_THERE):
            return True
    return False


def _is_readable(client: imaplib.IMAP4, seconds: float) -> bool:
    line = client.sock
    if isinstance(line, ssl.SSLSocket) and line.pending():
        return True
    return bool(select.select([line], [], [], seconds)[0])
