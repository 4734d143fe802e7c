"""Google's token endpoint: an access token for a user's refresh token.

https://developers.google.com/identity/protocols/oauth2/web-server#offline
"""

import json
from datetime import datetime

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from connectors.sandbox.direct.mail.house import HOTEL
from connectors.sandbox.direct.oauth.issuer import Issuer, OAuthError, answer, asked, is_secret
from connectors.sandbox.direct.oauth.records import INDEXES, NO_FAULTS, TABLES, Grant
from connectors.sandbox.house import Errors, House, Postage
from connectors.sandbox.records import Application
from connectors.sandbox.settings import Settings
from connectors.sandbox.store import Store
from connectors.sandbox.world import World

NAME = "google"
CLIENT_ID = "515550142000-sandbox.apps.googleusercontent.com"
CLIENT_SECRET = "GOCSPX-sandbox-google-secret"  # noqa: S105 - the sandbox's own
REFRESH_TOKEN = "1//05a0dSandboxRefreshToken"  # noqa: S105 - the sandbox's own
SCOPE = "https://mail.google.com/"
_PREFIX, _LETTERS = "ya29.a0", 220


def plant(store: Store, _: datetime) -> None:
    """One client, which the owner of the hotel's mailbox has let in."""
    store.put(Application(CLIENT_ID, CLIENT_SECRET, "Bellhop sandbox client", NAME))
    store.put(Grant(REFRESH_TOKEN, CLIENT_ID, HOTEL))


def _error(error: str, why: str) -> bytes:
    return json.dumps({"error": error, "error_description": why}).encode()


GOOGLE = House(
    name=NAME,
    title="Google",
    database="sandbox-google.sqlite3",
    plant=plant,
    settings=Settings(token_seconds=3_599.0),
    errors=Errors(
        down=_error("internal_failure", "Backend Error"),
        too_many=_error("rate_limit_exceeded", "Rate Limit Exceeded"),
        in_200=_error("internal_failure", "Backend Error"),
        after_work=_error("internal_failure", "Backend Error"),
    ),
    postage=Postage(retry_delays=(), headers=lambda *_: {}),
    tables=TABLES,
    indexes=INDEXES,
    no_faults=NO_FAULTS,
)


class Google(Issuer):
    """The endpoint."""

    def __init__(self, world: World) -> None:
        super().__init__(world, _PREFIX, _LETTERS)

    def routes(self) -> list[Route]:
        """The one call."""
        return [Route("/token", self._token, methods=["POST"])]

    async def _token(self, request: Request) -> Response:
        try:
            grant = self._granted(await asked(request))
        except OAuthError as error:
            return answer({"error": error.error, "error_description": error.why}, error.status)
        token = self.issue(grant)
        return answer(
            {
                "access_token": token.id,
                "expires_in": int(self.world.settings.token_seconds),
                "scope": SCOPE,
                "token_type": "Bearer",
            }
        )

    def _granted(self, form: dict[str, str]) -> Grant:
        """What the user has granted. Raises OAuthError."""
        for name in ("grant_type", "client_id"):
            if not form.get(name):
                raise OAuthError("invalid_request", f"Missing required parameter: {name}")
        if form["grant_type"] != "refresh_token":
            raise OAuthError("unsupported_grant_type", f"Invalid grant_type: {form['grant_type']}")
        found = self.client(form["client_id"])
        if found is None:
            raise OAuthError("invalid_client", "The OAuth client was not found.", 401)
        if not is_secret(found.secret, form.get("client_secret", "")):
            raise OAuthError("invalid_client", "The provided client secret is invalid.", 401)
        if not form.get("refresh_token"):
            raise OAuthError("invalid_request", "Missing required parameter: refresh_token")
        grant = self.world.store.get(Grant, form["refresh_token"])
        if grant is None or grant.client != found.id:
            raise OAuthError("invalid_grant", "Bad Request")
        if grant.ended:
            raise OAuthError("invalid_grant", "Token has been expired or revoked.")
        return grant
