"""Writing a draft: each step is saved by itself, so that two marketers at two steps never meet, and two at one step are
told (ux Q13). A draft sends nothing; it is published elsewhere."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from bellhop.accounts.models import User
from bellhop.accounts.permissions import Permission
from bellhop.accounts.services import audit, require
from bellhop.core import clock
from reservations.models import Sequence, SequenceVersion
from reservations.sequences import changes
from reservations.sequences.changes import Change

SETTINGS: Final = ("rules", "stop_when_answered", "when_dates_change")
WHOLE: Final = "settings"
_MOST_STEPS = 60

Stored = dict[str, Any]


class NameTaken(Exception):
    """Another sequence of the organization has that name."""


class StepGone(Exception):
    """Somebody removed the step meanwhile."""


@dataclass(frozen=True, slots=True)
class Theirs:
    """What somebody else saved meanwhile: who, when, and how it differs from what was to be saved."""

    by: str
    at: datetime
    changes: tuple[Change, ...]


class Conflict(Exception):
    """Somebody else saved the same part since it was loaded; nothing was written."""

    def __init__(self, theirs: Theirs) -> None:
        super().__init__(theirs.by)
        self.theirs = theirs


def token(stored: Any) -> str:
    """What a part of a draft was when somebody loaded it."""
    return hashlib.sha256(json.dumps(stored, sort_keys=True).encode()).hexdigest()[:16]


def settings_of(draft: Mapping[str, Any]) -> Stored:
    """What belongs to the whole sequence: who it is for, and what ends it."""
    return {name: draft[name] for name in SETTINGS if name in draft}


def step_of(draft: Mapping[str, Any], key: str) -> Stored | None:
    return next((dict(step) for step in draft.get("steps", ()) if step.get("key") == key), None)


def blank_step(anchor: str) -> Stored:
    """A step to begin with: the PMS's own channel, at a sensible time, skipped when late."""
    times: dict[str, Stored] = {
        "booked": {"anchor": "booked"},
        "arrival": {"anchor": "arrival", "days": -1, "at": "10:00"},
        "departure": {"anchor": "departure", "days": 1, "at": "11:00"},
    }
    return {
        "key": new_key(),
        "name": "",
        "when": times.get(anchor, {"anchor": anchor}),
        "channels": ["pms"],
        "texts": {"en": {"subject": "", "body": ""}},
        "language": "en",
        "late": "skip",
    }


def new_key() -> str:
    return f"s{secrets.token_hex(4)}"


@transaction.atomic
def create(user: User, name: str, draft: Stored | None = None) -> Sequence:
    """A new sequence, as a draft. Raises NameTaken, PermissionDenied."""
    require(user, Permission.SEQUENCES_EDIT)
    now = clock.now()
    try:
        with transaction.atomic():
            row = Sequence.objects.create(
                organization_id=user.organization_id,
                name=name,
                draft=draft or {"steps": []},
                draft_by=user,
                draft_at=now,
                created_at=now,
            )
    except IntegrityError as error:
        raise NameTaken(name) from error
    audit(row.organization_id, user, "sequence.created", f"sequence:{row.public_id}", after=name)
    return row


def duplicate(user: User, sequence: Sequence) -> Sequence:
    """The same again as a draft of another name. Raises PermissionDenied."""
    names = set(Sequence.objects.filter(organization_id=user.organization_id).values_list("name", flat=True))
    first = _("%(name)s, copy") % {"name": sequence.name[:100]}
    fresh = next(name for n in range(1, 1000) if (name := first if n == 1 else f"{first} {n}") not in names)
    return create(user, fresh, dict(sequence.draft))


def rename(user: User, sequence: Sequence, name: str) -> None:
    """Raises NameTaken, PermissionDenied."""
    require(user, Permission.SEQUENCES_EDIT)
    taken = Sequence.objects.filter(organization_id=sequence.organization_id, name=name)
    if taken.exclude(pk=sequence.pk).exists():
        raise NameTaken(name)
    Sequence.objects.filter(pk=sequence.pk).update(name=name)
    audit(
        sequence.organization_id, user, "sequence.renamed", f"sequence:{sequence.public_id}",
        before=sequence.name, after=name,
    )  # fmt: skip


