"""Tasks (our work orders) and the webhook subscription (https://api.hostaway.com/documentation#tasks,
#unified-webhooks)."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from connectors.contract import wire
from connectors.contract.base import Subscription
from connectors.contract.errors import NotFound, OutcomeUnknown, Rejected, Retryable
from connectors.contract.http import Call
from connectors.contract.intents import (
    AssignWorkOrder,
    CreateWorkOrder,
    Done,
    Found,
    NoteWorkOrder,
    UpdateWorkOrder,
)
from connectors.contract.marks import mark_behind, mask_cards, reference_in, references_in, without_marks
from connectors.contract.records import WorkOrderState
from connectors.contract.task_text import assigned, remarked
from connectors.contract.wire import Wire, obj, text
from connectors.pms.hostaway.effects import Effects
from connectors.pms.hostaway.reads import PAGE
from connectors.pms.hostaway.words import TASK_KINDS, TASK_STATUSES

_WEBHOOKS: Final = "/webhooks/unifiedWebhooks"
_PAGES: Final = 10
_TRIES: Final = 3
_CATEGORIES: Final = {word: number for number, word in TASK_KINDS.items()}


class Upkeep(Effects):
    """What keeps the place and the connection going."""

    # --- tasks ---
    def create_work_order(self, call: Call, intent: CreateWorkOrder) -> Done:
        listing_id = intent.unit_id.partition("/")[0]
        task: dict[str, Any] = {
            "title": intent.title,
            "description": mark_behind(intent.description, intent.reference),
            "categoriesMap": [_CATEGORIES.get(intent.kind, _CATEGORIES["other"])],
        }
        if listing_id.isdigit():
            task["listingMapId"] = int(listing_id)
        if intent.reservation_id.isdigit():
            task["reservationId"] = int(intent.reservation_id)
        if due := wire.instant(intent.due_at):
            task["shouldEndBy"] = due.strftime("%Y-%m-%d %H:%M:%S")
        answer = call(self.request("POST", "/tasks", json=task, effect=True)).json()
        made = obj(obj(answer).get("result"))
        if not text(made.get("id")):
            raise OutcomeUnknown(detail="The answer names no task.", code="no_id")
        return Done(remote_id=text(made["id"]), raw=made)

    def find_created(self, call: Call, intent: CreateWorkOrder) -> Found | None:
        query = (("reservationId", intent.reservation_id),) if intent.reservation_id else ()
        offset = "0"
        for _ in range(_PAGES):
            page = self._offset_page(call, "/tasks", query, int(offset), PAGE)
            for task in page.items:
                if intent.reference in references_in(text(task.get("description"))):
                    return Found(remote_id=text(task.get("id")))
            if page.next_cursor is None:
                break
            offset = page.next_cursor
        return None

    def update_work_order(self, call: Call, intent: UpdateWorkOrder) -> Done:
        """Idempotent. Closing takes a status and a resolution; the title is always wanted, the token is kept."""
        held = self._task(call, intent.work_order_id)
        self._put_task(call, held, _changes(intent, held))
        if self.find_updated(call, intent) is None:
            raise Rejected("The change was accepted but not kept.", code="not_stored")
        return Done(remote_id=intent.work_order_id)

    def find_updated(self, call: Call, intent: UpdateWorkOrder) -> Found | None:
        held = self._task(call, intent.work_order_id)
        same = all(text(held.get(name)) == value for name, value in _changes(intent, held).items())
        return Found(remote_id=intent.work_order_id) if same else None

    def assign_work_order(self, call: Call, intent: AssignWorkOrder) -> Done:
        """A user by id; somebody else by name in the description, since there are no vendors. Idempotent."""
        held = self._task(call, intent.work_order_id)
        if changes := _assignment(intent, held):
            self._put_task(call, held, changes)
            if self.find_assigned(call, intent) is None:
                raise Rejected("The change was accepted but not kept.", code="not_stored")
        return Done(remote_id=intent.work_order_id)

    def find_assigned(self, call: Call, intent: AssignWorkOrder) -> Found | None:
        held = self._task(call, intent.work_order_id)
        return None if _assignment(intent, held) else Found(remote_id=intent.work_order_id)

    def note_work_order(self, call: Call, intent: NoteWorkOrder) -> Done:
        """A task has no notes: a line below its description, as with the host note of a stay (`_append`). Raises
        Retryable where others keep writing over it."""
        held = self._task(call, intent.work_order_id)
        line = f"{intent.written_at} {intent.author}: {intent.body}".strip()
        for _ in range(_TRIES):
            before = text(held.get("description"))
            if intent.reference in references_in(before):
                return Done(remote_id="")
            self._put_task(call, held, {"description": remarked(before, line, intent.reference)})
            held = self._task(call, intent.work_order_id)
            if text(held.get("description")).startswith(before) and _has_note(held, intent):
                return Done(remote_id="")
        raise Retryable("Somebody else is changing this task.", code="task_changed", after_s=5)

    def find_work_note(self, call: Call, intent: NoteWorkOrder) -> Found | None:
        return Found(remote_id="") if _has_note(self._task(call, intent.work_order_id), intent) else None

    def _task(self, call: Call, task_id: str) -> Wire:
        return self.read_one(call, f"/tasks/{self.quoted(task_id)}")

    def _put_task(self, call: Call, held: Wire, changes: Mapping[str, object]) -> None:
        """The title is always wanted."""
        path = f"/tasks/{self.quoted(text(held.get('id')))}"
        call(self.request("PUT", path, json={"title": text(held.get("title")), **changes}))

    # --- webhooks ---
    def new_webhook_secret(self) -> str:
        """`login:password`; the login tells which of two passwords Hostaway holds, since it doesn't show them."""
        return f"bellhop-{secrets.token_hex(4)}:{secrets.token_urlsafe(32)}"

    def list_subscriptions(self, call: Call) -> Iterator[Subscription]:
        for item in self.read_list(call, _WEBHOOKS):
            yield _subscription(item)

    def subscribe(self, call: Call, url: str, secret: str = "") -> Subscription:
        """All events come: there is nothing to choose."""
        login, _, password = secret.partition(":")
        wanted = {"isEnabled": 1, "url": url, "login": login, "password": password}
        for item in self.read_list(call, _WEBHOOKS):
            if text(item.get("url")) != url:
                continue
            if text(item.get("login")) != login or not wire.flag(item.get("isEnabled")):
                path = f"{_WEBHOOKS}/{self.quoted(text(item.get('id')))}"
                call(self.request("PUT", path, json=wanted))
            return _subscription(item)
        answer = obj(call(self.request("POST", _WEBHOOKS, json=wanted, effect=True)).json())
        made = _subscription(obj(answer.get("result")))
        if not made.external_id:
            raise OutcomeUnknown(detail="The answer names no subscription.", code="no_id")
        return replace(made, url=made.url or url)

    def unsubscribe(self, call: Call, subscription: Subscription) -> None:
        try:
            call(self.request("DELETE", f"{_WEBHOOKS}/{self.quoted(subscription.external_id)}"))
        except NotFound:
            return  # gone is what was wanted

    def read_webhook_secret(self, call: Call, url: str) -> str | None:  # noqa: ARG002 (we choose it)
        return None


