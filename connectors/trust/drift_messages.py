"""Comparing the newest messages of a conversation with the PMS's thread: which stand on one side only. Kept are ids,
times and states, never what was said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet

from bellhop.core import clock
from connectors import ports
from connectors.contract.base import Page, PmsConnector
from connectors.contract.errors import NotFound
from connectors.contract.events import Entity
from connectors.contract.http import Call
from connectors.contract.records import AuthorKind, Direction, MessageRecord, NoteRecord
from connectors.contract.text import fingerprint
from connectors.inbound import identity
from connectors.models import ACTIVE_STATES, Command, CommandKind, CommandState, Connection, Drift
from connectors.ports import SentMessage, Talk
from connectors.trust.drift_compare import STANDING, Outcome, is_told_of, solve
from connectors.trust.ownership import FRESH_WITHIN, Freshness

MISSING_HERE = "missing_here"
MISSING_THERE = "missing_there"
# The provider's clock and ours are not one: what is this close to the end of a page is left to the next one.
SKEW = timedelta(minutes=5)
SHORT = 20
MORE_PAGES = 2
Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class _Difference:
    object_id: int
    ours: Any
    theirs: Any
    since: datetime


def can(connector: PmsConnector) -> bool:
    """Does the PMS have conversations that can be listed?"""
    return connector.capabilities.of(Entity.MESSAGE).read


def compare(connection: Connection, connector: PmsConnector, call: Call, talk: Talk) -> Outcome:
    """Read the newest page of a conversation and judge it. Raises any ConnectorError but NotFound: its stay tells."""
    began = clock.now()
    try:
        page = _newest(connection, connector, call, talk)
    except NotFound:
        _looked_at(connection, talk, began)
        return Outcome(0, ())
    return judge(connection, connector, talk, page, began)


def _newest(
    connection: Connection, connector: PmsConnector, call: Call, talk: Talk
) -> Page[MessageRecord | NoteRecord]:
    """The newest posts: one page; more where it is so short that one of ours may stand on the next."""
    page = connector.list_posts(call, talk.conversation_id)
    for _ in range(MORE_PAGES):
        if page.next_cursor is None or len(page.items) >= SHORT or not _unshown(connection, talk, page):
            break
        following = connector.list_posts(call, talk.conversation_id, page.next_cursor)
        page = replace(following, items=[*page.items, *following.items])
    return page


def _unshown(connection: Connection, talk: Talk, page: Page[MessageRecord | NoteRecord]) -> bool:
    shown = [post.external_id for post in page.items]
    ours = _commands(connection, talk).filter(state=CommandState.CONFIRMED)
    return ours.exclude(remote_id__in=["", *shown]).exists()


@transaction.atomic
def judge(
    connection: Connection,
    connector: PmsConnector,
    talk: Talk,
    page: Page[MessageRecord | NoteRecord],
    began: datetime,
) -> Outcome:
    """Compare a page whose read began at `began` with what is held; keep new drifts, end those that are over."""
    posts = {
        post.external_id: post
        for post in page.items
        if isinstance(post, MessageRecord) and post.author_kind != AuthorKind.SYSTEM and post.external_id
    }
    strange = _strange(connection, talk, posts, began)
    ours, absent = _absent(connection, connector, talk, page, began)
    found = {**_here(strange), **absent}
    new = _keep(connection, talk, found, began)
    _end(connection, talk, set(found), posts)
    _looked_at(connection, talk, began)
    return Outcome(len(posts) + ours, new)


def _strange(
    connection: Connection, talk: Talk, posts: Mapping[str, MessageRecord], began: datetime
) -> list[MessageRecord]:
    """Posts that we don't have, and that no webhook or Command under way is about to bring."""
    known = set(identity.known(connection.pk, Entity.MESSAGE, posts))
    missing = {remote_id: post for remote_id, post in posts.items() if remote_id not in known}
    if not missing:
        return []
    commands = list(
        _commands(connection, talk)
        .filter(Q(remote_id__in=missing) | Q(remote_id="") | Q(state__in=ACTIVE_STATES))
        .values_list("state", "remote_id", "fingerprint")
    )
    sending = any(state in ACTIVE_STATES for state, _id, _print in commands)
    taken = {remote_id for _state, remote_id, _print in commands if remote_id}
    texts = {text for _state, remote_id, text in commands if not remote_id}
    left = [
        post
        for remote_id, post in missing.items()
        if remote_id not in taken
        and not (post.direction == Direction.OUTBOUND and (sending or fingerprint(post.body_text) in texts))
    ]
    names = [post.external_id for post in left]
    return [] if left and is_told_of(connection, [*names, talk.conversation_id], began) else left


