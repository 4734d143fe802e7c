"""The way out of automatic mail (RFC 8058): one address per receiver, good for ever, that a scanner can't trip."""

from __future__ import annotations

from django.conf import settings
from django.core import signing
from django.db import transaction
from django.urls import reverse

from bellhop.core import clock
from reservations.models import ChannelAddress, ConsentScope, ConsentSource, ConsentState
from reservations.services import consent
from reservations.services.consent import Standing, Statement

_SALT = "inbox.unsubscribe"


def url(address: ChannelAddress) -> str:
    """The absolute address; it identifies receiver and business, and holds neither in clear."""
    token = signing.Signer(salt=_SALT).sign(str(address.pk)).replace(":", "~")
    return f"{settings.BELLHOP_PUBLIC_URL}{reverse('unsubscribe', args=[token])}"


def address_of(token: str) -> ChannelAddress | None:
    """Whose address a token stands for; None for one that we didn't make."""
    try:
        pk = int(signing.Signer(salt=_SALT).unsign(token.replace("~", ":")))
    except (signing.BadSignature, ValueError):
        return None
    return ChannelAddress.objects.filter(pk=pk).select_related("organization").first()


def standing(address: ChannelAddress) -> Standing:
    return consent.standing(address.organization_id, address.channel, address.address)


@transaction.atomic
def stop(address: ChannelAddress, *, everything: bool, proof: dict[str, str]) -> None:
    """No more marketing to this address, or nothing automatic at all. Doing it twice is the same as once."""
    now = standing(address)
    if now.stopped is not None or (not everything and _is_out(now)):
        return
    consent.record(
        address.organization_id,
        Statement(
            channel=address.channel,
            address=address.address,
            scope=ConsentScope.ALL if everything else ConsentScope.MARKETING,
            state=ConsentState.REVOKED,
            source=ConsentSource.UNSUBSCRIBE,
            at=clock.now(),
            proof=proof,
        ),
    )


def _is_out(now: Standing) -> bool:
    return now.marketing is not None and now.marketing.state == ConsentState.REVOKED
