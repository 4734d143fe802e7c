"""Files of messages: expected when a message arrives, seen by who may see its thread, carried on by replies."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from bellhop.accounts.models import User
from bellhop.core import files, wake
from connectors.contract.direct import Channel
from connectors.contract.errors import NotFound
from connectors.contract.intents import OutFile
from connectors.contract.media import MediaLimits, MediaProblem
from connectors.contract.media import problems as media_problems
from connectors.contract.records import AttachmentRecord
from connectors.contract.registry import channel_class
from connectors.inbound import media
from inbox.models import Attachment, FileState, Message
from inbox.services import threads
from inbox.services.shown_files import ShownFile
from inbox.services.ways import Choice

LINK_S: Final = 30 * 24 * 3600
"""How long a guest can open a link to a file that their channel didn't carry."""


# --- what arrives ---
def expect(
    message: Message,
    records: Sequence[AttachmentRecord],
    *,
    delivery_id: int | None = None,
    history: bool = False,
) -> None:
    """Note the files that a message brought, in its transaction; a worker fetches them afterwards, those of an old
    message when there is time. `delivery_id`: the journal's entry in which those without a link lie."""
    if not records:
        return
    Attachment.objects.bulk_create(
        Attachment(
            message=message,
            delivery_id=None if record.url else delivery_id,
            remote_id=record.external_id[:200],
            name=record.name[:200],
            url=record.url[:1000],
            mime_type=record.mime_type[:100],
            size=record.size,
            content_id=record.content_id[:200],
        )
        for record in records
    )
    if not history:
        wake.after_commit("inbox.fetch_files")


def visible_to(user: User) -> QuerySet[Attachment]:
    """The files that a person may see: of threads that they see (invariant 10), and of their own drafts there."""
    seen = threads.visible_to(user).values("pk")
    said = Q(message__thread__in=seen, message__withdrawn_at__isnull=True)
    return Attachment.objects.filter(said | Q(draft__user=user, draft__thread__in=seen))


def link(file: Attachment) -> str:
    """Where a file that isn't kept is to be had now: at the PMS. Raises NotFound, ConnectorError."""
    message = file.message
    is_linked = message is not None and message.address_id is None and _may_stand_in(file)
    if message is None or message.connection is None or not is_linked:
        raise NotFound(detail=f"file {file.pk}")
    return media.link(message.connection, reference(file, message))


def _may_stand_in(file: Attachment) -> bool:
    """Its sender's link, for the file: not where we looked at it and refused it."""
    return bool(file.url) and (file.state != FileState.REFUSED or file.reason == "too_large")


def reference(file: Attachment, message: Message) -> media.FileRef:
    """How the connector finds it. The message's thread is read."""
    return media.FileRef(
        external_id=file.remote_id,
        told_at=message.created_at,
        url=file.url,
        name=file.name,
        mime_type=file.mime_type,
        conversation_id=message.thread.conversation_id,
        message_id=message.remote_id,
        delivery_id=file.delivery_id,
    )


# --- what goes out ---
def out_files(message: Message) -> tuple[OutFile, ...]:
    """The files of a reply as a channel's intent names them."""
    held = message.attachments.filter(state=FileState.KEPT).order_by("pk")
    return tuple(_out(file) for file in held)


def _out(file: Attachment) -> OutFile:
    return OutFile(
        key=file.storage_key,
        name=file.name,
        mime_type=file.sniffed_type,
        size=file.size or 0,
        alt=file.alt_text,
    )


def with_links(body: str, out: Sequence[OutFile]) -> str:
    """A text for a destination that takes no files: it names each, with a link that is good for thirty days."""
    lines = [f"{file.alt or file.name}: {files.public_link(file.key, file.name, LINK_S)}" for file in out]
    return "\n\n".join(part for part in (body, "\n".join(lines)) if part)


def lines_for_others(message_id: int) -> list[str]:
    """The files of a message for somebody without a seat here (a craftsman, by the PMS): name and link of each."""
    kept = Attachment.objects.filter(message_id=message_id, state=FileState.KEPT).order_by("pk")
    return with_links("", [_out(file) for file in kept]).splitlines()


def carried(message: Message, body: str, out: Sequence[OutFile]) -> tuple[str, tuple[OutFile, ...]]:
    """(What the guest reads, the files that go along) where this message goes: all of them, or a link to each where its
    channel can't carry them as they are."""
    if not out:
        return body, ()
    if media_problems(out, _limits(message)):
        return with_links(body, out), ()
    return body, tuple(out)


def _limits(message: Message) -> MediaLimits:
    """What the channel of a reply takes; a PMS takes no files."""
    if message.address is None or message.connection is None:
        return MediaLimits()
    return channel_class(message.connection.slug).facts[Channel(message.address.channel)].media


def notes(choices: Sequence[Choice], shown: Sequence[ShownFile]) -> list[tuple[str, str]]:
    """(way, what to know) of the ways to a guest that can't carry these files as they are, before one is taken (ux
    T5)."""
    out = [
        OutFile(key=file.id, name=file.name, mime_type=file.mime_type, size=file.size or 0) for file in shown
    ]
    found = []
    for choice in choices:
        limits = choice.facts.media if choice.facts is not None else MediaLimits()
        problems = media_problems(out, limits)
        if problems:
            told = [_words(problem, choice.label) for problem in problems[:3]]
            found.append((choice.key, " ".join([*told, _("A link to each file is sent instead.")])))
    return found


def _words(problem: MediaProblem, destination: str) -> str:
    """A problem in the agent's words."""
    megabytes = f"{problem.limit / 1024 / 1024:.3g} MB"
    told = {"to": destination, "name": problem.name, "n": problem.limit, "limit": megabytes}
    at_most = ngettext("%(to)s takes %(n)d file.", "%(to)s takes at most %(n)d files.", problem.limit)
    sentences = {
        "none": _("%(to)s takes no files."),
        "type": _("%(to)s does not take this kind of file: %(name)s."),
        "size": _("%(name)s is too large: %(to)s takes %(limit)s."),
        "total": _("All files together are too large: %(to)s takes %(limit)s."),
        "count": at_most,
    }
    return sentences[problem.code] % told
