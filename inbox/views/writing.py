"""Replies, notes, drafts, and what may be done about a message afterwards."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from bellhop.accounts.models import User
from bellhop.accounts.permissions import Permission
from bellhop.accounts.web import page, user_of
from connectors.outbound.outbox import NotPossible
from inbox.forms import DraftForm, LaterForm, NoteForm, ReplyForm, local_moment
from inbox.models import Draft, Message, Thread
from inbox.services import canned, drafts, later, mirror, notes, reply, snoozing, triage
from inbox.services.refusals import ReplyRefused
from inbox.services.reply import AgainstRules, AssignedElsewhere, ReplyOptions, StaleReply
from inbox.services.templates import ChosenTemplate
from inbox.views import access, parts


def _composer(request: HttpRequest, thread: Thread, status: int = 200, **more: Any) -> HttpResponse:
    """The composer anew. What changed in the log is told by the socket, to this screen as to all others; a refusal
    brings the log along, so that its reason is seen and nothing that was only hoped for stays."""
    context = parts.composer_context(request, thread, **more)
    if status == HTTPStatus.OK and "problem" not in more:
        return render(request, "inbox/_composer.html", context)
    context |= parts.log_context(request, thread, since=request.POST.get("since", ""))
    context |= parts.outage_context(thread)
    return render(request, "inbox/_after_writing.html", context, status=status)


@require_POST
@page(Permission.THREADS_REPLY)
def send_reply(request: HttpRequest, public_id: str) -> HttpResponse:
    """Send, or say why not: the text stays where it was."""
    thread = access.plain_thread_of(request, public_id)
    form = ReplyForm(request.POST)
    if not form.is_valid():
        raise BadRequest(form.errors.as_text())
    given = form.cleaned_data
    send_at = local_moment(given["send_at"], thread) if given["send_at"] else None
    if given["send_at"] and send_at is None:
        return _composer(request, thread, 422, problem=_("That time is past."), typed=given["body"])
    sleeps = given["then"] == "snooze" and snoozing.until(user_of(request), given["snooze"], thread)
    options = ReplyOptions(
        client_token=given["client_token"],
        seen_message_id=given["seen"] or 0,
        send_anyway=given["send_anyway"],
        send_at=send_at,
        keep_if_cancelled=given["keep_if_cancelled"],
        then=given["then"],
        snooze_until=sleeps or None,
        against_rules=given["against_rules"],
        via=given["via"],
        template=_template(request, given["template"]),
    )
    try:
        thread = reply.reply(user_of(request), thread, given["body"], options).thread
    except StaleReply as stale:
        return _composer(
            request, thread, 409, stale=stale.newer, typed=given["body"], token=given["client_token"]
        )
    except AgainstRules as refused:
        return _composer(
            request, thread, 422, against=refused.why, typed=given["body"], token=given["client_token"]
        )
    except AssignedElsewhere as refused:
        return _composer(request, thread, 409, problem=str(refused), take_over=True, typed=given["body"])
    except ReplyRefused as refused:
        return _composer(request, thread, 422, problem=str(refused), typed=given["body"])
    response = _composer(request, thread)
    if given["then"]:
        response["HX-Trigger"] = "bellhop:next"
    return response


def _template(request: HttpRequest, pk: int | None) -> ChosenTemplate | None:
    """The chosen template with what was typed into its blanks (`blank-1`, `blank-name`, …)."""
    if pk is None:
        return None
    prefix = "blank-"
    typed = {
        name.removeprefix(prefix): str(value)[:500]
        for name, value in request.POST.items()
        if name.startswith(prefix)
    }
    return ChosenTemplate(pk, typed)


@require_GET
@page(Permission.THREADS_READ)
def ways_now(request: HttpRequest, public_id: str) -> HttpResponse:
    """The ways to the guest as they are now, with the templates: what the guest just did may have opened or closed
    one."""
    thread = access.thread_of(request, public_id)
    return render(request, "inbox/_ways_now.html", parts.composer_context(request, thread))


@require_GET
@page(Permission.THREADS_READ)
def composer(request: HttpRequest, public_id: str) -> HttpResponse:
    """The composer anew: replying became possible, or is no longer."""
    mode = "note" if request.GET.get("mode") == "note" else "reply"
    return _composer(request, access.thread_of(request, public_id), mode=mode)


@require_POST
@page(Permission.THREADS_NOTE)
def add_note(request: HttpRequest, public_id: str) -> HttpResponse:
    """Keep a note."""
    thread = access.plain_thread_of(request, public_id)
    form = NoteForm(request.POST)
    if not form.is_valid():
        raise BadRequest(form.errors.as_text())
    given = form.cleaned_data
    try:
        notes.add(
            user_of(request),
            thread,
            given["body"],
            client_token=given["client_token"],
            to_pms=given["to_pms"],
        )
    except ReplyRefused as refused:
        return _composer(request, thread, 422, problem=str(refused), typed=given["body"], mode="note")
    return _composer(request, thread, mode="note")


@require_POST
@page(Permission.THREADS_READ)
def save_draft(request: HttpRequest, public_id: str) -> JsonResponse:
    """Keep what is being typed. Answers when it was kept, and whether another device was here meanwhile."""
    thread = access.plain_thread_of(request, public_id)
    form = DraftForm(request.POST)
    if not form.is_valid():
        raise BadRequest(form.errors.as_text())
    given = form.cleaned_data
    before = drafts.of(user_of(request), thread).get(given["mode"])
    draft = drafts.save(
        user_of(request),
        thread,
        Draft.Mode(given["mode"]),
        given["body"],
        seen_message_id=given["seen"] or 0,
        device=given["device"],
    )
    elsewhere = (
        before is not None and before.device not in {"", given["device"]} and before.body != given["body"]
    )
    return JsonResponse(
        {
            "saved_at": draft.updated_at.isoformat() if draft else None,
            "elsewhere": before.body if elsewhere and before is not None else None,
        }
    )


def _too_late() -> str:
    return _("Too late: it has left or was settled meanwhile. The thread shows where it stands.")


def _act(request: HttpRequest, public_id: str, action: Callable[[User, Message], object]) -> HttpResponse:
    """Do something about a sent message, or say that it is too late for it."""
    message = access.message_of(request, public_id)
    more: dict[str, Any] = {}
    try:
        action(user_of(request), message)
    except NotPossible:
        more["problem"] = _too_late()
    return _composer(request, access.thread_of(request, message.thread.public_id), **more)


@require_POST
@page(Permission.THREADS_REPLY)
def undo(request: HttpRequest, public_id: str) -> HttpResponse:
    """Take a reply back that has not left; its text is in the composer again."""
    return _act(request, public_id, reply.withdraw)


@require_POST
@page(Permission.THREADS_REPLY)
def change_later(request: HttpRequest, public_id: str) -> HttpResponse:
    """Another text or time for a reply that leaves later."""
    message = access.message_of(request, public_id)
    thread = access.thread_of(request, message.thread.public_id)
    form = LaterForm(request.POST)
    if not form.is_valid():
        raise BadRequest(form.errors.as_text())
    given = form.cleaned_data
    try:
        later.change(
            user_of(request),
            message,
            given["body"],
            local_moment(given["send_at"], thread),
            keep_if_cancelled=given["keep_if_cancelled"],
        )
    except ReplyRefused as refused:
        return _composer(request, thread, problem=str(refused))
    except NotPossible:
        return _composer(request, thread, problem=_too_late())
    return _composer(request, thread)


@require_POST
@page(Permission.THREADS_REPLY)
def send_now(request: HttpRequest, public_id: str) -> HttpResponse:
    """End a reply's undo time."""
    return _act(request, public_id, reply.send_now)


