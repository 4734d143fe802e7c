"""What is left of people in the chat, in surveys and in night audits, taken away: for erasure of a guest."""

from __future__ import annotations

from django.db import transaction
from django.db.models import Q

from connectors.contract.direct import Channel
from connectors.models import WebhookDelivery
from inbox.models import Attachment, ChatVisitor, PortalLink, ThreadAddress
from inbox.services import night_audit, survey_answers
from reservations.models import Guest


@transaction.atomic
def forget(guest: Guest) -> None:
    """Their tokens, portal links, uploads, words in surveys and in night audits are gone, and what the journal holds of
    them is emptied (its rows stay, as proof that something came). What was said is the thread's matter."""
    threads = ThreadAddress.objects.filter(thread__guest=guest, address__channel=Channel.WEBCHAT.value)
    theirs = Q(guest=guest) | Q(public_id__in=threads.values("address__address"))
    visitors = ChatVisitor.objects.filter(theirs, organization_id=guest.organization_id)
    for widget_id, public_id in list(visitors.values_list("widget_id", "public_id")):
        Attachment.objects.filter(
            message__connection_id=widget_id, message__address__address=public_id
        ).delete()
        rows = WebhookDelivery.objects.filter(connection_id=widget_id, key__startswith=f"{public_id}:")
        rows.update(body=b"", headers={})
    survey_answers.forget(guest)
    night_audit.forget(guest)
    PortalLink.objects.filter(Q(guest=guest) | Q(visitor__in=visitors)).delete()
    visitors.delete()
