"""A step sent to its author as a test: only to the address they sign in with, marked TEST, outside of every guest's
thread and of the PMS (ux Q6)."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from bellhop.accounts.models import User
from bellhop.accounts.permissions import Permission
from bellhop.accounts.services import audit, require
from bellhop.core import clock, mail
from connectors.contract.direct import Channel
from connectors.contract.intents import Mail, SendDirect, new_message_id
from connectors.models import Connection, Origin
from connectors.models.connection import ConnectionKind
from connectors.outbound import caller, outbox
from reservations.models import Sequence
from reservations.sequences.definition import Step
from reservations.sequences.previewing import Preview
from reservations.sequences.rendering import Part


class CannotTry(Exception):
    """The text can't be sent as it is, or there is no way to send mail; the text says which."""


@transaction.atomic
def send(user: User, sequence: Sequence, step: Step, preview: Preview) -> str:
    """Owe the author the step as it stands for the previewed stay. Returns the address. Raises CannotTry,
    PermissionDenied."""
    require(user, Permission.SEQUENCES_EDIT)
    if preview.problem or preview.blanks:
        raise CannotTry(_("It would not be sent to this guest: choose another, or mend the text."))
    name = preview.stay.guest.full_name if preview.stay.guest else preview.stay.code
    subject = f"[TEST] {_text(preview.subject) or step.name}"
    body = "\n\n".join(
        [_text(preview.body), "-- ", _("A test of %(sequence)s, as it stands for %(guest)s.")
         % {"sequence": sequence.name, "guest": name}]
    )  # fmt: skip
    if mail.is_configured():
        mail.enqueue(user.email, subject, body, organization_id=user.organization_id)
    else:
        _by_channel(user, subject, body)
    audit(user.organization_id, user, "sequence.tested", f"sequence:{sequence.public_id}", after=step.name)
    return user.email


def _text(parts: tuple[Part, ...]) -> str:
    return "".join(part.text for part in parts)


def _by_channel(user: User, subject: str, body: str) -> None:
    """Through the organization's own mailbox; answers go back to the author, not into an inbox."""
    rows = Connection.objects.filter(
        organization_id=user.organization_id, kind=ConnectionKind.CHANNEL, paused_at=None
    )
    connection = next((row for row in rows.order_by("pk") if Channel.EMAIL in row.addresses), None)
    if connection is None:
        raise CannotTry(_("No mail server is set up, and no mailbox is connected."))
    ours = caller.channel_for(connection).addresses()[Channel.EMAIL]
    message = Mail(
        subject=subject[:200],
        message_id=new_message_id(ours.rpartition("@")[2]),
        from_name="Bellhop",
        reply_to=user.email,
    )
    outbox.enqueue(
        connection,
        SendDirect(channel=Channel.EMAIL, to=user.email, to_kind="email", body=body, mail=message),
        subject=f"test:{user.public_id}",
        order_key=f"test:{user.public_id}",
        origin=Origin.SYSTEM,
        due_at=clock.now(),
    )
