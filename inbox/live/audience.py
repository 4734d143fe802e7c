"""Who may see what on a socket: people with the same rights share one rendering."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings

from bellhop.accounts.models import User
from bellhop.accounts.permissions import Permission
from bellhop.core.models import LiveEvent
from reservations.services import scope


@dataclass(frozen=True, slots=True)
class Audience:
    """`properties` None: all of the organization. `user_id` is set where an event is for that person alone, so it is
    part of the identity only by what it filters; rendering goes by `key`. `on_board`: the page is the housekeeping
    board, which is told of cards and of nothing else."""

    organization_id: int
    user_id: int
    reads_threads: bool
    reads_health: bool
    properties: frozenset[int] | None
    language: str
    reads_board: bool = False
    on_board: bool = False

    def may_see(self, event: LiveEvent) -> bool:
        """Invariant 10, on the socket."""
        if event.topic == "board":
            return self.on_board and self.reads_board and self._in_scope(event.property_id)
        if self.on_board:
            return False
        if event.user_id is not None:
            return event.user_id == self.user_id
        if event.topic == "thread":
            return self.reads_threads and self._in_scope(event.property_id)
        if event.topic == "incident":
            return self.reads_health
        return self.reads_threads or self.reads_health

    def _in_scope(self, property_id: int | None) -> bool:
        return self.properties is None or property_id in self.properties


@dataclass(frozen=True, slots=True)
class GuestAudience:
    """A guest's own page: told only that something about their threads changed, and then they ask for what they may
    see. Without a thread yet: that anything came in."""

    organization_id: int
    thread_ids: frozenset[int]

    def may_see(self, event: LiveEvent) -> bool:
        if event.topic != "thread" or event.user_id is not None:
            return False
        return event.subject_id in self.thread_ids if self.thread_ids else bool(event.data.get("inbound"))


def of(user: User, language: str = "", *, on_board: bool = False) -> Audience:
    """The audience that a person belongs to, read from the database; `language` is that of their page."""
    ids = scope.property_ids(user)
    return Audience(
        organization_id=user.organization_id,
        user_id=user.pk,
        reads_threads=user.may(Permission.THREADS_READ),
        reads_health=user.may(Permission.HEALTH_READ),
        properties=None if ids is None else frozenset(ids),
        language=language or user.language or settings.LANGUAGE_CODE,
        reads_board=user.may(Permission.HOUSEKEEPING_READ),
        on_board=on_board,
    )
