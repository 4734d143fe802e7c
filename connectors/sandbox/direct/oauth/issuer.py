"""Access tokens: given out for a grant, good until they expire or somebody revokes them."""

import base64
import binascii
import hmac
import secrets
from urllib.parse import parse_qsl, unquote_plus

from starlette.requests import Request
from starlette.responses import JSONResponse

from connectors.sandbox.direct.oauth.records import Grant
from connectors.sandbox.records import Application, Json, Token
from connectors.sandbox.world import World

_UNSTORED = {"cache-control": "no-store", "pragma": "no-cache"}


class OAuthError(Exception):
    """Ends a request with an error (RFC 6749, 5.2). `number` is the vendor's own code, if it has any."""

    def __init__(self, error: str, why: str, status: int = 400, number: int = 0) -> None:
        super().__init__(why)
        self.error = error
        self.why = why
        self.status = status
        self.number = number


class Issuer:
    """One issuer. Its tokens begin with `prefix`, and are as long as the vendor's."""

    def __init__(self, world: World, prefix: str, letters: int) -> None:
        self.world = world
        self.name = world.house.name
        self._prefix = prefix
        self._letters = letters

    def issue(self, grant: Grant) -> Token:
        """A new access token; older ones stay good."""
        now = self.world.clock.epoch()
        key = self._prefix + secrets.token_urlsafe(self._letters)[: self._letters - len(self._prefix)]
        token = Token(key, grant.id, now, now + self.world.settings.token_seconds)
        self.world.store.put(token)
        return token

    def opens(self, token: str, address: str) -> bool:
        """Whether the token is good for this mailbox now."""
        found = self.world.store.get(Token, token)
        if found is None or found.revoked or found.expires_at <= self.world.clock.epoch():
            return False
        return self.world.store.need(Grant, found.application).mailbox == address

    def revoke(self, *, grant: bool) -> int:
        """Every access token is worth nothing from now on; with `grant` no other is given out. Answers how many."""
        store = self.world.store
        tokens = store.find(Token, "revoked = 0")
        with store.tx():
            for token in tokens:
                token.revoked = True
            store.put_all(tokens)
            grants = store.find(Grant)
            for row in grants:
                row.ended = row.ended or grant
            store.put_all(grants)
        return len(tokens)

    def client(self, key: str) -> Application | None:
        """The application with this id."""
        return self.world.store.get(Application, key)


async def asked(request: Request) -> dict[str, str]:
    """The form; a client may name itself by Basic authentication instead (RFC 6749, 2.3.1)."""
    body = (await request.body()).decode("utf-8", "replace")
    form = dict(parse_qsl(body))
    scheme, _, code = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            key, _, secret = base64.b64decode(code, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            raise OAuthError("invalid_client", "Malformed Authorization header", 401) from None
        form |= {"client_id": unquote_plus(key), "client_secret": unquote_plus(secret)}
    return form


def is_secret(known: str, given: str) -> bool:
    """Whether a secret is the right one."""
    return hmac.compare_digest(known.encode(), given.encode())


def answer(body: Json, status: int = 200) -> JSONResponse:
    """An answer that nobody may keep (RFC 6749, 5.1)."""
    return JSONResponse(body, status, headers=_UNSTORED)
