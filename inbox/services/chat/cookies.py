"""The cookies of guests: the chat's token in its frame, and the portal's signed pass for one stay's page."""

from __future__ import annotations

from http.cookies import Morsel
from typing import Final

from django.core import signing
from django.http import HttpResponse

CHAT: Final = "bellhop_chat"
PORTAL: Final = "bellhop_stay"
PROVEN: Final = "bellhop_stay_proven"
PROVEN_S: Final = 12 * 3_600
# Python knows this attribute from 3.14 on (https://developer.mozilla.org/docs/Web/Privacy/Guides/Privacy_sandbox/CHIPS).
Morsel._reserved.setdefault("partitioned", "Partitioned")  # type: ignore[attr-defined]  # noqa: SLF001
Morsel._flags.add("partitioned")  # type: ignore[attr-defined]  # noqa: SLF001
_pass = signing.TimestampSigner(salt="inbox.portal.pass")
_proof = signing.TimestampSigner(salt="inbox.portal.proof")


def keep_chat(response: HttpResponse, key: str, token: str, lives_s: int) -> None:
    """The token for this frame, within this one site that shows it; empty: take it away."""
    path = f"/chat/frame/{key}"
    response.set_cookie(
        CHAT, token, max_age=lives_s if token else 0, path=path, secure=True, httponly=True, samesite="None"
    )
    response.cookies[CHAT]["partitioned"] = True


def pass_for(link_id: str) -> str:
    """Whether the link is still good, is asked each time: this says only that its token was shown."""
    return _pass.sign(link_id)


def link_of(given: str) -> str:
    """Raises BadSignature."""
    return _pass.unsign(given)


def proof_for(link_id: str) -> str:
    return _proof.sign(link_id)


def is_proven(link_id: str, given: str) -> bool:
    """Did they prove who they are, within the last hours?"""
    try:
        return _proof.unsign(given, max_age=PROVEN_S) == link_id
    except signing.BadSignature:
        return False
