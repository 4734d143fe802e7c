"""A stay in the legacy shape, in the v3 shape, and as a v2 webhook carries it."""

from typing import Any

from connectors.sandbox.actions.stays import nights
from connectors.sandbox.ids import seed_id
from connectors.sandbox.records import Guest, Json, Stay, Unit
from connectors.sandbox.store import Store
from connectors.sandbox.wires.guesty.answers import ACCOUNT_ID

_V3_NOTES = ("other", "cleaning", "guest", "specialRequests", "keyCode")


def listing_id(unit: Unit) -> str:
    """What the API calls the listing: for a room of a room type, the type."""
    return unit.parent_id or unit.id


def number_of_guests(stay: Stay) -> Json:
    """Heads by age."""
    return {
        "numberOfAdults": stay.adults,
        "numberOfChildren": stay.children,
        "numberOfInfants": stay.infants,
        "numberOfPets": stay.pets,
    }


def custom_fields(stay: Stay) -> list[Json]:
    """The values of the reservation's custom fields; the id of a value lasts as long as the value."""
    return [
        {"_id": seed_id("value", stay.id, key), "fieldId": key, "value": value}
        for key, value in stay.fields.items()
    ]


def money(stay: Stay) -> Json:
    """Prices in major units."""
    total = stay.fare + stay.cleaning_fee
    item = {
        "_id": seed_id("item", stay.id),
        "title": "Accommodation fare",
        "amount": stay.fare,
        "currency": stay.currency,
        "isLocked": True,
    }
    return {
        "currency": stay.currency,
        "fareAccommodation": stay.fare,
        "fareCleaning": stay.cleaning_fee,
        "subTotalPrice": total,
        "hostPayout": total,
        "totalPaid": stay.paid,
        "balanceDue": round(total - stay.paid, 2),
        "isFullyPaid": stay.paid >= total,
        "payments": [],
        "invoiceItems": [item],
    }


def integration(platform: str) -> Json:
    """The channel that a booking or a conversation came through."""
    return {"_id": seed_id("integration", platform), "platform": platform}


def legacy(store: Store, stay: Stay) -> Json:
    """The full object of `GET /reservations/{id}`."""
    unit, guest = store.need(Unit, stay.unit_id), store.get(Guest, stay.guest_id)
    value: Json = {
        "_id": stay.id,
        "accountId": ACCOUNT_ID,
        "listingId": listing_id(unit),
        "guestId": stay.guest_id,
        "conversationId": stay.conversation_id,
        "status": stay.status,
        "confirmationCode": stay.code,
        "source": stay.source,
        "checkInDateLocalized": stay.arrival,
        "checkOutDateLocalized": stay.departure,
        "checkIn": stay.check_in_at,
        "checkOut": stay.check_out_at,
        "nightsCount": nights(stay),
        "guestsCount": stay.adults + stay.children + stay.infants,
        "numberOfGuests": number_of_guests(stay),
        "customFields": custom_fields(stay),
        "money": money(stay),
        "integration": integration(stay.platform),
        "listing": {"_id": listing_id(unit), "title": unit.title, "nickname": unit.name},
        "guest": _short_guest(guest),
        "createdAt": stay.created_at,
        "lastUpdatedAt": stay.updated_at,
    }
    optional = {
        "unitId": unit.id if unit.parent_id else None,
        "plannedArrival": stay.planned_arrival,
        "plannedDeparture": stay.planned_departure,
        "keyCode": stay.key_code or None,
        "note": stay.note or None,
        "guestStay": _guest_stay(stay) if stay.presence != "not_set" else None,
        "confirmedAt": stay.confirmed_at,
        "canceledAt": stay.cancelled_at,
        "canceledBy": stay.cancelled_by,
    }
    return value | {key: item for key, item in optional.items() if item is not None}


def _short_guest(guest: Guest | None) -> Json:
    if guest is None:
        return {}
    value: dict[str, Any] = {
        "_id": guest.id,
        "fullName": guest.full_name,
        "email": guest.email,
        "phone": guest.phone,
    }
    return {key: item for key, item in value.items() if item is not None}


def _guest_stay(stay: Stay) -> Json:
    return {
        "status": stay.presence,
        "createdAt": stay.presence_at or stay.created_at,
        "doneBy": {"type": "system" if stay.presence == "not_set" else "user"},
    }


def v3(store: Store, stay: Stay) -> Json:
    """One entry of `GET /reservations-v3`; what is unknown is left out."""
    unit = store.need(Unit, stay.unit_id)
    notes = {name: str(stay.notes.get(name, "")) for name in _V3_NOTES}
    notes["keyCode"] = stay.key_code
    value: Json = {
        "_id": stay.id,
        "confirmationCode": stay.code,
        "status": stay.status,
        "platform": stay.platform,
        "source": stay.source,
        "accountId": ACCOUNT_ID,
        "bookerId": stay.guest_id,
        "conversationId": stay.conversation_id,
        "stay": [_stay_part(stay, unit)],
        "guestStay": _guest_stay(stay),
        "notes": notes,
        "customFields": custom_fields(stay),
        "confirmedAt": stay.confirmed_at,
        "createdAt": stay.created_at,
        "canceledAt": stay.cancelled_at,
        "canceledBy": stay.cancelled_by,
        "cancellationReason": stay.cancel_reason,
    }
    return {key: item for key, item in value.items() if item is not None}


def _stay_part(stay: Stay, unit: Unit) -> Json:
    part: Json = {
        "_id": seed_id("stay-part", stay.id),
        "checkInDateLocalized": stay.arrival,
        "checkOutDateLocalized": stay.departure,
        "guestsCount": stay.adults + stay.children + stay.infants,
        "numberOfGuests": number_of_guests(stay),
        "unitTypeId": listing_id(unit),
        "ratePlanId": seed_id("rate-plan", "flexible"),
        "eta": stay.check_in_at,
        "etd": stay.check_out_at,
    }
    if unit.parent_id:
        part["unitId"] = unit.id
    if stay.early_check_in:
        part["earlyCheckIn"] = True
    if stay.late_check_out:
        part["lateCheckOut"] = True
    return part


def pushed(store: Store, stay: Stay) -> Json:
    """The `data` of a v2 reservation webhook: lean, a trigger to read again."""
    unit = store.need(Unit, stay.unit_id)
    value: Json = {
        "reservationId": stay.id,
        "confirmationCode": stay.code,
        "unitTypeId": listing_id(unit),
        "status": stay.status,
        "checkInDateLocalized": stay.arrival,
        "checkOutDateLocalized": stay.departure,
        "guestsCount": stay.adults + stay.children + stay.infants,
        "numberOfGuests": {"numberOfAdults": stay.adults},
    }
    return value | ({"unitId": unit.id} if unit.parent_id else {})