def save_step(user: User, sequence: Sequence, fresh: Stored, base: str, *, over: bool = False) -> Sequence:
    """Put one step into the draft. `base`: the token of what it was when it was loaded; `over`: also over what somebody
    else saved meanwhile. Raises Conflict, StepGone, PermissionDenied."""

    def put(row: Sequence) -> None:
        steps = list(row.draft.get("steps", ()))
        place = next((n for n, step in enumerate(steps) if step.get("key") == fresh["key"]), None)
        if place is None:
            raise StepGone
        if not over:
            _no_conflict(user, row, _Part(fresh["key"], steps[place], fresh, base))
        steps[place] = fresh
        row.draft = {**row.draft, "steps": steps}
        _touch(user, row, fresh["key"])

    return _write(user, sequence, put)


def save_settings(
    user: User, sequence: Sequence, fresh: Stored, base: str, *, over: bool = False
) -> Sequence:
    """Put what belongs to the whole sequence into the draft. Raises Conflict, PermissionDenied."""

    def put(row: Sequence) -> None:
        if not over:
            _no_conflict(user, row, _Part(WHOLE, settings_of(row.draft), fresh, base))
        row.draft = {"steps": row.draft.get("steps", []), **fresh}
        _touch(user, row, WHOLE)

    return _write(user, sequence, put)


@dataclass(frozen=True, slots=True)
class _Part:
    """A step or the settings: as it is stored now, as it is to be, and the token of what was loaded."""

    key: str
    now: Stored
    fresh: Stored
    base: str


def _no_conflict(user: User, row: Sequence, part: _Part) -> None:
    """Raises Conflict where somebody else wrote it since it was loaded; one's own saves may overtake each other."""
    by, name, at = row.touched.get(part.key, ("", "", ""))
    if by in {"", user.public_id} or part.now == part.fresh or token(part.now) == part.base:
        return
    compare = changes.of_settings if part.key == WHOLE else changes.of_step
    raise Conflict(Theirs(name, datetime.fromisoformat(at), tuple(compare(part.fresh, part.now))))


def _touch(user: User, row: Sequence, key: str) -> None:
    row.touched = {**row.touched, key: [user.public_id, user.full_name, clock.now().isoformat()]}


def add_step(user: User, sequence: Sequence, fresh: Stored) -> Sequence:
    """One more step. Raises PermissionDenied, ValueError above sixty."""

    def put(row: Sequence) -> None:
        steps = list(row.draft.get("steps", ()))
        if len(steps) >= _MOST_STEPS:
            raise ValueError(_MOST_STEPS)
        row.draft = {**row.draft, "steps": [*steps, fresh]}

    return _write(user, sequence, put)


def copy_step(user: User, sequence: Sequence, key: str) -> str:
    """The same step again, right after it. Returns the new one's key. Raises StepGone, PermissionDenied, ValueError."""
    found = step_of(sequence.draft, key)
    if found is None:
        raise StepGone
    found.update(key=new_key(), name=_("%(name)s, copy") % {"name": found.get("name", "")})
    add_step(user, sequence, found)
    return str(found["key"])


def remove_step(user: User, sequence: Sequence, key: str) -> Sequence:
    """Raises PermissionDenied."""

    def put(row: Sequence) -> None:
        steps = [step for step in row.draft.get("steps", ()) if step.get("key") != key]
        row.draft = {**row.draft, "steps": steps}

    return _write(user, sequence, put)


def restore(user: User, sequence: Sequence, version: SequenceVersion) -> Sequence:
    """A version's words and times as the draft again. Raises PermissionDenied."""

    def put(row: Sequence) -> None:
        row.draft = version.definition

    found = _write(user, sequence, put)
    audit(
        found.organization_id, user, "sequence.restored", f"sequence:{found.public_id}",
        after=f"v{version.number}",
    )  # fmt: skip
    return found


@transaction.atomic
def _write(user: User, sequence: Sequence, put: Callable[[Sequence], None]) -> Sequence:
    require(user, Permission.SEQUENCES_EDIT)
    row = (
        Sequence.objects.select_for_update(of=("self",))
        .select_related("draft_by", "live")
        .get(pk=sequence.pk)
    )
    before = row.draft
    put(row)
    if row.draft != before:
        row.draft_by, row.draft_at = user, clock.now()
        row.save(update_fields=["draft", "draft_by", "draft_at", "touched"])
    return row
