"""A survey's link: signed, for one guest, without a login. It is made when a message leaves, never for a preview: texts
hold a stand-in until then."""

from __future__ import annotations

import base64
from typing import Final

from django.conf import settings
from django.urls import reverse
from django.utils.crypto import constant_time_compare, salted_hmac

from bellhop.core import clock
from bellhop.core.fields import LENGTH
from reservations.models import Reservation, ScheduledMessage, Survey

STAND_IN: Final = "the-link-is-made-as-the-message-goes"
_SALT: Final = "reservations.survey"
_SEAL_BYTES: Final = 16
OVER: Final = (Reservation.Status.CANCELLED, Reservation.Status.NO_SHOW)


def stand_in(stay: Reservation) -> str:
    """What a text says instead of the link until it leaves, as long as the link; empty for a stay without a guest."""
    return _address(STAND_IN) if stay.guest_id is not None else ""


def filled(text: str, stay: Reservation, scheduled: ScheduledMessage | None = None) -> str:
    """The text with the stay's own link, made if `scheduled` is the first message with it; in the sending
    transaction."""
    address = _address(STAND_IN)
    return text.replace(address, url_of(_make(stay, scheduled))) if address in text else text


def _make(stay: Reservation, scheduled: ScheduledMessage | None) -> Survey:
    kind = Survey.Kind.FAREWELL if stay.status in OVER else Survey.Kind.STAY
    survey, _made = Survey.objects.get_or_create(
        reservation=stay,
        kind=kind,
        guest=stay.guest,
        defaults={
            "organization_id": stay.organization_id,
            "scheduled": scheduled,
            "made_at": clock.now(),
        },
    )
    return survey


def url_of(survey: Survey) -> str:
    """The absolute address."""
    return _address(token_of(survey))


def _address(token: str) -> str:
    return f"{settings.BELLHOP_PUBLIC_URL}{reverse('survey', args=[token])}"


def token_of(survey: Survey) -> str:
    return survey.public_id + _seal(survey.public_id, settings.SECRET_KEY)


def of_token(token: str) -> Survey | None:
    """The survey with its stay, place and guest; None for a token that we didn't make, and where the stay is somebody
    else's by now."""
    public_id, seal = token[:LENGTH], token[LENGTH:]
    keys = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    if sum(constant_time_compare(seal, _seal(public_id, key)) for key in keys) == 0:
        return None
    rows = Survey.objects.select_related(
        "reservation__property", "reservation__organization", "guest", "answer"
    )
    found = rows.filter(public_id=public_id).first()
    return found if found is not None and found.guest_id == found.reservation.guest_id else None


def _seal(public_id: str, key: str) -> str:
    made = salted_hmac(_SALT, public_id, secret=key, algorithm="sha256").digest()[:_SEAL_BYTES]
    return base64.urlsafe_b64encode(made).rstrip(b"=").decode()
