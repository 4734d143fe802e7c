"""Notes of reservations and of guests."""

from connectors.sandbox.actions import hotel
from connectors.sandbox.actions.talk import NOTE
from connectors.sandbox.records import Guest, Json, Post, Property, Staff, Stay
from connectors.sandbox.wires.cloudbeds.answers import (
    Call,
    Refusal,
    instant_of,
    local,
    need_stay,
    no_card,
    ok,
)


def of_stay(call: Call) -> Json:
    """`GET /getReservationNotes`, oldest first; archived ones are gone."""
    place = call.place()
    stay = need_stay(call, call.store, place)
    rows = call.store.find(
        Post,
        "conversation_id = ? AND direction = ?",
        (stay.conversation_id, NOTE),
        order="created_at, rowid",
    )
    return ok([_shape(place, row, "reservation") for row in rows])


def _shape(place: Property, row: Post, of: str) -> Json:
    return {
        f"{of}NoteID": row.id,
        "userName": row.author_name,
        "dateCreated": local(place, row.created_at),
        "dateModified": local(place, row.extra["modified_at"]),
        f"{of}Note": row.body,
    }


def add(call: Call) -> Json:
    """`POST /postReservationNote`: the id stands beside `success`, not under `data`."""
    place = call.place()
    call.only("reservationID", "reservationNote", "userID", "dateCreated")
    stay = need_stay(call, call.world.store, place)
    text, said = call.need("reservationNote"), call.said("dateCreated")
    at = instant_of(place, said, "dateCreated") if said else None
    post = hotel.add_note(call.world, stay, text, "api", _author(call), at)
    return {"success": True, "reservationNoteID": post.id}


def _author(call: Call) -> str:
    """The name of the user that is named, else the application's."""
    key = call.said("userID")
    if key is None:
        return call.application.name
    person = call.world.store.get(Staff, key)
    if person is None:
        raise Refusal("User not found")
    return person.full_name


def put(call: Call) -> Json:
    """`PUT /putReservationNote`"""
    post = _need(call, "reservationID", "reservationNoteID", "reservationNote")
    hotel.change_note(call.world, post, call.need("reservationNote"))
    return {"success": True}


def delete(call: Call) -> Json:
    """`DELETE /deleteReservationNote`: archives it."""
    hotel.change_note(call.world, _need(call), None)
    return {"success": True}


def _need(call: Call, *fields: str) -> Post:
    place = call.place()
    call.only(*fields)
    stay: Stay = need_stay(call, call.world.store, place)
    post = call.world.store.get(Post, call.need("reservationNoteID"))
    if post is None or post.stay_id != stay.id or post.direction != NOTE:
        raise Refusal("Reservation note not found")
    return post


def of_guest(call: Call) -> Json:
    """`GET /getGuestNotes`"""
    place = call.place()
    guest = need_guest(call, place)
    rows = call.store.find(Post, "conversation_id = ?", (f"guest-{guest.id}",), order="created_at, rowid")
    return ok([_shape(place, row, "guest") for row in rows])


def add_to_guest(call: Call) -> Json:
    """`POST /postGuestNote`: no card numbers here."""
    place = call.place()
    call.only("guestID", "guestNote", "userID")
    guest, text = need_guest(call, place), call.need("guestNote")
    no_card(text, "guestNote")
    now = call.world.clock.iso()
    key = call.world.new_id("note")
    post = Post(key, f"guest-{guest.id}", text, "note", NOTE, "api", _author(call), now)
    post.extra["modified_at"] = now
    call.world.store.put(post)
    return {"success": True, "guestNoteID": post.id}


def need_guest(call: Call, place: Property) -> Guest:
    """The guest that is named, of this property. Raises Refusal."""
    guest = call.store.get(Guest, call.need("guestID"))
    if guest is None or guest.extra["property_id"] != place.id:
        raise Refusal("Guest not found")
    return guest
