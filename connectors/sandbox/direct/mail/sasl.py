"""What Twisted's IMAP server lacks for long tokens."""

from typing import Any

from twisted.mail import imap4


class Sasl(imap4.IMAP4Server):
    """AUTHENTICATE with an initial response (RFC 4959), and challenges on one line however long they are."""

    _initial: bytes | None = None

    def capabilities(self) -> Any:
        """Twisted's, and SASL-IR."""
        return {**super().capabilities(), b"SASL-IR": None}

    def opt_initial(self, line: bytes | None) -> tuple[bytes | None, bytes]:
        """What may stand behind the mechanism."""
        return line or None, b""

    def do_AUTHENTICATE(self, tag: bytes, mechanism: bytes, initial: bytes | None) -> None:  # noqa: N802
        """A response that came along stands for the answer to the first challenge, which isn't sent then."""
        self._initial = initial
        super().do_AUTHENTICATE(tag, mechanism)
        self._initial = None
        if initial and self.parseState == "pending":
            self.parse_pending(initial)

    unauth_AUTHENTICATE = (do_AUTHENTICATE, imap4.IMAP4Server.arg_atom, opt_initial)  # noqa: N815

    def sendContinuationRequest(self, msg: bytes | None = b"Ready") -> None:  # noqa: N802 - Twisted's name
        """Twisted breaks base64 into lines of 76 letters."""
        if self._initial is None:
            super().sendContinuationRequest(msg and msg.replace(b"\n", b""))