def _subscription(data: Wire) -> Subscription:
    return Subscription(external_id=text(data.get("id")), url=text(data.get("url")))


def _changes(intent: UpdateWorkOrder, held: Wire) -> dict[str, str]:
    changes: dict[str, str] = {}
    if intent.state:
        changes["status"] = TASK_STATUSES[WorkOrderState(intent.state)]
    if intent.resolution:
        changes["resolutionNote"] = mask_cards(intent.resolution)
    if intent.title:
        changes["title"] = intent.title
    if intent.description:
        reference = reference_in(text(held.get("description")))
        described = without_marks(intent.description)
        changes["description"] = mark_behind(described, reference) if reference else mask_cards(described)
    return changes


def _has_note(held: Wire, intent: NoteWorkOrder) -> bool:
    return intent.reference in references_in(text(held.get("description")))


def _assignment(intent: AssignWorkOrder, held: Wire) -> dict[str, object]:
    """What of the intent doesn't stand yet."""
    changes: dict[str, object] = {}
    if text(held.get("assigneeUserId")) != intent.person_id:
        changes["assigneeUserId"] = wire.integer(intent.person_id)
    before = text(held.get("description"))
    after = assigned(before, "" if intent.person_id else intent.name)
    if after != before:
        changes["description"] = after
    return changes
