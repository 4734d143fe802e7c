"""The thread list: built-in views, filters, order, pages by cursor, counts in one statement."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db import connection
from django.db.models import Exists, F, FilteredRelation, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from bellhop.accounts.models import User
from bellhop.core import clock
from bellhop.core.models import LiveCounter
from inbox.models import Draft, Mention, Message, Receipt, ReceiptState, Tag, Thread, ThreadStatus
from inbox.services import drafts, threads
from reservations.models import Reservation, StayPhase
from reservations.sequences import absent

PAGE = 50
COUNT_LIMIT = 1_000
OPENISH = Q(status=ThreadStatus.OPEN)
PROBLEM = (ReceiptState.FAILED, ReceiptState.UNCONFIRMED)
NOT_IN_PMS = (ReceiptState.QUEUED, ReceiptState.SENDING, ReceiptState.FAILED, ReceiptState.UNCONFIRMED)

VIEWS: dict[str, Any] = {
    "needs-reply": _("Needs reply"),
    "mine": _("Mine"),
    "unassigned": _("Unassigned"),
    "team": _("Team"),
    "snoozed": _("Snoozed"),
    "mentions": _("Mentions"),
    "unmatched": _("Not matched"),
    "not-in-pms": _("Not in the PMS"),
    "failed": _("Failed"),
    "all": _("All"),
    "closed": _("Closed"),
}
SORTS: dict[str, Any] = {
    "waiting": _("Longest wait"),
    "recent": _("Newest activity"),
    "oldest": _("Oldest activity"),
    "arrival": _("Arrival soonest"),
}
FILTERS = (
    "property",
    "channel",
    "assignee",
    "team",
    "status",
    "phase",
    "arrival",
    "source",
    "tag",
    "language",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListQuery:
    """What a list shows. `filters`: name → chosen values (OR within one, AND between them, ux L5)."""

    view: str = "needs-reply"
    sort: str = ""
    filters: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def order(self) -> str:
        if self.sort in SORTS:
            return self.sort
        return "waiting" if self.view == "needs-reply" else "recent"


ABOUT = ("organization", "stay__unit", "stay__property", "property", "assignee")
# What a rendered row is kept by (`inbox.live.rows`), and what is personal in it.
KEPT_BY = ("version", "waiting_since", "preview_author", "last_inbound_id")


@dataclass(frozen=True, slots=True)
class ThreadPage:
    """`rows` have their `KEPT_BY` and what is personal; the rest is loaded for those that must be rendered."""

    rows: list[Thread]
    next_cursor: str


def in_view(user: User, view: str) -> QuerySet[Thread]:
    """The threads of a built-in view, in no order. Raises KeyError for an unknown one."""
    rows = threads.visible_to(user)
    conditions: dict[str, Q | Exists] = {
        "needs-reply": OPENISH & Q(waiting_since__isnull=False),
        "mine": ~Q(status=ThreadStatus.CLOSED) & Q(assignee=user),
        "unassigned": OPENISH & Q(assignee__isnull=True),
        "team": ~Q(status=ThreadStatus.CLOSED) & Q(team__in=user.teams.all()),
        "snoozed": Q(status=ThreadStatus.SNOOZED),
        "mentions": Exists(Mention.objects.filter(thread=OuterRef("pk"), user=user, seen_at__isnull=True)),
        "unmatched": OPENISH & Q(stay__isnull=True, guest__isnull=True),
        "not-in-pms": threads.with_problem(*NOT_IN_PMS, destination="pms"),
        "failed": threads.with_problem(*PROBLEM),
        "all": Q(),
        "closed": Q(status=ThreadStatus.CLOSED),
    }
    return rows.filter(conditions[view])


def filtered(rows: QuerySet[Thread], filters: Mapping[str, Sequence[str]], now: datetime) -> QuerySet[Thread]:
    """Narrow by the filters; unknown names and values that can't be read are ignored."""
    for name in FILTERS:
        values = [value for value in filters.get(name, ()) if value]
        if values:
            rows = rows.filter(_condition(name, values, now))
    return rows


def _condition(name: str, values: list[str], now: datetime) -> Q | Exists:
    if name == "property":
        return Q(property__public_id__in=values)
    if name == "assignee":
        return Q(assignee__public_id__in=values) | (Q(assignee__isnull=True) if "none" in values else Q())
    if name == "team":
        return Q(team__public_id__in=values)
    if name == "source":
        return Q(stay__source__in=values)
    if name == "tag":
        return Exists(Tag.threads.through.objects.filter(thread_id=OuterRef("pk"), tag__public_id__in=values))
    if name == "arrival":
        return _arrives(values, now.date())
    if name == "phase":
        found = Q()
        for value in values:
            found |= _phase(value, now)
        return found
    return Q(**{f"{name}__in": values})