def _commands(connection: Connection, talk: Talk) -> QuerySet[Command]:
    return Command.objects.filter(
        connection=connection, conversation_id=talk.conversation_id, kind=CommandKind.SEND_MESSAGE
    )


def _here(strange: list[MessageRecord]) -> dict[Key, _Difference]:
    return {
        (MISSING_HERE, post.external_id): _Difference(
            0,
            None,
            {"from": post.author_kind.value, "at": _minute(post.sent_at), "channel": post.channel},
            post.sent_at,
        )
        for post in strange
    }


def _absent(
    connection: Connection,
    connector: PmsConnector,
    talk: Talk,
    page: Page[MessageRecord | NoteRecord],
    began: datetime,
) -> tuple[int, dict[Key, _Difference]]:
    """How many of our confirmed messages the page should show, and those that it doesn't."""
    told = began - timedelta(seconds=connector.propagation_delay_s)
    confirmed = _commands(connection, talk).filter(state=CommandState.CONFIRMED, settled_at__lte=told)
    if page.next_cursor is not None:
        times = [post.sent_at if isinstance(post, MessageRecord) else post.written_at for post in page.items]
        if not times:
            return 0, {}
        confirmed = confirmed.filter(first_sent_at__gte=min(times) + SKEW)
    commands = list(confirmed.exclude(remote_id="").values_list("pk", "remote_id", "settled_at"))
    shown = {post.external_id for post in page.items}
    missing = [command for command in commands if command[1] not in shown]
    carried = ports.carried.get()([pk for pk, _remote_id, _at in missing]) if missing else {}
    return len(commands), {
        (MISSING_THERE, remote_id): _Difference(carried[pk].object_id, _facts(carried[pk]), None, at or began)
        for pk, remote_id, at in missing
        if pk in carried
    }


def _facts(message: SentMessage) -> dict[str, str]:
    return {"state": message.state, "at": _minute(message.sent_at)}


def _minute(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def _keep(
    connection: Connection, talk: Talk, found: Mapping[Key, _Difference], now: datetime
) -> tuple[Drift, ...]:
    known = {(drift.field, drift.remote_id): drift for drift in _standing(connection, talk)} if found else {}
    new = []
    for (field, remote_id), difference in found.items():
        drift = known.get((field, remote_id))
        if drift is None:
            drift = Drift(
                connection=connection, entity=Entity.MESSAGE.value, object_id=difference.object_id,
                remote_id=remote_id, stay_remote_id=talk.stay_remote_id, conversation_id=talk.conversation_id,
                field=field, since=min(difference.since, now), found_at=now, owner="pms",
            )  # fmt: skip
            new.append(drift)
        drift.ours, drift.theirs, drift.looked_at = difference.ours, difference.theirs, now
        drift.label, drift.place = talk.label[:200], talk.place[:300]
        drift.place_id, drift.arrival_date = talk.place_id, talk.arrival
        drift.cause = _cause(field, now - drift.since)
        drift.save()
    return tuple(new)


def _cause(field: str, age: timedelta) -> Drift.Cause:
    if field == MISSING_THERE:
        return Drift.Cause.GONE
    late = age >= FRESH_WITHIN[Freshness.INSTANT]
    return Drift.Cause.LOST_WEBHOOK if late else Drift.Cause.NOT_SYNCED


def _standing(connection: Connection, talk: Talk) -> QuerySet[Drift]:
    return Drift.objects.select_for_update(of=("self",), no_key=True).filter(
        connection=connection, conversation_id=talk.conversation_id, state__in=STANDING
    )


def _looked_at(connection: Connection, talk: Talk, began: datetime) -> None:
    """All of a conversation that was read, whether or not its newest page reaches back so far."""
    _standing(connection, talk).update(looked_at=began)


def _end(connection: Connection, talk: Talk, differing: set[Key], posts: Mapping[str, MessageRecord]) -> None:
    """What stands on both sides now is solved, and what we no longer take for sent; kept with how."""
    rows = [drift for drift in _standing(connection, talk) if (drift.field, drift.remote_id) not in differing]
    if not rows:
        return
    ids = [drift.remote_id for drift in rows]
    here = set(identity.known(connection.pk, Entity.MESSAGE, ids))
    sent = set(
        _commands(connection, talk)
        .filter(remote_id__in=ids, state=CommandState.CONFIRMED)
        .values_list("remote_id", flat=True)
    )
    for drift in rows:
        if drift.field == MISSING_THERE and drift.remote_id not in sent:
            solve(drift, Drift.How.TOOK if drift.take_asked_at else Drift.How.OVER)
        elif drift.remote_id in (posts if drift.field == MISSING_THERE else here | sent):
            solve(drift, Drift.How.TOOK if drift.take_asked_at else Drift.How.BOTH)
