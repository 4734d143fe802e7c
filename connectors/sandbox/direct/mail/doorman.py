"""Who may come in: by password or by access token, as the host of the mailbox has it."""

import json
from typing import Any

from twisted.cred.checkers import ICredentialsChecker
from twisted.cred.credentials import IUsernamePassword
from twisted.cred.error import UnauthorizedLogin
from zope.interface import implementer

from connectors.sandbox.direct.mail.office import PostOffice
from connectors.sandbox.direct.mail.records import GOOGLE, MICROSOFT, Mailbox
from connectors.sandbox.direct.mail.watch import Watch
from connectors.sandbox.direct.mail.xoauth2 import Bearer, IBearer

_CHALLENGE = json.dumps(
    {"status": "400", "schemes": "Bearer", "scope": "https://mail.google.com/"}, separators=(",", ":")
).encode()
_NO = (535, "5.7.8 Authentication failed")
_GOOGLES_NO = (535, "5.7.1 Username and Password not accepted. Learn more at https://support.google.com/mail")
_MICROSOFTS_NO = (535, "5.7.3 Authentication unsuccessful")
_NO_PASSWORDS = (550, "5.7.30 Basic authentication is not supported for Client Submission.")


class Refused(UnauthorizedLogin):
    """No; `code` and `text` are what SMTP says."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text


@implementer(ICredentialsChecker)
class Doorman:
    """Knows the logins of all mailboxes."""

    credentialInterfaces = (IUsernamePassword, IBearer)  # noqa: N815 - Twisted's name

    def __init__(self, office: PostOffice, watch: Watch) -> None:
        self._office = office
        self._watch = watch

    def bearer(self) -> Bearer:
        """A conversation about a token."""
        return Bearer(self._challenge)

    def requestAvatarId(self, credentials: Any) -> str:  # noqa: N802 - Twisted's name
        """Whose login it is. Raises Refused."""
        if isinstance(credentials, Bearer):
            address, no = credentials.username, self._objection(credentials.username, credentials.token)
        else:
            name = credentials.username
            address = (name.decode() if isinstance(name, bytes) else str(name)).casefold()
            no = self._password_objection(address, credentials)
        self._watch.note("LOGIN", "/login", 401 if no else 200, address)
        if no:
            raise Refused(*no)
        return address

    def _password_objection(self, address: str, credentials: Any) -> tuple[int, str] | None:
        found = self._office.world.store.get(Mailbox, address)
        if found and found.host == MICROSOFT:
            return _NO_PASSWORDS
        good = found is not None and credentials.checkPassword(_same_type(found.password, credentials))
        return None if good else _NO

    def _objection(self, address: str, token: str) -> tuple[int, str] | None:
        """What speaks against a token."""
        found = self._office.world.store.get(Mailbox, address)
        host = found.host if found else ""
        if found and any(
            issuer.opens(token, address) for issuer in self._office.issuers if host in ("", issuer.name)
        ):
            return None
        return _MICROSOFTS_NO if host == MICROSOFT else _GOOGLES_NO if host == GOOGLE else _NO

    def _challenge(self, address: str, token: str) -> bytes:
        no = self._objection(address, token)
        return b"" if no in (None, _MICROSOFTS_NO) else _CHALLENGE


def _same_type(password: str, credentials: Any) -> Any:
    """The password as bytes where the protocol has bytes."""
    given = getattr(credentials, "password", None) or getattr(credentials, "_password", b"")
    return password if isinstance(given, str) else password.encode()
