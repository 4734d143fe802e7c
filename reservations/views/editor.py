"""The editor of sequences: the timeline with its steps, one of them open; saved as it is typed, previewed for a real
stay."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from bellhop.accounts.permissions import Permission
from bellhop.accounts.web import page, user_of
from reservations.models import Sequence
from reservations.sequences import (
    audience,
    changes,
    conditions,
    definition,
    editing,
    previewing,
    publishing,
    strip,
    trial,
    values,
)
from reservations.sequences.definition import ANCHOR_ORDER, CHANNELS, Anchor, Definition, Step
from reservations.views import step_form
from reservations.views.step_form import Stored, Unreadable

LANGUAGES = ("en", "es", "de", "fr", "it", "nl", "pl", "pt", "ro", "sv", "zh", "ja")
SETTINGS = editing.WHOLE
ADD = (
    Anchor.BOOKED, Anchor.ARRIVAL, Anchor.DEPARTURE, Anchor.CANCELLED, Anchor.DATES_CHANGED, Anchor.MANUAL,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Card:
    """A step in the list: `number` as on the timeline, how many stays it is for, whether it differs from what is
    live."""

    step: Step
    number: int
    match: audience.Match
    is_changed: bool
    was: Step | None


@dataclass(frozen=True, slots=True)
class Group:
    """The steps of one anchor."""

    anchor: Anchor
    cards: list[Card]


def sequence_of(request: HttpRequest, public_id: str) -> Sequence:
    rows = Sequence.objects.filter(organization_id=user_of(request).organization_id)
    return get_object_or_404(rows.select_related("live", "draft_by"), public_id=public_id)


@require_GET
@page(Permission.SEQUENCES_EDIT)
def editor(request: HttpRequest, public_id: str) -> HttpResponse:
    """The whole page; `?step=` opens one, `?step=settings` who it is for."""
    row = sequence_of(request, public_id)
    context = context_of(request, row, request.GET.get("step", ""))
    return render(request, "reservations/editor/page.html", context)


def context_of(request: HttpRequest, row: Sequence, open_key: str, **more: Any) -> dict[str, Any]:
    """What the editor and its parts show."""
    readable = not definition.flaws(row.draft) or all(
        flaw.code != "unreadable" for flaw in definition.flaws(row.draft)
    )
    found = definition.parse(row.draft) if readable else Definition()
    steps = definition.in_order(found.steps)
    stays = audience.upcoming(user_of(request))
    matches = audience.counts(found, stays)
    flaws = publishing.flaws(row.draft, row.organization_id)
    live = row.live.definition if row.live else {"steps": []}
    changed = changes.between(live, row.draft)
    return {
        "section": "sequences",
        "sequence": row,
        "found": found,
        "groups": _groups(steps, live, row.draft, matches),
        "strip": strip.draw(steps),
        "flaws": flaws,
        "changes": changed,
        "is_published": row.live is not None and row.live.definition == row.draft,
        "blast": publishing.blast(row) if not flaws and changed else None,
        "match": matches[""],
        "open": open_key,
        "add_anchors": ADD,
        "next_number": (row.live.number if row.live else 0) + 1,
        "waiting": sum(publishing.waiting_by_version(row).values()) if row.live else 0,
        **_open(row, found, open_key, stays),
        **more,
    }


def _groups(
    steps: tuple[Step, ...], live: dict[str, Any], draft: dict[str, Any], matches: dict[str, audience.Match]
) -> list[Group]:
    was = {step["key"]: step for step in live.get("steps", ())}
    now = {step["key"]: step for step in draft.get("steps", ())}
    old = {key: definition.parse({"steps": [stored]}).steps[0] for key, stored in was.items()}
    cards = [
        Card(
            step,
            number,
            matches[step.key],
            bool(was) and was.get(step.key) != now[step.key],
            old.get(step.key),
        )
        for number, step in enumerate(steps, 1)
    ]
    anchors = dict.fromkeys(definition.group_of(card.step) for card in cards)
    return [
        Group(anchor, [card for card in cards if definition.group_of(card.step) == anchor])
        for anchor in anchors
    ]


def _open(row: Sequence, found: Definition, key: str, stays: list[Any]) -> dict[str, Any]:
    """The form of what is open, and the choices in it."""
    if key == SETTINGS:
        stored = editing.settings_of(row.draft)
        return {**_choices(found.rules, stays, ()), "base": editing.token(stored), "parsed": found}
    step = next((one for one in found.steps if one.key == key), None)
    if step is None:
        return {"base": ""}
    mine = [stay for stay in stays if conditions.first_false(found.rules, stay) is None]
    stored = editing.step_of(row.draft, key) or {}
    return {
        **_choices(step.rules, stays, step.channels),
        "open_step": step,
        "parsed": step,
        "base": editing.token(stored),
        "match_open": audience.Match(audience.count(step.rules, mine).matching, len(stays)),
        "more_languages": [code for code in LANGUAGES if code not in step.texts],
        "variables": values.NAMES,
        **_template_choices(row, step),
    }


def _template_choices(row: Sequence, step: Step) -> dict[str, Any]:
    """For WhatsApp outside its window: what was approved, and what the step has of it."""
    if "whatsapp" not in step.channels:
        return {}
    known, chosen = publishing.templates(row.organization_id), step.template
    found = known.get((chosen.name, chosen.language)) if chosen else None
    return {
        "templates": [one for one in known.values() if one.status == publishing.APPROVED],
        "template_found": found,
        "template_blanks": [
            (blank, chosen.values.get(blank, "") if chosen else "")
            for blank in (found.blanks if found else ())
        ],
    }


def _choices(rules: Any, stays: list[Any], channels: tuple[str, ...]) -> dict[str, Any]:
    return {
        "rule_rows": [
            (place, [(part, audience.count([rule], stays).matching) for part in rule.each])
            for place, rule in enumerate(rules)
        ],
        "fields": conditions.fields(),
        "operators": conditions.OPERATORS,
        "more_channels": [channel for channel in CHANNELS if channel not in channels],
        "anchors": ANCHOR_ORDER,
    }


@require_POST
@page(Permission.SEQUENCES_EDIT)
def save(request: HttpRequest, public_id: str, key: str) -> HttpResponse:
    """Keep what is in the form of a step or of the settings; then, for a click in it, the change and the form anew."""
    row = sequence_of(request, public_id)
    what = request.POST.get("act", "")
    try:
        fresh = step_form.settings(request.POST) if key == SETTINGS else step_form.step(request.POST, key)
        fresh = step_form.act(fresh, what)
        row = _keep(request, row, key, fresh)
    except Unreadable as bad:
        return _told(
            render(request, "reservations/editor/_unreadable.html", {"bad": bad}, status=422), "#save-state"
        )
    except editing.Conflict as conflict:
        context = {"theirs": conflict.theirs, "sequence": row, "key": key}
        return _told(render(request, "reservations/editor/_conflict.html", context, status=409), "#conflict")
    except editing.StepGone:
        context = {"sequence": row, "gone": True}
        return _told(render(request, "reservations/editor/_conflict.html", context, status=409), "#conflict")
    template = "reservations/editor/_after.html" if what == "" else "reservations/editor/_whole.html"
    shown = request.POST.get("shown", "")
    answer = render(request, template, context_of(request, row, key, shown=shown))
    answer["HX-Trigger"] = "bellhop:preview"
    return answer


def _told(answer: HttpResponse, target: str) -> HttpResponse:
    """What could not be kept is said at its place; the form stays as it was typed."""
    answer["HX-Retarget"], answer["HX-Reswap"] = target, "innerHTML"
    return answer


def _keep(request: HttpRequest, row: Sequence, key: str, fresh: Stored) -> Sequence:
    user, base, over = user_of(request), request.POST.get("base", ""), bool(request.POST.get("over"))
    if key == SETTINGS:
        return editing.save_settings(user, row, fresh, base, over=over)
    return editing.save_step(user, row, fresh, base, over=over)


@require_POST
@page(Permission.SEQUENCES_EDIT)
def steps(request: HttpRequest, public_id: str) -> HttpResponse:
    """Add a step, copy one, or remove it."""
    row, user = sequence_of(request, public_id), user_of(request)
    key = request.POST.get("key", "")
    how = request.POST.get("how", "")
    opened = ""
    try:
        if how == "add":
            anchor = request.POST.get("anchor", Anchor.ARRIVAL)
            fresh = editing.blank_step(anchor if anchor in set(Anchor) else Anchor.ARRIVAL)
            editing.add_step(user, row, fresh)
            opened = fresh["key"]
        elif how == "copy":
            opened = editing.copy_step(user, row, key)
        elif how == "remove":
            editing.remove_step(user, row, key)
        else:
            raise Http404(how)
    except editing.StepGone:
        messages.error(request, _("Somebody removed this step meanwhile."))
    except ValueError:
        messages.error(request, _("Sixty steps are the most."))
    return redirect(_place(row, opened))


def _place(row: Sequence, key: str = "") -> str:
    url = reverse("reservations:sequence", args=[row.public_id])
    return f"{url}?step={key}#open" if key else url


@require_POST
@page(Permission.SEQUENCES_EDIT)
def create(request: HttpRequest) -> HttpResponse:
    """A new, empty sequence, or a copy of one."""
    user = user_of(request)
    name = request.POST.get("name", "").strip()[:120]
    try:
        if source := request.POST.get("copy", ""):
            return redirect(_place(editing.duplicate(user, sequence_of(request, source))))
        if not name:
            messages.error(request, _("Give the sequence a name."))
            return redirect("reservations:sequences")
        return redirect(_place(editing.create(user, name)))
    except editing.NameTaken:
        messages.error(request, _("There is a sequence of that name."))
        return redirect("reservations:sequences")


@require_POST
@page(Permission.SEQUENCES_EDIT)
def rename(request: HttpRequest, public_id: str) -> HttpResponse:
    row = sequence_of(request, public_id)
    name = request.POST.get("name", "").strip()[:120]
    try:
        if name:
            editing.rename(user_of(request), row, name)
    except editing.NameTaken:
        messages.error(request, _("There is a sequence of that name."))
    return redirect(_place(row))


@require_GET
@page(Permission.SEQUENCES_EDIT)
def versions(request: HttpRequest, public_id: str) -> HttpResponse:
    """Every published version with what changed in it, the draft on top."""
    row = sequence_of(request, public_id)
    found = list(row.versions.select_related("published_by").order_by("number"))
    before: dict[str, Any] = {"steps": []}
    told = []
    for version in found:
        told.append((version, changes.between(before, version.definition)))
        before = version.definition
    waiting = publishing.waiting_by_version(row)
    rows = [(version, changed, waiting.get(version.pk, 0)) for version, changed in reversed(told)]
    context = {
        "section": "sequences",
        "sequence": row,
        "rows": rows,
        "draft": changes.between(before, row.draft),
    }
    return render(request, "reservations/versions.html", context)


@require_POST
@page(Permission.SEQUENCES_EDIT)
def restore(request: HttpRequest, public_id: str, number: int) -> HttpResponse:
    """A version as the draft again."""
    row = sequence_of(request, public_id)
    version = get_object_or_404(row.versions.all(), number=number)
    editing.restore(user_of(request), row, version)
    messages.success(request, _("Version %(n)d is the draft now; nothing is sent by that.") % {"n": number})
    return redirect(_place(row))


@require_GET
@page(Permission.SEQUENCES_EDIT)
def preview(request: HttpRequest, public_id: str, key: str) -> HttpResponse:
    """The step for one stay: the one that was chosen, or a telling case."""
    row, user = sequence_of(request, public_id), user_of(request)
    found = definition.parse(row.draft)
    step = next((one for one in found.steps if one.key == key), None)
    if step is None:
        raise Http404(key)
    stay = previewing.by_id(user, request.GET.get("stay", "")) if request.GET.get("stay") else None
    stay = stay or previewing.pick(user, request.GET.get("pick", "next"))
    shown = (
        previewing.of(stay, found, step, request.GET.get("channel", ""), request.GET.get("language", ""))
        if stay
        else None
    )
    context = {"sequence": row, "step": step, "preview": shown, "picks": previewing.PICKS}
    return render(request, "reservations/editor/_preview.html", context)


@require_GET
@page(Permission.SEQUENCES_EDIT)
def stays(request: HttpRequest, public_id: str, key: str) -> HttpResponse:
    """Stays to preview for, by name or code."""
    row = sequence_of(request, public_id)
    words = request.GET.get("q", "").strip()
    found = previewing.search(user_of(request), words) if len(words) > 1 else []
    context = {"sequence": row, "key": key, "stays": found, "words": words}
    return render(request, "reservations/editor/_preview_stays.html", context)


@require_GET
@page(Permission.SEQUENCES_EDIT)
def missing(request: HttpRequest, public_id: str, key: str) -> HttpResponse:
    """Values that the next stays lack for this step."""
    row, user = sequence_of(request, public_id), user_of(request)
    found = definition.parse(row.draft)
    step = next((one for one in found.steps if one.key == key), None)
    if step is None:
        raise Http404(key)
    lacking, looked = audience.missing(found, step, audience.upcoming(user))
    context = {"sequence": row, "key": key, "lacking": lacking, "looked": looked}
    return render(request, "reservations/editor/_missing.html", context)


@require_POST
@page(Permission.SEQUENCES_EDIT)
def try_step(request: HttpRequest, public_id: str, key: str) -> HttpResponse:
    """The step to its author, as a test."""
    row, user = sequence_of(request, public_id), user_of(request)
    found = definition.parse(row.draft)
    step = next((one for one in found.steps if one.key == key), None)
    stay = previewing.by_id(user, request.POST.get("stay", ""))
    if step is None or stay is None:
        raise Http404(key)
    shown = previewing.of(
        stay, found, step, request.POST.get("channel", ""), request.POST.get("language", "")
    )
    try:
        told = _("Sent to %(address)s.") % {"address": trial.send(user, row, step, shown)}
    except trial.CannotTry as refused:
        return render(request, "reservations/editor/_tried.html", {"refused": str(refused)})
    return render(request, "reservations/editor/_tried.html", {"told": told})
