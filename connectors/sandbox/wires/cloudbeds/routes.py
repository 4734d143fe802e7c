"""Which call is handled where, and the scope that it takes."""

from collections.abc import Callable

from connectors.sandbox.records import Json
from connectors.sandbox.wires.cloudbeds import (
    blocks,
    fields,
    guests,
    hotels,
    housekeeping,
    lists,
    notes,
    reservations,
    webhooks,
    writes,
)
from connectors.sandbox.wires.cloudbeds.answers import Call

Handler = Callable[[Call], Json]

ROUTES: tuple[tuple[str, str, str, Handler], ...] = (
    ("GET", "/userinfo", "", hotels.userinfo),
    ("GET", "/oauth/metadata", "", hotels.metadata),
    ("GET", "/getHotels", "read:hotel", hotels.find),
    ("GET", "/getHotelDetails", "read:hotel", hotels.details),
    ("GET", "/getUsers", "read:user", hotels.users),
    ("GET", "/getSources", "read:reservation", hotels.sources),
    ("GET", "/getRooms", "read:room", hotels.rooms),
    ("GET", "/getRoomTypes", "read:room", hotels.room_types),
    ("GET", "/getCustomFields", "read:customFields", fields.find),
    ("POST", "/postCustomField", "write:customFields", fields.create),
    ("GET", "/getReservations", "read:reservation", lists.find),
    ("GET", "/getReservation", "read:reservation", reservations.get),
    ("GET", "/getReservationsWithRateDetails", "read:reservation", lists.with_rates),
    ("GET", "/getReservationAssignments", "read:reservation", reservations.assignments),
    ("GET", "/getReservationRoomDetails", "read:room", reservations.room_details),
    ("PUT", "/putReservation", "write:reservation", writes.put),
    ("POST", "/postRoomCheckIn", "write:room", writes.check_in),
    ("POST", "/postRoomCheckOut", "write:room", writes.check_out),
    ("GET", "/getReservationNotes", "read:reservation", notes.of_stay),
    ("POST", "/postReservationNote", "write:reservation", notes.add),
    ("PUT", "/putReservationNote", "write:reservation", notes.put),
    ("DELETE", "/deleteReservationNote", "write:reservation", notes.delete),
    ("GET", "/getGuest", "read:guest", guests.get),
    ("GET", "/getGuestList", "read:guest", guests.listed),
    ("GET", "/getGuestsModified", "read:guest", guests.modified),
    ("PUT", "/putGuest", "write:guest", guests.put),
    ("GET", "/getGuestNotes", "read:guest", notes.of_guest),
    ("POST", "/postGuestNote", "write:guest", notes.add_to_guest),
    ("GET", "/getHousekeepingStatus", "read:housekeeping", housekeeping.find),
    ("POST", "/postHousekeepingStatus", "write:housekeeping", housekeeping.write),
    ("GET", "/getHousekeepers", "read:housekeeping", housekeeping.housekeepers),
    ("POST", "/postHousekeepingAssignment", "write:housekeeping", housekeeping.assign),
    ("GET", "/getRoomBlocks", "read:roomblock", blocks.find),
    ("POST", "/postRoomBlock", "write:roomblock", blocks.create),
    ("POST", "/deleteRoomBlock", "delete:roomblock", blocks.delete),
    ("POST", "/postWebhook", "", webhooks.create),
    ("GET", "/getWebhooks", "", webhooks.find),
    ("DELETE", "/deleteWebhook", "", webhooks.delete),
)
