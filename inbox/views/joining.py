"""Merging, splitting and blocking threads, and what is noted about an address."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from bellhop.accounts.permissions import Permission
from bellhop.accounts.web import page, user_of
from inbox.forms import ConsentForm
from inbox.models import Message, Thread, ThreadAddress, ThreadMerge
from inbox.services import blocking, find, merging, threads
from inbox.services.merging import CannotMerge
from inbox.views import access
from reservations.models import ConsentScope, ConsentState
from reservations.services import consent as ledger


def _to(thread: Thread) -> HttpResponse:
    """Open the thread that it is now."""
    address = reverse("inbox:thread", args=["all", thread.public_id])
    return HttpResponse(status=204, headers={"HX-Redirect": address})


def _refused(request: HttpRequest, refusal: CannotMerge) -> HttpResponse:
    return render(request, "inbox/_refused.html", {"problem": str(refusal)}, status=422)


@require_http_methods(["GET", "POST"])
@page(Permission.THREADS_MATCH)
def merge(request: HttpRequest, public_id: str) -> HttpResponse:
    """Find the other thread by name, code or words (GET), then put this one into it (POST)."""
    thread = access.plain_thread_of(request, public_id)
    user = user_of(request)
    if request.method == "GET":
        found = find.find_threads(user, request.GET.get("q", ""))
        others = [other for other in found if other.pk != thread.pk][:8]
        return render(request, "inbox/_merge.html", {"thread": thread, "others": others})
    rows = threads.visible_to(user)
    target = get_object_or_404(rows, public_id=request.POST.get("into", ""))
    try:
        return _to(merging.merge_by(user, thread, target))
    except CannotMerge as refusal:
        return _refused(request, refusal)


@require_POST
@page(Permission.THREADS_MATCH)
def split(request: HttpRequest, public_id: str) -> HttpResponse:
    """Put all that was said with one address into a thread of its own."""
    thread = access.plain_thread_of(request, public_id)
    given = request.POST.get("address", "")
    if not given.isdecimal():
        raise BadRequest("address")
    found = get_object_or_404(ThreadAddress, thread=thread, address_id=int(given))
    same = Message.objects.filter(thread=thread, address_id=found.address_id)
    try:
        return _to(merging.split_by(user_of(request), thread, same.values_list("pk", flat=True)))
    except CannotMerge as refusal:
        return _refused(request, refusal)


@require_POST
@page(Permission.THREADS_MATCH)
def undo(request: HttpRequest, public_id: str) -> HttpResponse:
    """Take a merge or split back."""
    user = user_of(request)
    row = get_object_or_404(ThreadMerge, public_id=public_id, organization_id=user.organization_id)
    if not threads.visible_to(user).filter(pk__in=[row.source_id, row.target_id]).exists():
        raise Http404("not to be seen")
    try:
        return _to(merging.undo(user, row))
    except CannotMerge as refusal:
        return _refused(request, refusal)


@require_POST
@page(Permission.THREADS_MATCH)
def block(request: HttpRequest, public_id: str) -> HttpResponse:
    """Block an unknown sender, or take that back (ux V7)."""
    thread = access.plain_thread_of(request, public_id)
    blocking.block(user_of(request), thread, blocked=request.POST.get("blocked") == "1")
    return HttpResponse(status=204)


@require_POST
@page(Permission.CONSENT_EDIT)
def consent(request: HttpRequest, public_id: str) -> HttpResponse:
    """Note what a guest allowed or stopped, or that an address is good after all."""
    thread = access.plain_thread_of(request, public_id)
    form = ConsentForm(request.POST)
    if not form.is_valid():
        raise BadRequest(form.errors.as_text())
    given: dict[str, Any] = form.cleaned_data
    known = {address for _channel, address in blocking.addresses_of(thread)}
    if given["address"] not in known:
        raise Http404("not an address of this thread")
    user = user_of(request)
    if given["what"] == "lift":
        ledger.lift_dead(user, given["channel"], given["address"])
    else:
        scope, state = given["what"].split("-")
        ledger.set_by_person(
            user,
            given["channel"],
            given["address"],
            ConsentScope(scope),
            ConsentState(state),
            given["reason"],
        )
    return HttpResponse(status=204, headers={"HX-Trigger": "bellhop:panel"})
