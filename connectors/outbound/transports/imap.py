"""IMAP (RFC 9051) as a transport: one sitting per request.

    GET imap://host/                        the folders: name and flags
    GET imap://host/INBOX?…                 mails: `after` (UID), `since` (a day) or `uids`, `skip` (UIDs), `most`
    GET imap://host/Sent?message_id=<…>     the UIDs under which it stands there
    GET imap://host/INBOX?wait=540          until something changes there, or so many seconds (IDLE, RFC 2177)
    APPEND imap://host/Sent                 keep `content` as a mail that was read

Nothing is ever marked as read or deleted. Answers are JSON, mails in base64; the status is 200, 401, 404 or 400.
"""

from __future__ import annotations

import base64
import imaplib
import re
import socket
import ssl
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

from bellhop.core import http
from connectors.outbound.transports import idle
from connectors.outbound.transports.lines import Line, answer, encrypted, ended_after, line_of, xoauth2

READ_S = 30.0
TOTAL_S = 120.0
MOST = 20
_FOLDER = re.compile(rb'^\((?P<flags>[^)]*)\) (?:"[^"]*"|NIL) (?P<name>.+)$')
_SIZE = re.compile(rb"UID (\d+) .*?RFC822\.SIZE (\d+)|RFC822\.SIZE (\d+) .*?UID (\d+)", re.DOTALL)
_UID = re.compile(rb"UID (\d+)")
_DATED = re.compile(rb'INTERNALDATE "([^"]+)"')
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class _Refused(Exception):
    def __init__(self, status: int, text: str) -> None:
        self.status, self.text = status, text[:300]
        super().__init__(text)


class _Imap(imaplib.IMAP4):
    """Over a line that was judged and opened already."""

    def __init__(self, line: Line) -> None:
        self._line = line
        super().__init__(line.host, line.port, timeout=READ_S)

    def _create_socket(self, timeout: float | None) -> socket.socket:
        plain = http.connect(self._line.host, self._line.port)
        plain.settimeout(timeout)
        return encrypted(plain, self._line.host) if self._line.security == "tls" else plain


def talk(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str],
    content: bytes,
    max_bytes: int,
    before_send: Callable[[], None],
) -> http.Answer:
    line = line_of(url, headers)
    query = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    sent = False
    try:
        client = _Imap(line)
        try:
            with ended_after(TOTAL_S + idle.seconds_of(query), client.sock):
                _sign_in(client, line)
                before_send()
                sent = True
                return _do(client, method, line.path, query, content, max_bytes)
        finally:
            _leave(client)
    except _Refused as refused:
        return answer(refused.status, text=refused.text)
    except (imaplib.IMAP4.error, OSError, ValueError) as error:
        kind = http.NoAnswer if sent else http.NotSent
        raise kind(f"{line.host}: {type(error).__name__}") from error


def _sign_in(client: _Imap, line: Line) -> None:
    if line.security == "starttls":
        client.starttls(ssl.create_default_context())
    try:
        if line.token:
            client.authenticate("XOAUTH2", _answers(xoauth2(line)))
        else:
            client.login(line.login, line.password)
    except client.abort:
        raise
    except client.error as error:
        raise _Refused(401, str(error)) from error


def _answers(first: str) -> Callable[[bytes], bytes]:
    """A second challenge tells the error, and wants an empty answer."""
    left = [first.encode()]
    return lambda _challenge: left.pop() if left else b""


def _leave(client: _Imap) -> None:
    try:
        client.logout()
    except (imaplib.IMAP4.error, OSError):
        client.shutdown()


def _do(
    client: _Imap, method: str, folder: str, query: Mapping[str, str], content: bytes, max_bytes: int
) -> http.Answer:
    if method == "APPEND":
        _check(client.append(_quoted(folder), r"(\Seen)", "", content))
        return answer(200)
    if not folder:
        return answer(200, folders=_folders(client))
    status, told = client.select(_quoted(folder), readonly=True)
    if status != "OK":
        raise _Refused(404, repr(told))
    validity = int((client.response("UIDVALIDITY")[1] or [b"0"])[0] or b"0")
    if seconds := idle.seconds_of(query):
        return answer(200, **idle.wait(client, seconds))
    if wanted := query.get("message_id"):
        return answer(200, uidvalidity=validity, uids=_search(client, "HEADER", "Message-ID", _text(wanted)))
    uids = [uid for uid in _wanted(client, query) if uid not in _numbers(query.get("skip", ""))]
    most = min(int(query.get("most", MOST)), MOST)
    mails, left_out = _fetch(client, uids[:most], max_bytes)
    return answer(200, uidvalidity=validity, mails=mails, left_out=left_out, more=len(uids) > most)


