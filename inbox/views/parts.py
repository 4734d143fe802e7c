"""What the parts of the inbox need to be rendered: list, thread, composer, panel."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, QueryDict
from django.urls import reverse
from django.utils.translation import get_language

from bellhop.accounts.models import Team, User
from bellhop.accounts.permissions import Permission
from bellhop.accounts.web import user_of
from bellhop.core import clock
from connectors.contract.direct import Channel
from connectors.contract.registry import connector_class
from connectors.outbound.caller import pms_for
from connectors.trust import overwrites
from inbox.live import rows
from inbox.models import Thread
from inbox.services import (
    attachments,
    blocking,
    drafts,
    emergencies,
    listing,
    matching,
    merging,
    mirror,
    request_panel,
    row_view,
    shown_files,
    snoozing,
    timeline,
    triage,
    ways,
)
from inbox.services.chat import waiting
from inbox.services.listing import ListQuery
from inbox.views import filters, folding
from reservations.models import RequestKind, StayPhase
from reservations.sequences import absent, upcoming
from reservations.services import work_panel
from reservations.surveys import standing


def list_query(view: str, params: QueryDict) -> ListQuery:
    """The list that an address names: view in the path, sort and filters in the query."""
    given = {name: dict.fromkeys(filter(None, params.getlist(name))) for name in listing.FILTERS}
    chosen = {name: tuple(values) for name, values in given.items() if values}
    return ListQuery(view=view, sort=params.get("sort", ""), filters=chosen)


def list_context(request: HttpRequest, query: ListQuery, cursor: str = "") -> dict[str, Any]:
    """Rows of one page."""
    user, now = user_of(request), clock.now()
    page = listing.page(user, query, cursor)
    text = filters.query_text(query)
    return {
        "view": query.view,
        "view_label": listing.VIEWS[query.view],
        "query": text,
        "rows": rows.page(page.rows, now, get_language(), user.pk),
        "next_cursor": page.next_cursor,
        "filtered": bool(query.filters),
        "now": now,
    }


def frame_context(request: HttpRequest, query: ListQuery) -> dict[str, Any]:
    """What stands around the list: views with counts, sorts, filters, the live number."""
    user = user_of(request)
    # The number is read before the rows: what happens in between is told again, never missed.
    number, counts = listing.numbers(user)
    return {
        "live_number": number,
        **views_context(user, query, counts),
        "sorts": [
            (key, label, filters.query_text(query, sort=key), key == query.order)
            for key, label in listing.SORTS.items()
        ],
        "chips": filters.chips(user, query),
    }


def views_context(user: User, query: ListQuery, counts: dict[str, int]) -> dict[str, Any]:
    """The views with their counts, and the saved ones."""
    saved = filters.saved_views(user, query)
    return {
        "views": [(key, label, counts[key], key == query.view) for key, label in listing.VIEWS.items()],
        "counts": counts,
        "saved_views": saved,
        "saved_open": next((row.name for row, current in saved if current), ""),
    }


def named_entry_at(request: HttpRequest, thread: Thread) -> str:
    """When the message (`m`) or note (`n`) of a link was uttered, so that the page reaches back to it; else empty."""
    moment = None
    if public_id := request.GET.get("m"):
        moment = thread.messages.filter(public_id=public_id).values_list("sent_at", flat=True).first()
    elif public_id := request.GET.get("n"):
        moment = thread.notes.filter(public_id=public_id).values_list("written_at", flat=True).first()
    return moment.isoformat() if moment else ""


def thread_context(
    request: HttpRequest, thread: Thread, query: ListQuery, *, since: str = ""
) -> dict[str, Any]:
    """The thread pane with its composer; the log at least back to `since`. Panel and menus ask for their own."""
    last_read: int = thread.last_read_id  # type: ignore[attr-defined]
    return {
        **log_context(request, thread, since=since),
        **head_context(thread, query),
        **composer_context(request, thread),
        "last_read": last_read,
    }


def head_context(thread: Thread, query: ListQuery) -> dict[str, Any]:
    """The thread's head with what its menus always have."""
    return {
        "thread": thread,
        "place": row_view.place_of(thread),
        "dates": row_view.dates_of(thread),
        "view": query.view,
        "query": filters.query_text(query),
        "here": reverse("inbox:thread", args=[query.view, thread.public_id]),
        **outage_context(thread),
        **emergency_context(thread),
        "remote_link": _remote_link(thread),
        "pms": _pms_label(thread),
        "snoozes": snooze_choices(thread),
        "again_until": snoozing.again(thread, clock.now()),
        "thread_tags": ", ".join(thread.tag_names),  # type: ignore[attr-defined]
    }


def snooze_choices(thread: Thread | None = None) -> list[tuple[str, str]]:
    """(choice, words) of the built-in choices of the snooze menu. Without a thread: for many."""
    stay = thread.stay if thread else None
    dated = thread is None or (stay is not None and stay.arrival_date is not None)
    return [(key, str(words)) for key, words in snoozing.CHOICES if key != "arrival" or dated]


def own_snoozes(user: User) -> list[tuple[str, str]]:
    """(choice, words) of a person's own."""
    return [(preset.public_id, preset.name) for preset in snoozing.presets(user)]


def menu_context(request: HttpRequest, thread: Thread, what: str) -> dict[str, Any]:
    """What a menu of the thread asks for when it is opened. Raises KeyError for an unknown one."""
    user = user_of(request)
    contexts: dict[str, Callable[[], dict[str, Any]]] = {
        "assign": lambda: {
            "people": triage.who_may_have(thread),
            "teams": Team.objects.filter(organization_id=user.organization_id).order_by("name"),
        },
        "snooze": lambda: {"own": own_snoozes(user)},
    }
    return {"thread": thread, "what": what, **contexts[what]()}


