"""Microsoft Entra's token endpoint for applications: client credentials.

https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow, the codes:
https://learn.microsoft.com/entra/identity-platform/reference-error-codes
"""

import json
from datetime import datetime
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from connectors.sandbox.clock import Clock
from connectors.sandbox.direct.mail.house import HOTEL
from connectors.sandbox.direct.oauth.issuer import Issuer, OAuthError, answer, asked, is_secret
from connectors.sandbox.direct.oauth.records import INDEXES, NO_FAULTS, TABLES, Grant
from connectors.sandbox.house import Errors, House, Postage
from connectors.sandbox.records import Application, Json
from connectors.sandbox.settings import Settings
from connectors.sandbox.store import Store
from connectors.sandbox.world import World

NAME = "microsoft"
TENANT = "5a0d0000-5a0d-4b0c-8a0d-5a0db0c5a0d5"
CLIENT_ID = "c11e4700-5a0d-4b0c-8a0d-5a0db0c5a0d5"
CLIENT_SECRET = "sandbox~microsoft-client-secret"  # noqa: S105 - the sandbox's own
SCOPE = "https://outlook.office365.com/.default"
_SUFFIX = "/.default"
_PREFIX, _LETTERS = "eyJ0eXAiOiJKV1QiLCJub25jZSI6I", 1_700


def plant(store: Store, _: datetime) -> None:
    """One application that an administrator has given the hotel's mailbox."""
    store.put(Application(CLIENT_ID, CLIENT_SECRET, "Bellhop sandbox app", NAME))
    store.put(Grant(CLIENT_SECRET, CLIENT_ID, HOTEL))


def _body(error: str, number: int, why: str, clock: Clock) -> Json:
    trace, correlation = str(uuid4()), str(uuid4())
    at = clock.now().strftime("%Y-%m-%d %H:%M:%SZ")
    marks = f"Trace ID: {trace} Correlation ID: {correlation} Timestamp: {at}"
    return {
        "error": error,
        "error_description": f"AADSTS{number}: {why} {marks}",
        "error_codes": [number],
        "timestamp": at,
        "trace_id": trace,
        "correlation_id": correlation,
        "error_uri": f"https://login.microsoftonline.com/error?code={number}",
    }


_BUSY = json.dumps(
    _body("temporarily_unavailable", 90033, "A transient error has occurred.", Clock())
).encode()
MICROSOFT = House(
    name=NAME,
    title="Microsoft Entra",
    database="sandbox-microsoft.sqlite3",
    plant=plant,
    settings=Settings(token_seconds=3_599.0),
    errors=Errors(down=_BUSY, too_many=_BUSY, in_200=_BUSY, after_work=_BUSY),
    postage=Postage(retry_delays=(), headers=lambda *_: {}),
    tables=TABLES,
    indexes=INDEXES,
    no_faults=NO_FAULTS,
)


class Microsoft(Issuer):
    """The endpoint of every tenant, of which one is there."""

    def __init__(self, world: World) -> None:
        super().__init__(world, _PREFIX, _LETTERS)

    def routes(self) -> list[Route]:
        """The one call."""
        return [Route("/{tenant}/oauth2/v2.0/token", self._token, methods=["POST"])]

    async def _token(self, request: Request) -> Response:
        try:
            grant = self._granted(request.path_params["tenant"], await asked(request))
        except OAuthError as error:
            body = _body(error.error, error.number, error.why, self.world.clock)
            return answer(body, error.status)
        seconds = int(self.world.settings.token_seconds)
        token = self.issue(grant)
        return answer(
            {
                "token_type": "Bearer",
                "expires_in": seconds,
                "ext_expires_in": seconds,
                "access_token": token.id,
            }
        )

    def _granted(self, tenant: str, form: dict[str, str]) -> Grant:
        """What the application may do. Raises OAuthError."""
        if tenant.casefold() != TENANT:
            raise OAuthError("invalid_request", f"Tenant '{tenant}' not found.", 400, 90002)
        for name in ("grant_type", "client_id", "scope"):
            if not form.get(name):
                raise OAuthError(
                    "invalid_request",
                    f"The request body must contain the following parameter: '{name}'.",
                    400,
                    900144,
                )
        if form["grant_type"] != "client_credentials":
            raise OAuthError(
                "unsupported_grant_type", "The app requested an unsupported grant type.", 400, 70003
            )
        client, secret = form["client_id"], form.get("client_secret", "")
        found = self.client(client)
        if found is None:
            raise OAuthError(
                "unauthorized_client",
                f"Application with identifier '{client}' was not found in the directory.",
                400,
                700016,
            )
        _check_scope(form["scope"])
        if not secret:
            raise OAuthError(
                "invalid_client",
                "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.",
                401,
                7000218,
            )
        if not is_secret(found.secret, secret):
            raise OAuthError("invalid_client", "Invalid client secret provided.", 401, 7000215)
        grant = self.world.store.need(Grant, found.secret)
        if grant.ended:
            raise OAuthError("invalid_client", "The provided client secret keys are expired.", 401, 7000222)
        return grant


def _check_scope(scope: str) -> None:
    """Raises OAuthError."""
    if not scope.endswith(_SUFFIX):
        raise OAuthError("invalid_scope", f"The provided value for scope {scope} is not valid.", 400, 1002012)
    if scope != SCOPE:
        resource = scope.removesuffix(_SUFFIX)
        raise OAuthError(
            "invalid_resource", f"The resource principal named {resource} was not found.", 400, 500011
        )
