"""Access tokens: client credentials by form, no envelope, 403 for what doesn't hold."""

import base64
import json
import secrets
from urllib.parse import parse_qsl

from starlette.requests import Request

from connectors.sandbox.records import Application, Json, Token
from connectors.sandbox.wires.hostaway.answers import ACCOUNT_ID, Fail
from connectors.sandbox.world import World

FORM = "application/x-www-form-urlencoded"


async def issue(world: World, request: Request) -> Json:
    """`POST /v1/accessTokens`. Raises Fail."""
    if request.headers.get("content-type", "").split(";")[0].strip() != FORM:
        raise Fail(400, f"Content-Type must be {FORM}")
    form = dict(parse_qsl((await request.body()).decode("utf-8", "replace"), keep_blank_values=True))
    if form.get("grant_type") != "client_credentials":
        raise Fail(400, "The authorization grant type is not supported")
    if form.get("scope") != "general":
        raise Fail(400, "The requested scope is invalid, unknown, or malformed")
    application = world.store.get(Application, form.get("client_id"))
    given = form.get("client_secret", "").encode()
    if application is None or not secrets.compare_digest(application.secret.encode(), given):
        raise Fail(401, "Client authentication failed")
    now, lifetime = world.clock.epoch(), world.settings.token_seconds
    token = Token(_jwt(now, lifetime), application.id, now, now + lifetime)
    world.store.put(token)
    return {"token_type": "Bearer", "expires_in": int(lifetime), "access_token": token.id}


def _jwt(now: float, lifetime: float) -> str:
    """Looks like a JWT; the last part is random, nothing verifies it."""
    claims = {
        "aud": str(ACCOUNT_ID),
        "jti": secrets.token_hex(20),
        "iat": int(now),
        "exp": int(now + lifetime),
    }
    parts = [json.dumps({"typ": "JWT", "alg": "RS256"}), json.dumps(claims | {"scopes": ["general"]})]
    encoded = [base64.urlsafe_b64encode(part.encode()).rstrip(b"=").decode() for part in parts]
    return ".".join([*encoded, secrets.token_urlsafe(32)])


def bearer(world: World, request: Request) -> Application:
    """The account that the token belongs to; a token is no good in its first second. Raises Fail."""
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    token = world.store.get(Token, value.strip()) if scheme.lower() == "bearer" else None
    application = world.store.get(Application, token.application) if token else None
    now = world.clock.epoch()
    if token is None or application is None or token.revoked or token.expires_at <= now:
        raise Fail(403, "The resource owner or authorization server denied the request.")
    if now < token.issued_at + world.settings.token_delay:
        raise Fail(403, "The access token is not valid yet.")
    return application


def revoke(world: World, value: str | None) -> Json:
    """`DELETE /v1/accessTokens?token=`. Raises Fail."""
    token = world.store.get(Token, value)
    if token is None:
        raise Fail(404, "Resource not found")
    token.revoked = True
    world.store.put(token)
    return {"status": "success", "result": []}
