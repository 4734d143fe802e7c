"""SASL XOAUTH2: a user name with an access token.

https://developers.google.com/workspace/gmail/imap/xoauth2-protocol: a refusal comes as a challenge first, which the
client answers with an empty line, then as the protocol's own no. Microsoft says no at once:
https://learn.microsoft.com/exchange/client-developer/legacy-protocols/how-to-authenticate-an-imap-pop-smtp-application-by-using-oauth
"""

import re
from collections.abc import Callable

from twisted.cred.credentials import ICredentials
from zope.interface import implementer

XOAUTH2 = b"XOAUTH2"
_FORM = re.compile(rb"user=([^\x01]*)\x01auth=Bearer ([^\x01]*)\x01\x01", re.IGNORECASE)
Refusal = Callable[[str, str], bytes]
"""The challenge that tells of a refusal, by address and token; empty if there is none to be told."""


class IBearer(ICredentials):
    """A user name with an access token."""


@implementer(IBearer)
class Bearer:
    """What a client says, and what it is told."""

    def __init__(self, refusal: Refusal) -> None:
        self.username = ""
        self.token = ""
        self._refusal = refusal
        self._challenge = b""
        self._heard = False

    def getChallenge(self) -> bytes:  # noqa: N802 - Twisted's name
        """Nothing before the client has spoken; then why it is refused."""
        return self._challenge

    def setResponse(self, response: bytes) -> None:  # noqa: N802 - Twisted's name
        """The first response is name and token; what follows a refusal doesn't matter."""
        if self._heard:
            self._challenge = b""
            return
        self._heard = True
        if found := _FORM.fullmatch(response):
            self.username = found[1].decode("utf-8", "replace").casefold()
            self.token = found[2].decode("ascii", "replace")
        self._challenge = self._refusal(self.username, self.token)

    def moreChallenges(self) -> bool:  # noqa: N802 - Twisted's name
        """Whether a refusal has still to be told."""
        return bool(self._challenge)
