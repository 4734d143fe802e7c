"""What we say to guests through Hostaway and keep on their stays, and how we look whether it took effect.

Source: https://api.hostaway.com/documentation (send a message, update a reservation). There are no idempotency keys and
no client references; texts that we keep bear a token instead.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, time, timedelta
from typing import Any, Final

from connectors.contract.errors import NotDelivered, OutcomeUnknown, Rejected, Retryable
from connectors.contract.http import Call
from connectors.contract.intents import (
    AddNote,
    Done,
    Found,
    MirrorMessage,
    SendMessage,
    SetCustomField,
    SetStayTimes,
)
from connectors.contract.marks import marked, references_in
from connectors.contract.records import Direction, MessageRecord
from connectors.contract.text import normalise, similar
from connectors.contract.wire import Wire, obj, text
from connectors.pms.hostaway.conversations import (
    has_failed,
    is_under_way,
    moment_of,
    newest_first,
    read_message,
)
from connectors.pms.hostaway.reads import Reads
from connectors.pms.hostaway.stays import custom_fields

SKEW: Final = timedelta(seconds=120)
_TRIES: Final = 3
_LAST_HOUR: Final = 23
_CUSTOM_FIELDS: Final = (("includeResources", "1"),)


class Effects(Reads):
    """Messages, notes, times and custom fields."""

    # --- messages ---
    def send_message(self, call: Call, intent: SendMessage) -> Done:
        """Raises Rejected (code `no_channel`) where no way to the guest can be told: then a person chooses one."""
        way = intent.channel_raw or self._way(call, intent.conversation_id)
        if not way:
            raise Rejected(
                "This conversation has no channel to the guest yet. Choose SMS or e-mail.", code="no_channel"
            )
        path = f"/conversations/{self.quoted(intent.conversation_id)}/messages"
        # Without `communicationType` an e-mail would leave instead of a message of the channel.
        body = {"body": intent.body, "communicationType": way}
        made = obj(obj(call(self.request("POST", path, json=body, effect=True)).json()).get("result"))
        if not text(made.get("id")):
            raise OutcomeUnknown(detail="The answer names no message.", code="no_id")
        return Done(remote_id=text(made["id"]), at=moment_of(made), raw=made, pending=self._is_pending(made))

    def _way(self, call: Call, conversation_id: str) -> str:
        """As the guest wrote last; with nothing from the guest, by the booking's channel."""
        rows = self.read_messages(call, conversation_id)
        found = [one for row in rows if (one := read_message(row, conversation_id)) is not None]
        for message in newest_first(found):
            if message.direction is Direction.INBOUND and message.channel_raw:
                return message.channel_raw
        return self.get_conversation(call, conversation_id).channel_raw

    @staticmethod
    def _is_pending(message: Wire) -> bool:
        """Taken, and not passed on yet. Raises NotDelivered where it never will be."""
        if has_failed(message):
            raise NotDelivered(
                "Hostaway could not deliver the message.", detail=text(message.get("status")), code="failed"
            )
        return is_under_way(message)

    def look_at(self, call: Call, intent: Any, remote_id: str) -> Found | None:
        if not isinstance(intent, SendMessage):
            return Found(remote_id=remote_id)
        path = f"/conversations/{self.quoted(intent.conversation_id)}/messages/{self.quoted(remote_id)}"
        message = self.read_one(call, path)
        return None if self._is_pending(message) else Found(remote_id=remote_id, at=moment_of(message))

    def find_message(
        self, call: Call, intent: SendMessage, since: datetime, known: Collection[str]
    ) -> Found | None:
        """Our text among what went out (or is to go out) since then. Raises Retryable while it is still to go out."""
        wanted = normalise(intent.body)
        rows = {
            text(row.get("id")): row
            for row in self.read_messages(call, intent.conversation_id, scheduled=True)
        }
        records = [read_message(row, intent.conversation_id) for row in rows.values()]
        ours = [record for record in records if record is not None and _could_be(record, since, known)]
        ordered = sorted(ours, key=lambda record: abs(record.sent_at - since))
        for exact in (True, False):
            for record in ordered:
                body = normalise(record.body_text)
                if body == wanted if exact else similar(body, wanted):
                    if self._is_pending(rows[record.external_id]):
                        raise Retryable("It is there and has not left yet.", after_s=5, code="pending")
                    return Found(remote_id=record.external_id, at=record.sent_at, exact=exact)
        return None

    # --- texts on the stay ---
    def add_note(self, call: Call, intent: AddNote) -> Done:
        stay_id = intent.reservation_id or self._stay_of(call, intent.conversation_id or "")
        self.append_line(call, stay_id, f"{intent.written_at} {intent.body}".strip(), intent.reference)
        return Done(remote_id="")

    def mirror_message(self, call: Call, intent: MirrorMessage) -> Done:
        self._append(call, intent.reservation_id, intent.as_note(), intent.reference)
        return Done(remote_id="")

    def find_note(self, call: Call, intent: AddNote | MirrorMessage) -> Found | None:
        stay_id = intent.reservation_id or self._stay_of(call, getattr(intent, "conversation_id", None) or "")
        found = intent.reference in references_in(self._host_note(call, stay_id))
        return Found(remote_id="") if found else None

    def _stay_of(self, call: Call, conversation_id: str) -> str:
        if conversation_id:
            for stay_id in self.get_conversation(call, conversation_id).reservation_ids:
                return stay_id
        raise Rejected("A note needs a reservation.", code="no_target")

    def append_line(self, call: Call, stay_id: str, line: str, reference: str) -> None:
        self._append(call, stay_id, marked(line, reference), reference)

    def _append(self, call: Call, stay_id: str, addition: str, reference: str) -> None:
        """All notes of a stay are one text: read it, write it whole with ours behind it, read it back. Another writer
        may have been faster: then its text is the one that ours is put behind. A token that is there already is left.

        Raises Retryable where others keep writing over it.
        """
        held = self._host_note(call, stay_id)
        for _ in range(_TRIES):
            if reference in references_in(held):
                return
            self._put(call, stay_id, {"hostNote": f"{held}\n{addition}" if held else addition})
            now = self._host_note(call, stay_id)
            if reference in references_in(now) and now.startswith(held):
                return
            held = now
        raise Retryable("Somebody else is changing the note of this stay.", code="note_changed", after_s=5)

    def _host_note(self, call: Call, stay_id: str) -> str:
        note = self.read_one(call, f"/reservations/{self.quoted(stay_id)}").get("hostNote")
        return note if isinstance(note, str) else ""

    def _put(self, call: Call, stay_id: str, changes: dict[str, object]) -> None:
        """Only what changes is sent; doing it twice is the same as once."""
        call(self.request("PUT", f"/reservations/{self.quoted(stay_id)}", json=changes))

    # --- times ---
    def set_stay_times(self, call: Call, intent: SetStayTimes) -> Done:
        """Whole hours only: what lies between is rounded up, and the exact time left in the stay's note."""
        hours, remarks = _hours(intent)
        if not hours:
            raise Rejected("No time was given.", code="no_time")
        self._put(call, intent.reservation_id, dict(hours))
        if remarks:
            self.append_line(call, intent.reservation_id, "; ".join(remarks), intent.reference)
        if self.find_stay_times(call, intent) is None:
            raise Rejected("The time was accepted but not kept.", code="not_stored")
        return Done(remote_id="")

    def find_stay_times(self, call: Call, intent: SetStayTimes) -> Found | None:
        hours, remarks = _hours(intent)
        stay = self.read_one(call, f"/reservations/{self.quoted(intent.reservation_id)}")
        kept = all(text(stay.get(name)) == str(hour) for name, hour in hours.items())
        noted = not remarks or intent.reference in references_in(text(stay.get("hostNote")))
        return Found(remote_id="") if kept and noted else None

    # --- custom fields ---
    def set_custom_field(self, call: Call, intent: SetCustomField) -> Done:
        """Whether fields that aren't named are kept is not documented: all are sent."""
        values = {**self._custom_fields(call, intent.reservation_id), intent.field_id: intent.value}
        sent = [{"customFieldId": _number(field), "value": value} for field, value in values.items()]
        self._put(call, intent.reservation_id, {"customFieldValues": sent})
        if self.find_custom_field(call, intent) is None:
            raise Rejected("The value was accepted but not kept.", code="not_stored")
        return Done(remote_id=intent.field_id)

    def find_custom_field(self, call: Call, intent: SetCustomField) -> Found | None:
        kept = self._custom_fields(call, intent.reservation_id).get(intent.field_id)
        return Found(remote_id=intent.field_id) if str(kept) == str(intent.value) else None

    def _custom_fields(self, call: Call, stay_id: str) -> dict[str, Any]:
        stay = self.read_one(call, f"/reservations/{self.quoted(stay_id)}", _CUSTOM_FIELDS)
        return custom_fields(stay.get("customFieldValues"))


def _could_be(record: MessageRecord, since: datetime, known: Collection[str]) -> bool:
    ours = record.direction is Direction.OUTBOUND and record.external_id not in known
    return ours and record.sent_at >= since - SKEW


def _number(field_id: str) -> int | str:
    return int(field_id) if field_id.isdigit() else field_id


def _hours(intent: SetStayTimes) -> tuple[dict[str, int], list[str]]:
    """The fields to set, and in words what they can't hold. Raises Rejected for what is no time."""
    hours: dict[str, int] = {}
    remarks: list[str] = []
    for field, label, given in (
        ("checkInTime", "Check-in", intent.check_in),
        ("checkOutTime", "Check-out", intent.check_out),
    ):
        if not given:
            continue
        try:
            exact = time.fromisoformat(given)
        except ValueError:
            raise Rejected(f"{given!r} is not a time.", code="no_time") from None
        hours[field] = min(_LAST_HOUR, exact.hour + bool(exact.minute))
        if exact.minute:
            remarks.append(f"{label} agreed: {exact:%H:%M}")
    return hours, remarks
