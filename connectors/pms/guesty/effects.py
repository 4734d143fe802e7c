"""What we write to Guesty, and how we look whether it took effect."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime, time, timedelta
from typing import Final

from connectors.contract import wire
from connectors.contract.errors import NotFound, OutcomeUnknown, Rejected
from connectors.contract.http import Call, Response
from connectors.contract.intents import AddNote, Done, Found, SendMessage, SetCustomField, SetStayTimes
from connectors.contract.records import AuthorKind, Direction, MessageRecord, NoteRecord
from connectors.contract.text import normalise, similar
from connectors.contract.wire import Wire, identifier, obj, text
from connectors.pms.guesty.reads import Reads
from connectors.pms.guesty.reservations import custom_fields
from connectors.pms.guesty.words import ADDRESSED_MODULES, MUTE_MODULES, STORED_ONLY

SKEW: Final = timedelta(seconds=120)
_PAGES: Final = 10


class Effects(Reads):
    """Sending, noting, setting; each with its read-back. No call here is idempotent by key: Guesty has
    none."""

    # --- messages ---
    def send_message(self, call: Call, intent: SendMessage) -> Done:
        """Raises Rejected (code `no_channel`) where no way to the guest can be told: then a person chooses
        one."""
        module: dict[str, object] = {"type": intent.channel_raw or self._module(call, intent.conversation_id)}
        if str(module["type"]).lower() in MUTE_MODULES:
            raise Rejected(
                "This conversation has no channel to the guest yet. Choose SMS or e-mail.", code="no_channel"
            )
        if str(module["type"]).lower() in ADDRESSED_MODULES:
            module["to"] = list(intent.to) or self._addresses(
                call, intent.conversation_id, str(module["type"])
            )
        path = f"/communication/conversations/{self.quoted(intent.conversation_id)}/send-message"
        request = self.request("POST", path, json={"module": module, "body": intent.body}, effect=True)
        return self._stored(call(request))

    def _module(self, call: Call, conversation_id: str) -> str:
        """As the guest wrote last; with nothing from the guest, the conversation's platform."""
        for post in self.list_posts(call, conversation_id).items:
            if isinstance(post, MessageRecord) and post.author_kind is AuthorKind.GUEST and post.channel_raw:
                return post.channel_raw
        return self.get_conversation(call, conversation_id).channel_raw

    def _addresses(self, call: Call, conversation_id: str, module: str) -> list[str]:
        guest_id = self.get_conversation(call, conversation_id).guest_id
        guest = self.get_guest(call, guest_id) if guest_id else None
        found = (guest.emails if module.lower() == "email" else guest.phones) if guest else ()
        if not found:
            raise Rejected("The guest has no address for this channel.", code="no_address")
        return [found[0]]

    def find_message(
        self, call: Call, intent: SendMessage, since: datetime, known: Collection[str] = ()
    ) -> Found | None:
        """Our text among what went out since then. A cut or masked copy counts as not exact."""
        wanted = normalise(intent.body)
        candidates = [
            (post, normalise(post.body_text))
            for post in self._recent(call, intent.conversation_id, since)
            if isinstance(post, MessageRecord)
            and post.direction is Direction.OUTBOUND
            and post.external_id not in known
        ]
        ordered = sorted(candidates, key=lambda pair: abs(pair[0].sent_at - since))
        for exact in (True, False):
            for post, body in ordered:
                if body == wanted if exact else similar(body, wanted):
                    return Found(remote_id=post.external_id, at=post.sent_at, exact=exact)
        return None

    def _recent(
        self, call: Call, conversation_id: str, since: datetime
    ) -> Iterator[MessageRecord | NoteRecord]:
        """Posts of the conversation from `since` (less clock skew) on, newest first."""
        cursor: str | None = None
        for _ in range(_PAGES):
            page = self.list_posts(call, conversation_id, cursor)
            for post in page.items:
                if (post.sent_at if isinstance(post, MessageRecord) else post.written_at) < since - SKEW:
                    return
                yield post
            if (cursor := page.next_cursor) is None:
                return

    # --- notes ---
    def add_note(self, call: Call, intent: AddNote) -> Done:
        if not intent.conversation_id:
            return self._note_on_stay(call, intent)
        path = f"/communication/conversations/{self.quoted(intent.conversation_id)}/posts"
        note = {"module": {"type": STORED_ONLY}, "body": intent.body, "sentBy": "host"}
        return self._stored(call(self.request("POST", path, json=note, effect=True)))

    def find_note(
        self, call: Call, intent: AddNote, since: datetime, known: Collection[str] = ()
    ) -> Found | None:
        wanted = normalise(intent.body)
        if not intent.conversation_id:
            kept = normalise(self._notes_of(call, intent.reservation_id or "")[0])
            return Found(remote_id="") if wanted in kept else None
        for post in self._recent(call, intent.conversation_id, since):
            if (
                isinstance(post, NoteRecord)
                and post.external_id not in known
                and normalise(post.body_text) == wanted
            ):
                return Found(remote_id=post.external_id, at=post.written_at)
        return None

    def _note_on_stay(self, call: Call, intent: AddNote) -> Done:
        """Append to the stay's notes: read, write the whole text (so a repeat does nothing), read back.

        Stays made before v3 or imported from a channel answer 404 there and take `note` of the legacy call.
        """
        if not intent.reservation_id:
            raise Rejected("A note needs a conversation or a reservation.", code="no_target")
        stay_id = intent.reservation_id
        kept, modern = self._notes_of(call, stay_id)
        if normalise(intent.body) not in normalise(kept):
            whole = f"{kept}\n{intent.body}".strip()
            self._write_notes(call, stay_id, whole, modern=modern)
            if normalise(intent.body) not in normalise(self._notes_of(call, stay_id)[0]):
                raise Rejected("The note was accepted but not kept.", code="not_stored")
        return Done(remote_id="")

    def _write_notes(self, call: Call, stay_id: str, whole: str, *, modern: bool) -> None:
        path = self.quoted(stay_id)
        if modern:
            try:
                call(self.request("PUT", f"/reservations-v3/{path}/notes", json={"notes": {"other": whole}}))
            except NotFound:
                modern = False
        if not modern:
            call(self.request("PUT", f"/reservations/{path}", json={"note": whole}))

    def _notes_of(self, call: Call, stay_id: str) -> tuple[str, bool]:
        """The stay's free note, and whether v3 knows the stay."""
        modern = next(iter(self.read_v3(call, [stay_id])), None)
        legacy: Wire = {}
        if self.legacy_calls:
            path = f"/reservations/{self.quoted(stay_id)}"
            try:
                legacy = obj(call(self.request("GET", path, query=(("fields", "_id note notes"),))).json())
            except NotFound:
                if modern is None:
                    raise
        notes = obj(obj(modern).get("notes"))
        return text(notes.get("other")) or text(legacy.get("note")), modern is not None

    # --- times ---
    def set_stay_times(self, call: Call, intent: SetStayTimes) -> Done:
        """Idempotent. An hour agreed on is no new price: nothing is recalculated, which is the default."""
        wanted = _planned(intent)
        if not wanted:
            raise Rejected("No time was given.", code="no_time")
        path = f"/reservations-v3/{self.quoted(intent.reservation_id)}/dates"
        call(self.request("PUT", path, json={**wanted, "applyRecalculation": False}))
        if self.find_stay_times(call, intent) is None:
            raise Rejected("The time was accepted but not kept.", code="not_stored")
        return Done(remote_id="")

    def find_stay_times(self, call: Call, intent: SetStayTimes) -> Found | None:
        stay = self.get_reservation(call, intent.reservation_id)
        kept = {"plannedArrival": stay.check_in_time, "plannedDeparture": stay.check_out_time}
        shown = {name: f"{at:%H:%M}" for name, at in kept.items() if isinstance(at, time)}
        same = all(shown.get(name) == value for name, value in _planned(intent).items())
        return Found(remote_id="") if same else None

    # --- custom fields ---
    def set_custom_field(self, call: Call, intent: SetCustomField) -> Done:
        """Idempotent. Read back, because a PUT of Guesty may answer 200 and keep nothing."""
        path = f"/reservations-v3/{self.quoted(intent.reservation_id)}/custom-fields"
        call(
            self.request(
                "PUT", path, json={"customFields": [{"fieldId": intent.field_id, "value": intent.value}]}
            )
        )
        if self.find_custom_field(call, intent) is None:
            raise Rejected("The value was accepted but not kept.", code="not_stored")
        return Done(remote_id=intent.field_id)

    def find_custom_field(self, call: Call, intent: SetCustomField) -> Found | None:
        path = f"/reservations-v3/{self.quoted(intent.reservation_id)}/custom-fields"
        kept = custom_fields(wire.items(call(self.request("GET", path)).json(), "customFields"))
        return Found(remote_id=intent.field_id) if kept.get(intent.field_id) == intent.value else None

    def _stored(self, response: Response) -> Done:
        """The post that was made; a note's answer holds it in a list.

        Raises OutcomeUnknown for an answer without its id: it was taken, so look there instead of sending again.
        """
        data = obj(response.json()).get("data") if response.body.strip() else None
        post = obj(data[0] if isinstance(data, list) and data else data)
        if not identifier(post):
            raise OutcomeUnknown(detail="The answer names no post.", code="no_id")
        return Done(remote_id=identifier(post), at=wire.instant(post.get("createdAt")), raw=post)


def _planned(intent: SetStayTimes) -> dict[str, str]:
    """The fields to set. Raises Rejected for what is no time."""
    told = {"plannedArrival": intent.check_in, "plannedDeparture": intent.check_out}
    try:
        return {name: f"{time.fromisoformat(given):%H:%M}" for name, given in told.items() if given}
    except ValueError:
        raise Rejected("This is not a time.", code="no_time") from None