def _wanted(client: _Imap, query: Mapping[str, str]) -> list[int]:
    """In rising order. `n:*` always names the last mail, too."""
    if given := query.get("uids"):
        return sorted(_numbers(given))
    if given := query.get("after"):
        first = int(given) + 1
        return [uid for uid in _search(client, "UID", f"{first}:*") if uid >= first]
    since = date.fromisoformat(query.get("since", "1970-01-01"))
    return _search(client, "SINCE", f"{since.day}-{_MONTHS[since.month - 1]}-{since.year}")


def _numbers(given: str) -> set[int]:
    return {int(one) for one in given.split(",") if one.isascii() and one.isdigit()}


def _search(client: _Imap, *words: str) -> list[int]:
    found = _check(client.uid("SEARCH", *words))
    return sorted(int(one) for line in found if isinstance(line, bytes) for one in line.split())


def _fetch(client: _Imap, uids: list[int], max_bytes: int) -> tuple[list[dict[str, object]], list[int]]:
    """Whole mails, and the UIDs of those that are too large."""
    mails: list[dict[str, object]] = []
    left_out: list[int] = []
    room = max_bytes * 3 // 4
    sizes = _sizes(client, uids)
    for uid in uids:
        size = sizes.get(uid, 0)
        if size > max_bytes * 3 // 4:
            left_out.append(uid)
            continue
        if size > room:
            break
        room -= size
        for line in _check(client.uid("FETCH", str(uid), "(UID INTERNALDATE BODY.PEEK[])")):
            if isinstance(line, tuple):
                raw = base64.b64encode(line[1]).decode()
                mails.append({"uid": uid, "date": _moment(line[0]), "raw": raw})
    return mails, left_out


def _sizes(client: _Imap, uids: list[int]) -> dict[int, int]:
    if not uids:
        return {}
    found: dict[int, int] = {}
    for line in _check(client.uid("FETCH", ",".join(map(str, uids)), "(UID RFC822.SIZE)")):
        raw = line[0] if isinstance(line, tuple) else line
        if isinstance(raw, bytes) and (hit := _SIZE.search(raw)):
            uid, size, size_first, uid_last = hit.groups()
            found[int(uid or uid_last)] = int(size or size_first)
    return found


def _folders(client: _Imap) -> list[dict[str, object]]:
    found: list[dict[str, object]] = []
    for line in _check(client.list()):
        if isinstance(line, bytes) and (hit := _FOLDER.match(line)):
            name = hit["name"].strip().strip(b'"').replace(b'\\"', b'"').replace(b"\\\\", b"\\")
            found.append(
                {
                    "name": name.decode("ascii", "replace"),
                    "flags": hit["flags"].decode("ascii", "replace").split(),
                }
            )
    return found


def _check(result: tuple[str, Any]) -> list[Any]:
    status, told = result
    if status != "OK":
        raise _Refused(400, repr(told))
    return list(told)


def _moment(envelope: bytes) -> str | None:
    """When it came in, ISO in UTC."""
    found = _DATED.search(envelope)
    try:
        given = datetime.strptime(found[1].decode().strip(), "%d-%b-%Y %H:%M:%S %z") if found else None
    except ValueError:
        return None
    return given.astimezone(UTC).isoformat() if given else None


def _quoted(name: str) -> str:
    """Names are asked for as they were listed. Raises _Refused for what can't be one."""
    if not name.isascii() or any(ord(sign) < 0x20 for sign in name):
        raise _Refused(404, "not a folder")
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _text(value: str) -> str:
    if not value.isascii() or any(ord(sign) < 0x20 for sign in value):
        raise _Refused(400, "not an id")
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
