"""SMTP submission (RFC 6409) as a transport. The status of an answer is SMTP's own reply code.

`SEND` hands over one mail: `content` as it is, `x-from` and `x-to` the envelope. `HEAD` signs in and says good-bye.

A mail is taken with the last line of its text and not before: until that line goes, surely nothing has left; afterwards
only the host's answer tells.
"""

from __future__ import annotations

import re
import smtplib
import socket
import ssl
from collections.abc import Callable, Mapping

from bellhop.core import http
from connectors.outbound.transports.lines import Line, answer, encrypted, ended_after, line_of, xoauth2

READ_S = 30.0
TOTAL_S = 90.0
_END = b".\r\n"
_LINE_ENDS = re.compile(rb"\r\n|\r|\n")
_ADDRESS = re.compile(r"^[\x21-\x7e]*$")


class _Smtp(smtplib.SMTP):
    """Over a line that was judged and opened already."""

    def __init__(self, line: Line) -> None:
        self._line = line
        super().__init__(timeout=READ_S)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        plain = http.connect(host, port)
        plain.settimeout(timeout)
        return encrypted(plain, host) if self._line.security == "tls" else plain


def send(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str],
    content: bytes,
    max_bytes: int,  # noqa: ARG001 - replies are lines
    before_send: Callable[[], None],
) -> http.Answer:
    line = line_of(url, headers)
    client = _Smtp(line)
    client._host = line.host  # type: ignore[attr-defined]  # noqa: SLF001 - the name that STARTTLS checks
    left = False

    def leaves() -> None:
        nonlocal left
        before_send()
        left = True

    try:
        code, text = client.connect(line.host, line.port)
        if code != 220:
            return answer(code, stage="connect", text=_text(text))
        assert client.sock is not None
        with ended_after(TOTAL_S, client.sock):
            refused = _sign_in(client, line)
            if refused is not None:
                return refused
            found = (
                answer(250, stage="noop")
                if method == "HEAD"
                else _hand_over(client, headers, content, leaves)
            )
            _say_goodbye(client)
            return found
    except (smtplib.SMTPException, OSError, ValueError) as error:
        kind = http.NoAnswer if left else http.NotSent
        raise kind(f"{line.host}: {type(error).__name__}") from error
    finally:
        client.close()


def _sign_in(client: _Smtp, line: Line) -> http.Answer | None:
    """None where all is well. Raises SMTPException, OSError."""
    try:
        client.ehlo_or_helo_if_needed()
        if line.security == "starttls":
            client.starttls(context=ssl.create_default_context())
            client.ehlo()
        if line.token:
            client.auth("XOAUTH2", lambda challenge=None: "" if challenge else xoauth2(line))
        elif line.login:
            client.login(line.login, line.password)
    except smtplib.SMTPResponseException as error:
        return answer(error.smtp_code, stage="sign in", text=_text(error.smtp_error))
    return None


def _hand_over(
    client: _Smtp, headers: Mapping[str, str], content: bytes, leaves: Callable[[], None]
) -> http.Answer:
    sender, recipient = headers.get("x-from", ""), headers.get("x-to", "")
    if not (recipient and _ADDRESS.match(sender) and _ADDRESS.match(recipient)):
        return answer(553, stage="envelope", text="not an address")
    for stage, (code, text) in (("from", client.mail(sender)), ("to", client.rcpt(recipient))):
        if code not in {250, 251}:
            return answer(code, stage=stage, text=_text(text))
    code, text = client.docmd("DATA")
    if code != 354:
        return answer(code, stage="data", text=_text(text))
    client.send(_dotted(content))
    leaves()
    client.send(_END)
    code, text = client.getreply()
    if code < 0:
        raise smtplib.SMTPServerDisconnected
    return answer(code, stage="end", text=_text(text))


def _dotted(content: bytes) -> bytes:
    """Whole lines, none of which ends the mail (RFC 5321, 4.5.2)."""
    lines = _LINE_ENDS.split(content)
    if lines and not lines[-1]:
        lines.pop()
    return b"".join((b"." + one if one.startswith(b".") else one) + b"\r\n" for one in lines)


def _say_goodbye(client: _Smtp) -> None:
    try:
        client.docmd("QUIT")
    except (smtplib.SMTPException, OSError):
        return  # the mail is in their hands


def _text(told: bytes | str) -> str:
    return (told.decode("utf-8", "replace") if isinstance(told, bytes) else str(told))[:300]