@require_POST
@page(Permission.THREADS_REPLY)
def send_again(request: HttpRequest, public_id: str) -> HttpResponse:
    """Try a reply anew that failed or did not arrive."""
    return _act(request, public_id, reply.send_again)


@require_POST
@page(Permission.THREADS_REPLY)
def mark_arrived(request: HttpRequest, public_id: str) -> HttpResponse:
    """The agent saw in the PMS that it arrived."""
    return _act(request, public_id, reply.mark_arrived)


@require_POST
@page(Permission.THREADS_NOTE)
def keep_in_pms(request: HttpRequest, public_id: str) -> HttpResponse:
    """Have the PMS keep a message that it was not asked to keep."""
    message = access.message_of(request, public_id)
    more: dict[str, Any] = {}
    try:
        mirror.keep(user_of(request), message)
    except NotPossible:
        more["problem"] = _("There is nothing to do: the PMS was asked for it, or has no place for it.")
    return _composer(request, access.thread_of(request, message.thread.public_id), **more)


@require_POST
@page(Permission.THREADS_NOTE)
def note_to_pms(request: HttpRequest, public_id: str) -> HttpResponse:
    note = access.note_of(request, public_id)
    thread = access.thread_of(request, note.thread.public_id)
    try:
        notes.send_to_pms(user_of(request), note)
    except ReplyRefused as refused:
        return _composer(request, thread, problem=str(refused), mode="note")
    return _composer(request, thread, mode="note")


@require_POST
@page(Permission.THREADS_TRIAGE)
def take_over(request: HttpRequest, public_id: str) -> HttpResponse:
    """Make the thread one's own; what was typed stays in the composer as a draft."""
    thread = access.thread_of(request, public_id)
    triage.assign(user_of(request), thread, user_of(request))
    thread.refresh_from_db()
    return _composer(request, thread)


@require_GET
@page(Permission.THREADS_REPLY)
def canned_replies(request: HttpRequest, public_id: str) -> HttpResponse:
    """Canned replies that fit, filled with this stay's values."""
    thread = access.thread_of(request, public_id)
    text = request.GET.get("q", "")
    only_values = bool(request.GET.get("values"))
    known = canned.values(user_of(request), thread) if only_values else {}
    return render(
        request,
        "inbox/_canned.html",
        {
            "replies": [] if only_values else canned.matching(user_of(request), thread, text),
            "values": {
                name: value for name, value in known.items() if text.lower() in f"{name} {value}".lower()
            },
            "only_values": only_values,
            "text": text,
        },
    )