def log_context(request: HttpRequest, thread: Thread, *, since: str = "", before: str = "") -> dict[str, Any]:
    """The entries: the newest page, a page before a moment, or everything since the oldest that is shown."""
    last_read: int = getattr(thread, "last_read_id", 0)
    loaded = timeline.load(thread, before, since)
    unkept = next((entry for entry in loaded.entries if entry.is_unkept), None)
    return {
        "thread": thread,
        "keeping": mirror.keeping(thread, unkept.item).value if unkept is not None else "",
        "entries": list(folding.by_day(folding.folded(loaded.entries))),
        "older_before": loaded.older_before,
        "first_unread": timeline.first_unread(
            loaded.entries, last_read, read_at=getattr(thread, "read_at", None), me=user_of(request).pk
        ),
        "now": clock.now(),
        "me": user_of(request),
        "pms": _pms_label(thread),
    }


def _pms_label(thread: Thread) -> str:
    return connector_class(thread.connection.slug).label if thread.connection else ""


def composer_context(request: HttpRequest, thread: Thread, **more: Any) -> dict[str, Any]:
    """Both drafts, why replying may be impossible, and what is wrong with the PMS right now."""
    user = user_of(request)
    kept = getattr(thread, "own_drafts", None)
    own = {draft["mode"]: draft for draft in (drafts.shown(user, thread) if kept is None else kept)}
    choices = ways.of(thread)
    asked = request.POST.get("via", "") or request.GET.get("via", "")
    chosen = next((choice for choice in choices if choice.key == asked and choice.is_allowed), None)
    chosen = chosen or ways.default(thread, choices)
    files = shown_files.of(own["reply"]["files"]) if "reply" in own else []
    return {
        "thread": thread,
        "drafts": own,
        "files": files,
        "notes": attachments.notes(choices, files),
        "why_not": ways.why_none(choices),
        "ways": choices,
        "way": chosen,
        "others": thread.assignee if thread.assignee_id not in {None, user.pk} else None,
        "newest_id": timeline.newest_id(thread) if kept is None else thread.newest_id,  # type: ignore[attr-defined]
        "undo_send_s": user.undo_send_s,
        "me": user,
        "pms": _pms_label(thread),
        **more,
    }


def outage_context(thread: Thread) -> dict[str, Any]:
    """The banner of ux B4: since when the PMS is down, and how much waits in this thread."""
    connection = thread.connection
    health = connection.health if connection else None
    down = health.down_since if health else None
    refused = health.credentials_refused_at if health else None
    paused = connection.paused_at if connection else None
    return {
        "outage_since": down,
        "outage_refused": refused,
        "outage_paused": paused,
        "outage_waiting": timeline.waiting_at_pms(thread) if down or refused or paused else 0,
        "health": health,
    }


def emergency_context(thread: Thread) -> dict[str, Any]:
    """The banner of ux V10: what the guest may have told of, and whom to call."""
    if thread.emergency_at is None:
        return {}
    return {"whom_to_call": emergencies.whom_to_call(thread), "telling": emergencies.message_of(thread)}


def _remote_link(thread: Thread) -> str | None:
    """The stay's page in the PMS."""
    if thread.stay is None or thread.connection is None:
        return None
    return pms_for(thread.connection).reservation_url(thread.stay.remote_id)


def panel_context(request: HttpRequest, thread: Thread) -> dict[str, Any]:
    """The reservation panel (ux V1): the current stay, who told what when, other stays, candidates where unmatched."""
    user, stay, now = user_of(request), thread.stay, clock.now()
    phase = stay.phase(now) if stay else None
    guest = thread.guest
    points = (
        guest.contact_points.order_by("kind", "id") if guest and user.may(Permission.CONTACTS_READ) else ()
    )
    reached = blocking.reached(thread)
    may_match = stay is None and user.may(Permission.THREADS_MATCH)
    planned = upcoming.of(stay) if stay else []
    return {
        "thread": thread,
        "dates": row_view.dates_of(thread),
        "health": thread.connection.health if thread.connection else None,
        "stay": stay,
        "phase_label": StayPhase(phase).label if phase else "",
        "stays": list(thread.stays.select_related("unit").order_by("-arrival_date", "-id")[:20]),
        "told": overwrites.latest("reservation", stay.pk) if stay else {},
        "remote_link": _remote_link(thread),
        "points": list(points),
        "past_stays": guest.reservations.exclude(pk=stay.pk if stay else 0).count() if guest else 0,
        "work": work_panel.of(stay) if stay else None,
        "upcoming": planned,
        "has_open": any(one.is_open for one in planned),
        "absent": absent.of(stay) if stay and getattr(thread, "off_sequences", True) else None,
        "surveys": standing.of_stay(stay) if stay else [],
        "requests": request_panel.of(stay) if stay else [],
        "request_kinds": RequestKind.choices,
        "candidates": matching.candidates(user, thread) if may_match else [],
        "reached": reached,
        "chatters": waiting.given_to([one.address for one in reached if one.channel == Channel.WEBCHAT]),
        "may_link": stay is not None and stay.guest_id is not None and user.may(Permission.THREADS_REPLY),
        "undoable": merging.undoable(thread) if user.may(Permission.THREADS_MATCH) else [],
        "strangers": list(blocking.several(thread)) if user.may(Permission.THREADS_MATCH) else [],
        "pms": _pms_label(thread),
        "now": now,
    }
