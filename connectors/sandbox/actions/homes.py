"""Stays of vacation homes (Hostaway): dates change in two steps, conversations are a stay's own, sending takes time."""

from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from connectors.sandbox.actions.stays import ActionError, change_stay, instant, nights
from connectors.sandbox.actions.talk import INBOUND, OUTBOUND, new_post, touch
from connectors.sandbox.clock import iso
from connectors.sandbox.happenings import MessagePosted, StayChanged
from connectors.sandbox.records import Conversation, Guest, Json, Post, Property, Stay, Unit
from connectors.sandbox.world import World

ICAL = ("customIcal", "homeawayical", "vrboical", "tripadvisorical")
CHANNEL_IDS: dict[str, int] = {
    "airbnbOfficial": 2018,
    "homeaway": 2002,
    "homeawayical": 2009,
    "vrboical": 2010,
    "bookingcom": 2005,
    "expedia": 2007,
    "marriott": 2019,
    "google": 2022,
    "tripadvisorical": 2016,
    "direct": 2000,
    "bookingengine": 2013,
    "wordpress": 2017,
    "customIcal": 2015,
    "partner": 2020,
    "gds": 2021,
}
OTA = ("airbnbOfficial", "bookingcom", "homeaway", "expedia", "marriott", "google")
BLOCKING = ("new", "modified", "ownerStay")
AWAITING, SENT, FAILED = "awaiting", "sent", "failed"


def redate(world: World, stay: Stay, by: str, arrival: str, departure: str) -> Stay:
    """Other dates, then their price: two changes within one second, so two webhooks of the same version."""
    if date.fromisoformat(departure) <= date.fromisoformat(arrival):
        raise ActionError("the departure lies after the arrival")
    unit = world.store.need(Unit, stay.unit_id)
    values: Json = {"arrival": arrival, "departure": departure}
    extra = stay.extra | {
        "previousArrivalDate": stay.arrival,
        "previousDepartureDate": stay.departure,
        "isDatesUnspecified": 0,
    }
    if stay.status == "new":
        values["status"] = "modified"
    with world.store.tx():
        change_stay(world, stay, by, **values, extra=extra)
        change_stay(world, stay, by, fare=float(unit.nightly * nights(stay)), **instants(world, stay))
    return stay


def set_hours(world: World, stay: Stay, by: str, values: Json) -> Stay:
    """Whole local hours: `checkInTime`, `checkOutTime`; None falls back to the listing's."""
    extra = stay.extra | {name: values[name] for name in ("checkInTime", "checkOutTime") if name in values}
    with world.store.tx():
        probe = {"extra": extra} if extra != stay.extra else {}
        if probe:
            change_stay(world, stay, by, **probe, **instants(world, stay, extra))
    return stay


def instants(world: World, stay: Stay, extra: Json | None = None) -> Json:
    """The instants of check-in and check-out that dates and hours make."""
    unit = world.store.need(Unit, stay.unit_id)
    zone = ZoneInfo(world.store.need(Property, unit.property_id).timezone)
    known = stay.extra if extra is None else extra
    at_in, at_out = known.get("checkInTime"), known.get("checkOutTime")
    return {
        "check_in_at": instant(
            date.fromisoformat(stay.arrival),
            unit.check_in_time if at_in is None else f"{at_in:02d}:00",
            zone,
        ),
        "check_out_at": instant(
            date.fromisoformat(stay.departure),
            unit.check_out_time if at_out is None else f"{at_out:02d}:00",
            zone,
        ),
    }


def overlaps(world: World, stay: Stay, arrival: str, departure: str) -> bool:
    """Whether another booking that blocks the calendar lies in these nights."""
    marks = ", ".join("?" for _ in BLOCKING)
    where = f"unit_id = ? AND id <> ? AND arrival < ? AND departure > ? AND status IN ({marks})"
    params: list[Any] = [stay.unit_id, stay.id, departure, arrival, *BLOCKING]
    return world.store.count(Stay, where, params) > 0


def add_conversation(world: World, stay: Stay) -> Conversation:
    """One more conversation of a stay; the newest is the one that people at the desk write in."""
    now = world.clock.iso()
    guest = world.store.need(Guest, stay.guest_id)
    talk = Conversation(
        world.new_id("conversation"),
        "guest",
        guest.id,
        stay.platform,
        guest.language,
        "host-guest-email",
        now,
        now,
        stay_id=stay.id,
    )
    stay.conversation_id = talk.id
    with world.store.tx():
        world.store.put(talk)
        world.store.put(stay)
    return talk


def outgoing(
    world: World,
    talk: Conversation,
    body: str,
    module: str,
    author: str,
    name: str,
    *,
    failing: bool = False,
) -> Post:
    """A message from the house: awaits its hand-over for a short time, then is sent or has failed.

    A message that can reach nobody fails. Its webhook comes when it is sent; one that failed has none.
    """
    post = new_post(world, talk, body, module, OUTBOUND)
    post.author, post.author_name, post.stay_id = author, name, talk.stay_id
    wait = world.settings.sending_seconds
    post.extra = {
        "handed_over_at": iso(world.clock.now() + timedelta(seconds=wait)),
        "ends": SENT if _reaches(world, talk, module) and not failing else FAILED,
    }
    with world.store.tx():
        world.store.put(post)
        touch(talk, post)
        world.store.put(talk)
        if post.extra["ends"] == SENT:
            world.announce(MessagePosted(post), wait)
    return post


def _reaches(world: World, talk: Conversation, module: str) -> bool:
    guest = world.store.need(Guest, talk.guest_id)
    if module == "channel":
        return talk.platform in OTA
    return bool(guest.email if module == "email" else guest.phone)


def standing(post: Post, now: str) -> str:
    """Where a message stands at this instant."""
    if post.direction == INBOUND or "ends" not in post.extra:
        return SENT
    handed_over = post.extra.get("handed_over_at")
    return AWAITING if handed_over is not None and handed_over > now else str(post.extra["ends"])


def guest_changed(world: World, guest: Guest) -> None:
    """Guest data sit on the reservation: every stay of the guest has a new version."""
    with world.store.tx():
        for stay in world.store.find(Stay, "guest_id = ?", (guest.id,)):
            stay.updated_at = world.clock.iso()
            world.store.put(stay)
            world.announce(StayChanged(stay, stay.updated_at))
