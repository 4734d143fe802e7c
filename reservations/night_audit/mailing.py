"""The audit by e-mail in the morning: a summary, and the paper as a PDF. Committed once; `core.mail` sends it until the
server has taken it, and tells a person where it can't."""

from __future__ import annotations

from datetime import timedelta
from typing import Final, TypeAlias

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from bellhop.accounts.models import User
from bellhop.accounts.permissions import Permission
from bellhop.core import clock, incidents, mail
from bellhop.core.mail import Attached
from bellhop.core.words import say
from reservations.models import NightAudit
from reservations.night_audit import addenda, pdf, plans, reading, sheet, words
from reservations.night_audit.facts import Section
from reservations.night_audit.rows import Reader
from reservations.night_audit.sheet import Sheet
from reservations.services import scope

LEASE: Final = timedelta(minutes=10)
GIVE_UP: Final = timedelta(days=3)
ALERT_AFTER: Final = 3
FAILED: Final = "night_audit_not_mailed"

Papers: TypeAlias = dict[tuple[Reader, str], tuple[str, bytes]]


def send_due() -> int:
    """Owe every e-mail whose time has come. Returns how many audits went out."""
    done = 0
    while (audit_id := _claim()) is not None:
        done += _send(audit_id)
    return done


@transaction.atomic
def _claim() -> int | None:
    """The next one, leased: one that can't be made holds up no other, and is tried again."""
    now = clock.now()
    rows = NightAudit.objects.select_for_update(of=("self",), no_key=True, skip_locked=True)
    due = rows.filter(mail_at__lte=now, mailed_at=None).order_by("mail_at", "pk")
    row = due.select_related("property").defer("facts", "figures").first()
    if row is None:
        return None
    row.mail_tries += 1
    row.mail_at = now + LEASE if now - row.ends_at < GIVE_UP else None
    row.save(update_fields=["mail_tries", "mail_at"])
    if row.mail_tries == ALERT_AFTER:
        incidents.open_incident(
            row.organization_id,
            FAILED,
            say("The night audit of %(name)s could not be sent by e-mail", name=row.property.name),
            subject=str(row.property_id),
            remedy=say(
                "Look at BELLHOP_EMAIL_URL and at the addresses; it is tried again every ten minutes."
            ),
        )
    return row.pk


@transaction.atomic
def _send(audit_id: int) -> bool:
    """With what became known until now. In one transaction with the mark that it was done."""
    rows = NightAudit.objects.select_for_update(of=("self",), no_key=True).select_related("property")
    row = rows.get(pk=audit_id)
    plan = plans.of(row.property)
    if row.mailed_at is not None or not mail.is_configured():
        return False
    if plan is None or not plan.recipients or plan.mail_at is None:
        row.mail_at = None
        row.save(update_fields=["mail_at"])
        return False
    addenda.look_again(row.pk)
    people = {
        user.email.lower(): user
        for user in User.objects.filter(
            organization_id=row.organization_id, email__in=plan.recipients, is_active=True
        ).select_related("role")
    }
    papers: Papers = {}
    for address in plan.recipients:
        _mail(row, address, people.get(address), papers)
    row.mailed_at = clock.now()
    row.save(update_fields=["mailed_at"])
    incidents.close_incident(row.organization_id, FAILED, subject=str(row.property_id))
    return True


def _mail(row: NightAudit, address: str, user: User | None, papers: Papers) -> None:
    """Guests' words only go to colleagues who may read them here. Summary and PDF are made once for each kind of
    reader and language."""
    reads = Reader()
    if user is not None and _sees(user, row) and user.may(Permission.NIGHT_AUDIT_READ):
        reads = reading.reader(user)
    language = user.language if user is not None else ""
    with translation.override(language or None):
        if (reads, language) not in papers:
            found = sheet.of(row, list(row.addenda.order_by("found_at", "pk")), reads)
            papers[reads, language] = (summary(found), pdf.render(found))
        body, paper = papers[reads, language]
        day = words.short_day(row.business_date)
        mail.enqueue(
            address,
            _("Night audit of %(name)s, %(day)s") % {"name": row.property.name, "day": day},
            body,
            organization_id=row.organization_id,
            attached=[Attached(file_name(row, "pdf"), "application/pdf", paper)],
        )


def _sees(user: User, row: NightAudit) -> bool:
    ids = scope.property_ids(user)
    return ids is None or row.property_id in ids


def file_name(row: NightAudit, kind: str) -> str:
    return f"night-audit-{row.business_date.isoformat()}-{row.property.public_id}.{kind}"


def summary(found: Sheet) -> str:
    """The counts, where anything is, and the address: no guest's words."""
    row = found.audit
    times = words.Times(found.place.zone, row.business_date)
    url = reverse("reservations:night-audit", args=[found.place.public_id, row.business_date.isoformat()])
    lines = [
        found.place.name,
        _("Business date %(day)s") % {"day": words.long_day(row.business_date)},
        pdf.run_line(found),
        "",
        *(f"{figure.count:>4}  {figure.label}" for figure in found.figures),
        "",
        *(f"{block.number:>2}. {block.title}: {block_words(block)}" for block in found.blocks),
    ]
    for late in found.late:
        at = times.short(late.found_at.isoformat())
        lines += ["", _("Addendum, %(at)s") % {"at": at}]
        lines += [f"  {one.title}: {one.what}" for one in late.lines]
    return "\n".join([*lines, "", f"{settings.BELLHOP_PUBLIC_URL}{url}"])


def block_words(block: sheet.Block) -> str:
    """How many, out of what."""
    if block.key == Section.DEPARTURES:
        return block.summary
    count = " ".join(part for part in (str(len(block.rows)), block.of) if part)
    return count if block.is_table or not block.summary else f"{count}. {block.summary}"
