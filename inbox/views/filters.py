"""The filters of the list on screen: the menu, the chips of what is chosen, and saved views (ux L4, L5)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from django.db.models import Q
from django.http import QueryDict
from django.utils import formats
from django.utils.translation import get_language_info
from django.utils.translation import gettext as _

from bellhop.accounts.models import Team, User
from inbox.models import SavedView, Tag, ThreadStatus
from inbox.services import row_view, threads
from inbox.services.listing import ListQuery
from reservations.models import Property, Reservation, StayPhase
from reservations.services import scope

Choices = list[tuple[str, str]]
MOST = 200


def query_text(query: ListQuery, *, without: tuple[str, str] | None = None, sort: str | None = None) -> str:
    """The query string of a list, maybe without one filter value or with another sort."""
    params = QueryDict(mutable=True)
    if sort is not None or query.sort:
        params["sort"] = sort if sort is not None else query.sort
    for name, values in query.filters.items():
        kept = [value for value in values if (name, value) != without]
        if kept:
            params.setlist(name, kept)
    return params.urlencode()


def arrival_words() -> Choices:
    return [("today", _("Today")), ("tomorrow", _("Tomorrow")), ("week", _("The next 7 days"))]


def language_name(code: str) -> str:
    """A language by its name; an unknown code stays a code."""
    try:
        return str(get_language_info(code)["name_translated"]).capitalize()
    except KeyError:
        return code


def choices(user: User) -> list[tuple[str, str, Choices]]:
    """(name, label, [(value, words)]) of every filter, for the menu."""
    people = User.objects.filter(organization_id=user.organization_id, is_active=True).order_by("full_name")
    teams = Team.objects.filter(organization_id=user.organization_id).order_by("name")
    tags = Tag.objects.filter(organization_id=user.organization_id).order_by("name")[:MOST]
    stays = Reservation.objects.filter(organization_id=user.organization_id)
    sources = stays.exclude(source="").order_by("source").values_list("source", flat=True).distinct()[:MOST]
    spoken = threads.visible_to(user).exclude(language="").order_by("language")
    languages = spoken.values_list("language", flat=True).distinct()[:MOST]
    return [
        ("property", _("Property"), [(place.public_id, place.name) for place in scope.properties(user)]),
        ("status", _("Status"), [(value, str(label)) for value, label in ThreadStatus.choices]),
        ("assignee", _("Assignee"), [("none", _("Nobody")), *((p.public_id, p.full_name) for p in people)]),
        ("team", _("Team"), [(team.public_id, team.name) for team in teams]),
        ("phase", _("Stay"), [(value, str(label)) for value, label in StayPhase.choices]),
        ("arrival", _("Arrival"), arrival_words()),
        ("channel", _("Channel"), [(key, words) for key, (words, _icon) in row_view.CHANNELS.items()]),
        ("source", _("Booked on"), [(value, row_view.channel_words(value)[0]) for value in sources]),
        ("tag", _("Tag"), [(tag.public_id, tag.name) for tag in tags]),
        ("language", _("Language"), [(code, language_name(code)) for code in languages]),
    ]


def menu_context(user: User, query: ListQuery) -> dict[str, Any]:
    """The filter menu: every choice with whether it is chosen, days by date, and one's saved views."""
    groups = [
        (name, label, [(value, words, value in query.filters.get(name, ())) for value, words in found])
        for name, label, found in choices(user)
        if found
    ]
    words = dict(arrival_words())
    return {
        "view": query.view,
        "query": query_text(query),
        "sort": query.sort,
        "groups": [
            (name, label, found, sum(chosen for *_rest, chosen in found)) for name, label, found in groups
        ],
        "days": [value for value in query.filters.get("arrival", ()) if value not in words],
        "own_views": list(SavedView.objects.filter(owner=user).order_by("name", "id")),
    }


def saved_views(user: User, query: ListQuery | None = None) -> list[tuple[SavedView, bool]]:
    """One's own and the shared ones, each with whether it is what is on screen."""
    rows = SavedView.objects.filter(Q(owner=user) | Q(shared=True), organization_id=user.organization_id)
    here = f"{query.view}/?{query_text(query)}" if query is not None else ""
    return [(saved, saved.query == here) for saved in rows.order_by("name", "id")]


def chips(user: User, query: ListQuery) -> Choices:
    """(words, query string without it) of every active filter; asks only for the names that are needed."""
    return [
        (words, query_text(query, without=(name, value)))
        for name, values in query.filters.items()
        for value, words in _words(user, name, values)
    ]


def _words(user: User, name: str, values: tuple[str, ...]) -> Choices:
    plain: dict[str, Callable[[str], str]] = {
        "status": lambda value: _label(ThreadStatus.choices, value),
        "phase": lambda value: _label(StayPhase.choices, value),
        "channel": lambda value: row_view.channel_words(value)[0],
        "source": lambda value: row_view.channel_words(value)[0],
        "language": language_name,
        "arrival": _arrival,
    }
    if name in plain:
        found = {value: plain[name](value) for value in values}
    else:
        models: dict[str, Any] = {"property": Property, "assignee": User, "team": Team, "tag": Tag}
        rows = models[name].objects.filter(organization_id=user.organization_id, public_id__in=values)
        found = {"none": _("Nobody"), **{row.public_id: str(row) for row in rows}}
    return [(value, found.get(value, value)) for value in values]


def _label(labels: list[tuple[str, Any]], value: str) -> str:
    return str(dict(labels).get(value, value))


def _arrival(value: str) -> str:
    words = dict(arrival_words()).get(value)
    if words is None:
        try:
            words = formats.date_format(date.fromisoformat(value), "j M Y")
        except ValueError:
            words = value
    return _("Arrives: %(when)s") % {"when": words}
