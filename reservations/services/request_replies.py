"""What a guest may be told about a decision, in their language: offered to the agent, who reads it and sends."""

from __future__ import annotations

from django.utils import translation
from django.utils.translation import gettext as _

from reservations.models import RequestKind, StayRequest

State = StayRequest.State


def text(request: StayRequest) -> str:
    """Empty where there is nothing to say yet."""
    guest = request.reservation.guest
    language = (guest.language if guest else "").replace("_", "-").partition("-")[0]
    with translation.override(language or "en"):
        said = _said(request)
        price = f"{request.price:.2f} {request.currency}".strip() if request.price is not None else ""
        if price and request.state in {State.APPROVED, State.PROPOSED}:
            said = f"{said} {_('The price is %(price)s.') % {'price': price}}"
        return said


def _said(request: StayRequest) -> str:
    at = f"{request.agreed:%H:%M}" if request.agreed else ""
    late, early = RequestKind.LATE_CHECK_OUT, RequestKind.EARLY_CHECK_IN
    what = str(RequestKind(request.kind).label)
    match (request.state, request.kind):
        case (State.APPROVED, RequestKind.LATE_CHECK_OUT):
            return _("Gladly: you can stay until %(at)s.") % {"at": at}
        case (State.APPROVED, RequestKind.EARLY_CHECK_IN):
            return _("Gladly: your room is ready from %(at)s.") % {"at": at}
        case (State.APPROVED, _kind):
            return _("Gladly: %(what)s is arranged.") % {"what": what}
        case (State.PROPOSED, kind) if kind in {late, early}:
            return _("%(what)s is possible at %(at)s. Would that suit you?") % {"what": what, "at": at}
        case (State.PROPOSED, _kind):
            return _("We can offer this: %(what)s. Would that suit you?") % {"what": what}
        case (State.DECLINED, _kind):
            return _("I am sorry, %(what)s is not possible this time.") % {"what": what}
        case (State.WITHDRAWN, _kind):
            return _("I am sorry, we have to take back: %(what)s.") % {"what": what}
    return ""