def _arrives(values: list[str], today: date) -> Q:
    """Days by date, or as "today", "tomorrow" and "week" (the seven days from today), which a saved view keeps."""
    found = Q(pk__in=())
    for value in values:
        if value == "week":
            found |= Q(stay__arrival_date__gte=today, stay__arrival_date__lt=today + timedelta(days=7))
        elif (
            day := {"today": today, "tomorrow": today + timedelta(days=1)}.get(value) or _date(value)
        ) is not None:
            found |= Q(stay__arrival_date=day)
    return found


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _phase(value: str, now: datetime) -> Q:
    """A phase as a condition on dates. The property's own day may differ by one; the row's chip shows the exact one."""
    today = now.date()
    status = Reservation.Status
    gone = Q(stay__status__in=(status.CANCELLED, status.NO_SHOW))
    active = ~gone & ~Q(stay__status__in=(status.INQUIRY, status.CHECKED_OUT))
    conditions = {
        StayPhase.INQUIRY: Q(stay__status=status.INQUIRY),
        StayPhase.CANCELLED: gone,
        StayPhase.UPCOMING: active & Q(stay__arrival_date__gt=today),
        StayPhase.ARRIVING: active & Q(stay__arrival_date=today),
        StayPhase.IN_HOUSE: active & Q(stay__arrival_date__lte=today, stay__departure_date__gt=today),
        StayPhase.DEPARTING: active & Q(stay__departure_date=today),
        StayPhase.CHECKED_OUT: Q(stay__status=status.CHECKED_OUT)
        | (active & Q(stay__departure_date__lt=today - timedelta(days=0))),
    }
    return conditions.get(StayPhase(value), Q()) if value in StayPhase.values else Q()


# Sort → (expression, descending). Ties break by id in the same direction.
_ORDERS: dict[str, tuple[Any, bool]] = {
    "waiting": (F("waiting_since"), False),
    "recent": (F("last_activity_at"), True),
    "oldest": (F("last_activity_at"), False),
    "arrival": (F("arrives_on"), False),
}


def page(user: User, query: ListQuery, cursor: str = "") -> ThreadPage:
    """One page, keyset by (sort value, id): never repeats or skips while rows stay where they are."""
    rows = filtered(in_view(user, query.view), query.filters, clock.now())
    expression, descending = _ORDERS[query.order]
    if query.order == "waiting":
        rows = rows.filter(waiting_since__isnull=False)
    rows = rows.annotate(sort_value=expression)
    position = _decode(cursor)
    if position is not None:
        value, last_id = position
        way = "lt" if descending else "gt"
        # The first condition is implied by the second, but only it lets an index begin where the last page ended.
        rows = rows.filter(**{f"sort_value__{way}e": value}).filter(
            Q(**{f"sort_value__{way}": value}) | Q(sort_value=value, **{f"pk__{way}": last_id})
        )
    sign = "-" if descending else ""
    order = (f"{sign}sort_value", f"{sign}pk")
    # Which rows, before what they show: so an index or a rare condition leads, whatever else is joined.
    chosen = Thread.objects.filter(pk__in=rows.order_by(*order).values("pk")[: PAGE + 1])
    light = with_problems(_with_own(user, chosen.only(*KEPT_BY).annotate(sort_value=expression)))
    found = list(light.order_by(*order))
    more = len(found) > PAGE
    found = found[:PAGE]
    return ThreadPage(found, _encode(found[-1]) if more else "")


def _encode(row: Thread) -> str:
    value = row.sort_value  # type: ignore[attr-defined]
    return base64.urlsafe_b64encode(json.dumps([value.isoformat(), row.pk]).encode()).decode()


def _decode(cursor: str) -> tuple[datetime | date, int] | None:
    """A cursor that can't be read starts at the top."""
    try:
        text, last_id = json.loads(base64.urlsafe_b64decode(cursor.encode()))
        value = date.fromisoformat(text) if len(text) == len("2026-01-01") else datetime.fromisoformat(text)
        return value, int(last_id)
    except (ValueError, TypeError, binascii.Error):
        return None


def for_rows(user: User, rows: QuerySet[Thread]) -> QuerySet[Thread]:
    """All that a row shows, in a constant number of statements: unread, draft and worst receipt as annotations."""
    return _with_own(user, for_anyone(rows))


