"""Files that a person adds to a reply: kept with the draft until the message is sent (ux C2, C13)."""

from __future__ import annotations

from django.db import models, transaction
from django.utils.translation import gettext as _

from bellhop.accounts.models import User
from bellhop.accounts.permissions import Permission
from bellhop.accounts.services import require
from bellhop.core import files
from bellhop.core.file_types import FileRefused, safe_name
from inbox.models import Attachment, Draft, FileState, Message, Thread
from inbox.services import drafts

MOST = 10
ALT_LENGTH = 500


class UploadRefused(Exception):
    """The file isn't taken; the text says why, in the agent's words."""


def upload(user: User, thread: Thread, content: bytes, *, name: str, mime_type: str, seen: int) -> Attachment:
    """Keep a file with the person's draft of a reply; `mime_type` is the browser's word. `seen`: as for a draft.

    Raises UploadRefused, PermissionDenied. No transaction may be open.
    """
    require(user, Permission.THREADS_REPLY)
    if _of_draft(user, thread).count() >= MOST:
        raise UploadRefused(_("A message holds at most %(n)d files.") % {"n": MOST})
    try:
        kept = files.keep(content, name)
    except FileRefused as refused:
        raise UploadRefused(refused.words) from refused
    with transaction.atomic():
        draft = drafts.hold(user, thread, Draft.Mode.REPLY, seen_message_id=seen)
        files.in_use(kept)
        return Attachment.objects.create(
            draft=draft,
            state=FileState.KEPT,
            name=safe_name(name, kept.mime_type),
            mime_type=mime_type[:100],
            **columns(kept),
        )


def columns(kept: files.Kept) -> dict[str, object]:
    """What a row tells about a file in the store."""
    return {
        "storage_key": kept.key,
        "thumbnail_key": kept.thumbnail_key,
        "sniffed_type": kept.mime_type,
        "sha256": kept.sha256,
        "size": kept.size,
        "width": kept.width,
        "height": kept.height,
    }


def _of_draft(user: User, thread: Thread) -> models.QuerySet[Attachment]:
    return Attachment.objects.filter(draft__user=user, draft__thread=thread, draft__mode=Draft.Mode.REPLY)


@transaction.atomic
def remove(user: User, file: Attachment) -> None:
    """Take a file out of one's draft; a draft that holds nothing then is gone. Raises Attachment.DoesNotExist once it
    was sent."""
    own = Draft.objects.select_for_update(of=("self",)).filter(files=file, user=user).first()
    if own is None:
        raise Attachment.DoesNotExist
    Attachment.objects.filter(pk=file.pk, draft=own).delete()
    if not own.body.strip() and not own.files.exists():
        own.delete()


def describe(user: User, file: Attachment, alt_text: str) -> None:
    """Say in words what an image shows. Raises Attachment.DoesNotExist once it was sent."""
    mine = Attachment.objects.filter(pk=file.pk, draft__user=user)
    if not mine.update(alt_text=" ".join(alt_text.split())[:ALT_LENGTH]):
        raise Attachment.DoesNotExist


def take_draft_files(user: User, thread: Thread, message: Message) -> int:
    """The files of the draft are the message's from now on. Part of the reply's transaction, before the draft is
    dropped: an upload that is just ending is waited for. Returns how many."""
    mine = {"user": user, "thread": thread, "mode": Draft.Mode.REPLY}
    draft = Draft.objects.select_for_update().filter(**mine).first()
    if draft is None:
        return 0
    return Attachment.objects.filter(draft=draft).update(draft=None, message=message)


def of_draft(user: User, thread: Thread) -> list[Attachment]:
    """The files that the person's next reply takes along, in their order."""
    return list(_of_draft(user, thread).order_by("pk"))


def put_back(message: Message, draft: Draft) -> None:
    """The files of a reply that was undone go back into the draft."""
    Attachment.objects.filter(message=message).update(message=None, draft=draft)
