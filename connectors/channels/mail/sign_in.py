"""Signing in to a mailbox by OAuth 2.0 (RFC 6749) and XOAUTH2, where the host takes no password.

Microsoft 365, as an application of the tenant's (client credentials):
https://learn.microsoft.com/exchange/client-developer/legacy-protocols/how-to-authenticate-an-imap-pop-smtp-application-by-using-oauth
Google, with the refresh token that somebody gave consent for: https://developers.google.com/workspace/gmail/imap/xoauth2-protocol
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Final
from urllib.parse import quote, urlsplit

from connectors.contract import wire
from connectors.contract.connector import Token
from connectors.contract.errors import ConnectorError, NotAuthorized, Rejected, Unreadable
from connectors.contract.http import Request, Response
from connectors.contract.wire import obj, text

BY_PASSWORD: Final = "password"  # noqa: S105 - a choice in a form
MICROSOFT: Final = "microsoft"
GOOGLE: Final = "google"
_NEEDS: Final = {
    MICROSOFT: ("tenant", "client_id", "client_secret"),
    GOOGLE: ("client_id", "client_secret", "refresh_token"),
}
_HOSTS: Final = {MICROSOFT: "https://login.microsoftonline.com", GOOGLE: "https://oauth2.googleapis.com"}
# What the token endpoint says when it is the credentials that are at fault (RFC 6749, 5.2). Of a tenant that Microsoft
# doesn't know, or that has no Exchange, it says the last two (AADSTS90002, AADSTS500011).
_REFUSALS: Final = frozenset(
    {
        "invalid_client",
        "invalid_grant",
        "unauthorized_client",
        "invalid_scope",
        "invalid_request",
        "invalid_resource",
    }
)
_USUAL_LIFE_S: Final = 3600


def way_of(told: Mapping[str, str]) -> str:
    return told.get("sign_in") or BY_PASSWORD


def token_url(told: Mapping[str, str], base_url: str) -> str:
    """Where tokens are issued; empty where a password signs in. `base_url`: another host that plays the provider's."""
    way = way_of(told)
    if way not in _HOSTS:
        return ""
    host = base_url.rstrip("/") if base_url.startswith(("https:", "http:")) else _HOSTS[way]
    return (
        f"{host}/{quote(told.get('tenant', ''), safe='')}/oauth2/v2.0/token"
        if way == MICROSOFT
        else f"{host}/token"
    )


def is_token_url(url: str, told: Mapping[str, str], base_url: str) -> bool:
    ours = token_url(told, base_url)
    return bool(ours) and urlsplit(url)[:2] == urlsplit(ours)[:2]


def token_request(told: Mapping[str, str], base_url: str) -> Request | None:
    """None where a password signs in. Raises Rejected where something is not filled in."""
    way = way_of(told)
    if way not in _NEEDS:
        return None
    if any(not told.get(field) for field in _NEEDS[way]):
        raise Rejected("To sign in without a password, fill in what stands below it.", code="no_sign_in")
    form = [("client_id", told["client_id"]), ("client_secret", told["client_secret"])]
    if way == MICROSOFT:
        form += [("grant_type", "client_credentials"), ("scope", "https://outlook.office365.com/.default")]
    else:
        form += [("grant_type", "refresh_token"), ("refresh_token", told["refresh_token"])]
    return Request(method="POST", path=token_url(told, base_url), form=form, authorized=False)


def read_token(response: Response) -> Token:
    """Raises Unreadable."""
    answer = obj(response.json())
    value = text(answer.get("access_token"))
    if not value:
        raise Unreadable(detail="An answer without a token.")
    return Token(value=value, expires_in_s=wire.integer(answer.get("expires_in")) or _USUAL_LIFE_S)


def refusal(response: Response) -> ConnectorError | None:
    """What the token endpoint refused for good; None where it is some other trouble."""
    try:
        told = obj(response.json())
    except Unreadable:
        return None
    code = text(told.get("error"))
    if response.status not in {400, 401} or code not in _REFUSALS:
        return None
    return NotAuthorized(detail=text(told.get("error_description"))[:300], code=code)


def as_bearer(login: str, token: str) -> str:
    """The header by which the transports sign in with a token."""
    return "Bearer " + base64.b64encode(f"{login}\0{token}".encode()).decode()
