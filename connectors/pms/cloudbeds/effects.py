"""What we write to Cloudbeds, and how we look whether it took effect.

Source: https://github.com/cloudbeds/openapi-specs (src/pms-v1.3-openapi.yaml). Writes are forms. Notes get an id and
bear our token; all else names the value that is wanted.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import time

from connectors.contract import wire
from connectors.contract.base import Subscription
from connectors.contract.errors import NotFound, OutcomeUnknown, Rejected
from connectors.contract.http import Call, Request
from connectors.contract.intents import (
    AddNote,
    Done,
    Found,
    MirrorMessage,
    SetCustomField,
    SetHousekeepingState,
    SetStayTimes,
)
from connectors.contract.marks import marked, mask_cards, references_in
from connectors.contract.records import ReservationRecord
from connectors.contract.wire import Wire, first, obj, text
from connectors.pms.cloudbeds.reads import Reads
from connectors.pms.cloudbeds.words import CONDITIONS, LATE_CHECK_OUT, LATE_CHECK_OUT_NAME, PICKUP, SUBSCRIBED


class Effects(Reads):
    """Notes, times, fields, rooms; and the webhook subscriptions."""

    # --- notes ---
    def add_note(self, call: Call, intent: AddNote) -> Done:
        if not intent.reservation_id:
            raise Rejected("A note needs a reservation.", code="no_target")
        return self._post_note(call, intent.reservation_id, marked(intent.body, intent.reference))

    def mirror_message(self, call: Call, intent: MirrorMessage) -> Done:
        return self._post_note(call, intent.reservation_id, intent.as_note())

    def find_note(self, call: Call, reservation_id: str, reference: str) -> Found | None:
        property_id, remote_id = self.split(reservation_id)
        answer = self.get(call, "getReservationNotes", property_id, reservationID=remote_id)
        for row in wire.items(answer, "data"):
            if reference in references_in(text(row.get("reservationNote"))):
                return Found(remote_id=self.scope(property_id, text(row.get("reservationNoteID"))))
        return None

    def _post_note(self, call: Call, reservation_id: str, note: str) -> Done:
        property_id, remote_id = self.split(reservation_id)
        form = {"reservationID": remote_id, "reservationNote": note}
        answer = self.write(call, "POST", "postReservationNote", property_id, form, effect=True)
        note_id = first(answer.get("reservationNoteID"), obj(answer.get("data")).get("reservationNoteID"))
        if not note_id:
            raise OutcomeUnknown(detail="The answer names no note.", code="no_id")
        return Done(remote_id=self.scope(property_id, note_id), raw=answer)

    # --- fields and times ---
    def set_custom_field(self, call: Call, intent: SetCustomField) -> Done:
        """The shortcode goes into `customFieldName`. Fields that aren't named are kept."""
        self._put_field(call, intent.reservation_id, intent.field_id, mask_cards(str(intent.value)))
        if self.find_custom_field(call, intent) is None:
            raise Rejected("The value was accepted but not kept.", code="not_stored")
        return Done(remote_id=intent.field_id)

    def find_custom_field(self, call: Call, intent: SetCustomField) -> Found | None:
        kept = self.get_reservation(call, intent.reservation_id).custom_fields or {}
        same = str(kept.get(intent.field_id, "")) == mask_cards(str(intent.value))
        return Found(remote_id=intent.field_id) if same else None

    def _put_field(self, call: Call, reservation_id: str, shortcode: str, value: str) -> None:
        fields = {"customFields[0][customFieldName]": shortcode, "customFields[0][customFieldValue]": value}
        self._put(call, reservation_id, fields)

    def _put(self, call: Call, reservation_id: str, form: dict[str, str]) -> None:
        """Names the values that are wanted, so a repeat changes nothing. A change of status could be mailed to the
        guest unless that is said no to; we never change one."""
        property_id, remote_id = self.split(reservation_id)
        whole = {"reservationID": remote_id, "sendStatusChangeEmail": "false", **form}
        self.write(call, "PUT", "putReservation", property_id, whole)

    def set_stay_times(self, call: Call, intent: SetStayTimes) -> Done:
        """Arrival has a field. Departure has none: it is kept as a custom field, a note, and the room's comment."""
        arrival, departure = _given(intent.check_in), _given(intent.check_out)
        if not arrival and not departure:
            raise Rejected("No time was given.", code="no_time")
        if arrival:
            self._put(call, intent.reservation_id, {"estimatedArrivalTime": arrival})
        if departure:
            self._late_check_out(call, intent, departure)
        if self.find_stay_times(call, intent) is None:
            raise Rejected("The time was accepted but not kept.", code="not_stored")
        return Done(remote_id="")

    def find_stay_times(self, call: Call, intent: SetStayTimes) -> Found | None:
        stay = self.get_reservation(call, intent.reservation_id)
        arrival, departure = _given(intent.check_in), _given(intent.check_out)
        if arrival and _shown(stay.check_in_time) != arrival:
            return None
        if departure and (stay.custom_fields or {}).get(LATE_CHECK_OUT) != departure:
            return None
        noted = not departure or self.find_note(call, intent.reservation_id, intent.reference) is not None
        return Found(remote_id="") if noted else None

    def _late_check_out(self, call: Call, intent: SetStayTimes, departure: str) -> None:
        stay = self.get_reservation(call, intent.reservation_id)
        if LATE_CHECK_OUT not in (stay.custom_fields or {}):
            self._define_field(call, intent.reservation_id)
        self._put_field(call, intent.reservation_id, LATE_CHECK_OUT, departure)
        words = f"{LATE_CHECK_OUT_NAME} {departure}"
        if self.find_note(call, intent.reservation_id, intent.reference) is None:
            self._post_note(call, intent.reservation_id, marked(words, intent.reference))
        self._comment(call, stay, intent.unit_id, words)

    def _define_field(self, call: Call, reservation_id: str) -> None:
        """Once per property; one that exists is left alone."""
        property_id, _ = self.split(reservation_id)
        fields = wire.items(self.get(call, "getCustomFields", property_id, shortcode=LATE_CHECK_OUT), "data")
        if any(text(field.get("shortcode")) == LATE_CHECK_OUT for field in fields):
            return
        form = {
            "name": LATE_CHECK_OUT_NAME,
            "shortcode": LATE_CHECK_OUT,
            "applyTo": "reservation",
            "type": "input",
            "displayed[0]": "reservation",
        }
        self.write(call, "POST", "postCustomField", property_id, form)

    def _comment(self, call: Call, stay: ReservationRecord, unit_id: str, words: str) -> None:
        """What housekeeping reads on its list, behind what stands there. A stay without a room has none."""
        unit_id = unit_id or str(stay.unit_id or "")
        if not unit_id:
            return
        day = stay.departure_date
        comment = f"{words} ({day:%d %b})" if day else words
        try:
            held = self.get_housekeeping(call, unit_id)
        except NotFound:
            return
        if comment in str(held.comment or ""):
            return
        whole = f"{held.comment}; {comment}" if held.comment else comment
        condition = held.condition if held.condition in CONDITIONS else "dirty"
        self._put_status(call, SetHousekeepingState(unit_id=unit_id, condition=str(condition), comment=whole))

    # --- housekeeping ---
    def set_housekeeping(self, call: Call, intent: SetHousekeepingState) -> Done:
        if intent.condition not in {*CONDITIONS, None} or intent == SetHousekeepingState(
            unit_id=intent.unit_id
        ):
            raise Rejected(f"{intent.condition!r} is no condition of a room here.", code="no_condition")
        self._put_status(call, intent)
        if self.find_housekeeping(call, intent) is None:
            raise Rejected("The condition was accepted but not kept.", code="not_stored")
        return Done(remote_id=intent.unit_id)

    def find_housekeeping(self, call: Call, intent: SetHousekeepingState) -> Found | None:
        held = self.get_housekeeping(call, intent.unit_id)
        wanted = (intent.condition, intent.comment and mask_cards(intent.comment), intent.refused)
        has = (held.condition, held.comment, held.refused)
        same = all(want is None or want == is_ for want, is_ in zip(wanted, has, strict=True))
        return Found(remote_id=intent.unit_id) if same else None

    def _put_status(self, call: Call, intent: SetHousekeepingState) -> None:
        """Something beside the room is always named: the room alone toggles its condition."""
        property_id, room_id = self.split(intent.unit_id)
        form = {"roomID": room_id}
        if intent.condition is not None:
            is_pickup = intent.condition == PICKUP
            form["roomCondition"] = "dirty" if is_pickup else intent.condition
            form["vacantPickup"] = _flag(is_pickup)
        if intent.refused is not None:
            form["refusedService"] = _flag(intent.refused)
        if intent.comment is not None:
            form["roomComments"] = mask_cards(intent.comment)
        self.write(call, "POST", "postHousekeepingStatus", property_id, form)

    # --- webhooks: one subscription per property, object and action ---
    def list_subscriptions(self, call: Call) -> Iterator[Subscription]:
        for property_id in self._properties(call):
            for item in wire.items(self.get(call, "getWebhooks", property_id), "data"):
                yield _subscription(item)

    def subscribe(self, call: Call, url: str, secret: str = "") -> Subscription:  # noqa: ARG002 (the address is it)
        """Makes those that lack; one that the property doesn't offer is left out, as long as others work."""
        refused: Rejected | None = None
        have: set[str] = set()
        for property_id in self._properties(call):
            answer = self.get(call, "getWebhooks", property_id)
            mine = [one for one in map(_subscription, wire.items(answer, "data")) if one.url == url]
            known = {event for one in mine for event in one.events}
            for about, action in SUBSCRIBED:
                event = f"{about}/{action}"
                try:
                    if event not in known:
                        form = {"object": about, "action": action, "endpointUrl": url}
                        self.write(call, "POST", "postWebhook", property_id, form)
                    have.add(event)
                except Rejected as error:
                    refused = error
        if refused is not None and not have:
            raise refused
        return Subscription(external_id=f"{len(have)} events", url=url, events=tuple(sorted(have)))

    def unsubscribe(self, call: Call, subscription: Subscription) -> None:
        """One of those that `list_subscriptions` tells, or all of an address as `subscribe` returned them."""
        found = [subscription]
        if len(subscription.events) > 1:
            found = [one for one in self.list_subscriptions(call) if one.url == subscription.url]
        for one in found:
            query = (("subscriptionID", one.external_id),)
            try:
                call(Request(method="DELETE", path=f"{self.api}/deleteWebhook", query=query))
            except NotFound:
                continue  # gone is what was wanted

    def read_webhook_secret(self, call: Call, url: str) -> str | None:  # noqa: ARG002
        """There is none: the address is the secret."""
        return None


def _subscription(data: Wire) -> Subscription:
    event = obj(data.get("event"))
    return Subscription(
        external_id=text(data.get("id")),
        url=text(obj(data.get("subscriptionData")).get("endpoint")),
        events=(f"{text(event.get('entity'))}/{text(event.get('action'))}",),
    )


def _given(value: str) -> str:
    """`HH:MM`, or empty. Raises Rejected for what is no time."""
    try:
        return f"{time.fromisoformat(value):%H:%M}" if value else ""
    except ValueError:
        raise Rejected(f"{value!r} is not a time.", code="no_time") from None


def _flag(value: bool) -> str:
    return "true" if value else "false"


def _shown(value: object) -> str:
    return f"{value:%H:%M}" if isinstance(value, time) else ""
