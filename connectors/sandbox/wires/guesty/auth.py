"""Tokens: five a day, for a day each, carried as bearer."""

import base64
import binascii
import json
import math
import secrets
from urllib.parse import parse_qsl

from starlette.requests import Request

from connectors.sandbox.records import Application, Json, Token
from connectors.sandbox.wires.guesty.answers import ACCOUNT_ID, Answer, coded
from connectors.sandbox.world import World

TOKENS_PER_DAY = 5
DAY = 86_400.0
SCOPE = "open-api"
NAME = "guesty"


async def issue(world: World, request: Request) -> Answer:
    """`POST /oauth2/token` with a form. Raises WireError."""
    kind = request.headers.get("content-type", "").split(";")[0].strip()
    if kind != "application/x-www-form-urlencoded":
        raise coded(400, "invalid_request", "Content-Type must be application/x-www-form-urlencoded")
    form = dict(parse_qsl((await request.body()).decode("utf-8", "replace"), keep_blank_values=True))
    if form.get("grant_type") != "client_credentials":
        raise coded(400, "unsupported_grant_type", "grant_type must be client_credentials")
    if form.get("scope") != SCOPE:
        raise coded(400, "invalid_scope", "scope must be open-api")
    application = _application(world, request, form)
    return Answer(_new_token(world, application))


def _application(world: World, request: Request, form: dict[str, str]) -> Application:
    client, secret = form.get("client_id", ""), form.get("client_secret", "")
    basic = request.headers.get("authorization", "")
    if not client and basic.startswith("Basic "):
        try:
            client, _, secret = base64.b64decode(basic[6:], validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            client = ""
    application = world.store.get(Application, client)
    known = application is not None and application.wire == NAME
    if application is None or not known or not secrets.compare_digest(application.secret, secret):
        raise coded(401, "invalid_client", "Client authentication failed")
    return application


def _new_token(world: World, application: Application) -> Json:
    now = world.clock.epoch()
    since = "application = ? AND issued_at > ?"
    issued = world.store.find(Token, since, (application.id, now - DAY), order="issued_at")
    allowed = max(1, math.floor(TOKENS_PER_DAY * world.settings.limit_scale))
    if len(issued) >= allowed:
        wait = max(1, math.ceil(issued[-allowed].issued_at + DAY - now))
        error = coded(429, "TOO_MANY_REQUESTS", "Too many tokens were requested for this application")
        error.answer.headers["Retry-After"] = str(wait)
        raise error
    lifetime = world.settings.token_seconds
    token = Token(_jwt(application, now, lifetime), application.id, now, now + lifetime)
    world.store.put(token)
    return {"token_type": "Bearer", "expires_in": int(lifetime), "access_token": token.id, "scope": SCOPE}


def _jwt(application: Application, now: float, lifetime: float) -> str:
    """Looks like a JWT whose payload carries the account id; the last part is random, nothing verifies it."""
    claims = {
        "cid": application.id,
        "accountId": ACCOUNT_ID,
        "scp": [SCOPE],
        "iat": int(now),
        "exp": int(now + lifetime),
    }
    parts = [json.dumps({"alg": "RS256", "typ": "JWT"}), json.dumps(claims)]
    encoded = [base64.urlsafe_b64encode(part.encode()).rstrip(b"=").decode() for part in parts]
    return ".".join([*encoded, secrets.token_urlsafe(32)])


def bearer(world: World, request: Request) -> Application:
    """The application that the token belongs to. Raises WireError."""
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    token = world.store.get(Token, value.strip()) if scheme.lower() == "bearer" else None
    application = world.store.get(Application, token.application) if token else None
    if token is None or application is None or token.revoked or token.expires_at <= world.clock.epoch():
        raise coded(401, "UNAUTHORIZED", "Unauthorized")
    return application