def _with_own(user: User, rows: QuerySet[Thread]) -> QuerySet[Thread]:
    return _with_read(user, rows).annotate(
        has_draft=Exists(Draft.objects.filter(thread=OuterRef("pk"), user=user))
    )


def _with_read(user: User, rows: QuerySet[Thread]) -> QuerySet[Thread]:
    """How far and when the person has read, from the one row that says so."""
    return rows.annotate(
        own_read=FilteredRelation("reads", condition=Q(reads__user=user)),
        last_read_id=Coalesce("own_read__last_read_id", Value(0)),
        marked_unread=Coalesce("own_read__marked_unread", Value(False)),
        read_at=F("own_read__at"),
    )


def for_anyone(rows: QuerySet[Thread]) -> QuerySet[Thread]:
    """What a row shows to everybody: the thread, its stay and place, and `problem_states` of its receipts.

    No join more than that: the database takes longer to plan ten joins than to carry them out, and a connection would
    be decrypted for every row.
    """
    return with_problems(rows.select_related(*ABOUT))


def with_problems(rows: QuerySet[Thread]) -> QuerySet[Thread]:
    """With `problem_states` of the receipts."""
    problems = Receipt.objects.filter(
        thread=OuterRef("pk"), state__in=NOT_IN_PMS, message__withdrawn_at__isnull=True
    )
    return rows.annotate(problem_states=ArraySubquery(problems.values("state").distinct()))


def for_pane(user: User, rows: QuerySet[Thread], *more: str) -> QuerySet[Thread]:
    """All that an open thread shows besides its entries, in one statement: stay, place, who carries it, how far the
    person has read, their drafts (`drafts.ABOUT`), tags, the newest message that anybody may have read, whether the
    guest is on legal hold, whether its stay is off some live sequence. `more` relations come along: each join
    costs more to plan than to carry out."""
    mine = Draft.objects.filter(thread=OuterRef("pk"), user=user)
    tags = Tag.objects.filter(threads=OuterRef("pk")).order_by("name")
    newest = Message.objects.filter(thread=OuterRef("pk")).order_by("-id")
    about = ("stay__unit", "property", "assignee", "connection__health", *more)
    return _with_read(user, rows.select_related(*about)).annotate(
        own_drafts=ArraySubquery(mine.values(draft=drafts.ABOUT)),
        tag_names=ArraySubquery(tags.values("name")),
        newest_id=Coalesce(Subquery(newest.values("id")[:1]), Value(0)),
        guest_held_at=F("guest__held_at"),
        off_sequences=Exists(absent.live(user.organization_id, OuterRef(OuterRef("stay_id")))),
    )


def row(user: User, thread_id: int) -> Thread | None:
    """One row as the list has it; None where the person may not see it."""
    return for_rows(user, threads.visible_to(user).filter(pk=thread_id)).first()


def counts(user: User) -> dict[str, int]:
    """Every view's count, each capped at 1,000 ("999+")."""
    return numbers(user)[1]


def numbers(user: User) -> tuple[int, dict[str, int]]:
    """(newest live number, every view's count) as of one instant, in one statement."""
    sql, parameters = _counts_sql(user.all_properties)
    here = {_SOME_ORGANIZATION: user.organization_id, _SOMEBODY: user.pk}
    with connection.cursor() as cursor:
        cursor.execute(sql, [here.get(value, value) for value in parameters])
        last, *found = cursor.fetchone()
    return last or 0, dict(zip(VIEWS, found, strict=True))


# Ids that nobody has: the places of the organization's and the person's in the statement that is kept.
_SOME_ORGANIZATION, _SOMEBODY = -1, -2


@cache
def _counts_sql(all_properties: bool) -> tuple[str, tuple[Any, ...]]:
    """The statement of `numbers`. Putting it together takes ten times as long as its answer, so that is done once."""
    user = User(pk=_SOMEBODY, organization_id=_SOME_ORGANIZATION, all_properties=all_properties)
    counters = LiveCounter.objects.filter(organization_id=_SOME_ORGANIZATION)
    last, values = counters.values("last_number").query.sql_with_params()
    counted, parameters = [f"({last})"], [*values]
    for name in VIEWS:
        rows = in_view(user, name).order_by().values("pk")[:COUNT_LIMIT]
        sql, values = rows.query.sql_with_params()
        counted.append(f"(SELECT count(*) FROM ({sql}) AS counted)")  # noqa: S608 (made by Django)
        parameters += values
    return f"SELECT {', '.join(counted)}", tuple(parameters)
