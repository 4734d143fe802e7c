"""A reservation as the API shows it; names, order and oddities are those of the reference's example."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from connectors.sandbox.actions.homes import CHANNEL_IDS, ICAL
from connectors.sandbox.actions.stays import nights
from connectors.sandbox.clock import parse_iso
from connectors.sandbox.records import Conversation, Guest, Json, Stay, Unit
from connectors.sandbox.store import Store
from connectors.sandbox.wires.hostaway.answers import ACCOUNT_ID, ACCOUNT_ZONE, moment

RESOURCES = (
    "customFieldValues",
    "reservationFees",
    "reservationUnit",
    "financeField",
    "hostProxyEmail",
    "bookingcomNoShowReportedAt",
    "bookingcomNoShowFeeWaived",
)
_NONE = [
    "externalPropertyId",
    "externalRatePlanId",
    "externalUnitId",
    "assigneeUserId",
    "manualIcalId",
    "manualIcalName",
    "pendingExpireDate",
    "guestExternalAccountId",
    "guestZipCode",
    "guestAddress",
    "guestCity",
    "guestCountry",
    "guestPicture",
    "guestWork",
    "previousArrivalDate",
    "previousDepartureDate",
    "checkInTime",
    "checkOutTime",
    "taxAmount",
    "channelCommissionAmount",
    "hostawayCommissionAmount",
    "securityDepositFee",
    "paymentMethod",
    "stripeGuestId",
    "guestNote",
    "doorCodeVendor",
    "doorCodeInstruction",
    "comment",
    "confirmationCode",
    "originalChannel",
    "customerUserId",
    "rentalAgreementFileUrl",
    "reservationAgreement",
    "insuranceStatus",
    "claimStatus",
    "insurancePolicyId",
    "cancellationPolicyId",
    "cancellationPolicy",
    "bookingcomSpecialRequests",
    "bookingcomSmokingPreference",
    "bookingcomIsGeniusMember",
    "bookingcomBookerName",
    "bookingcomBookerCompany",
    "bookingcomNoShowReportedAt",
    "bookingcomNoShowFeeWaived",
    "guestPortalUrl",
    "bookingCancellationPolicy",
    "vrboCancellationPolicy",
    "marriottCancellationPolicy",
    "airbnbCancellationPolicy",
    "airbnbExpectedPayoutAmount",
    "airbnbListingBasePrice",
    "airbnbListingCancellationHostFee",
    "airbnbListingCancellationPayout",
    "airbnbListingCleaningFee",
    "airbnbListingHostFee",
    "airbnbListingSecurityPrice",
    "airbnbOccupancyTaxAmountPaidToHost",
    "airbnbTotalPaidAmount",
    "airbnbTransientOccupancyTaxPaidAmount",
]
_ZERO = [
    "isProcessed",
    "isInitial",
    "isManuallyChecked",
    "isInstantBooked",
    "hasPullError",
    "guestRecommendations",
    "guestTrips",
    "isGuestIdentityVerified",
    "isGuestVerifiedByEmail",
    "isGuestVerifiedByWorkEmail",
    "isGuestVerifiedByFacebook",
    "isGuestVerifiedByGovernmentId",
    "isGuestVerifiedByPhone",
    "isGuestVerifiedByReviews",
    "isDatesUnspecified",
    "isStarred",
    "isArchived",
    "isPinned",
]
_BLANK: Json = dict.fromkeys(_NONE) | dict.fromkeys(_ZERO, 0)


def listing_of(store: Store, stay: Stay) -> tuple[Unit, Unit]:
    """The listing and the unit of a stay; the same where a listing has one unit."""
    unit = store.need(Unit, stay.unit_id)
    return (store.need(Unit, unit.parent_id) if unit.parent_id else unit), unit


def total(stay: Stay) -> float:
    """The price with the cleaning fee."""
    return round(stay.fare + stay.cleaning_fee, 2)


def full(store: Store, stay: Stay, now: str) -> Json:
    """Everything but `remainingBalance`, as in a webhook."""
    listing, unit = listing_of(store, stay)
    shown: Json = {
        "id": int(stay.id),
        "listingMapId": int(listing.id),
        "listingName": listing.name,
        "channelId": CHANNEL_IDS.get(stay.platform, 2020),
        "source": stay.platform,
        "channelName": stay.platform,
        "reservationId": stay.code,
        "hostawayReservationId": int(stay.id),
        "channelReservationId": stay.code,
    }
    shown |= _BLANK
    shown |= _guest(store, stay) | _dates(stay, now) | _money(stay)
    shown |= {
        "status": stay.status,
        "cancellationDate": moment(stay.cancelled_at),
        "cancelledBy": stay.cancelled_by and ("guest" if stay.cancelled_by == "GUEST" else "host"),
        "hostNote": stay.note or None,
        "doorCode": stay.key_code or None,
        "reservationDate": moment(stay.created_at),
        "insertedOn": moment(stay.created_at),
        "updatedOn": moment(stay.updated_at),
        "latestActivityOn": moment(_latest_activity(store, stay)),
    }
    own = {name: value for name, value in stay.extra.items() if name in shown}
    return shown | own | _local_no_show(stay) | _resources(store, stay, unit)


def shown(
    store: Store, stay: Stay, now: str, *, resources: bool, payments: bool, policy: bool = False
) -> Json:
    """A reservation as a read answers it: what needs a flag is there only with the flag."""
    value = full(store, stay, now)
    if not resources:
        value = {name: item for name, item in value.items() if name not in RESOURCES}
    if payments:
        value["remainingBalance"] = round(total(stay) - stay.paid, 2)
    if policy:
        value["cancellationPolicyDetails"] = None
    return value


def _guest(store: Store, stay: Stay) -> Json:
    guest = store.need(Guest, stay.guest_id)
    return {
        "guestName": guest.full_name,
        "guestFirstName": guest.first_name or None,
        "guestLastName": guest.last_name or None,
        "guestEmail": guest.email,
        "guestLocale": guest.language or None,
        "phone": guest.phone,
        "numberOfGuests": stay.adults + stay.children,
        "adults": stay.adults,
        "children": stay.children or None,
        "infants": stay.infants or None,
        "pets": stay.pets or None,
    }


def _dates(stay: Stay, now: str) -> Json:
    """Of an inquiry without dates both say yesterday, whenever one asks."""
    arrival, departure, count = stay.arrival, stay.departure, nights(stay)
    if stay.extra.get("isDatesUnspecified"):
        yesterday = parse_iso(now).astimezone(ZoneInfo(ACCOUNT_ZONE)).date() - timedelta(days=1)
        arrival = departure = yesterday.isoformat()
        count = 0
    return {"arrivalDate": arrival, "departureDate": departure, "nights": count}


def _money(stay: Stay) -> Json:
    paid = None if not stay.paid else int(stay.paid >= total(stay))
    return {
        "totalPrice": total(stay),
        "cleaningFee": stay.cleaning_fee,
        "currency": stay.currency,
        "isPaid": paid,
    }


def _local_no_show(stay: Stay) -> Json:
    """The one time that is told in the account's zone."""
    at = stay.extra.get("bookingcomNoShowReportedAt")
    if not at:
        return {}
    local: datetime = parse_iso(str(at)).astimezone(ZoneInfo(ACCOUNT_ZONE))
    return {"bookingcomNoShowReportedAt": local.strftime("%Y-%m-%d %H:%M:%S")}


def _latest_activity(store: Store, stay: Stay) -> str:
    talks = store.find(Conversation, "stay_id = ?", (stay.id,))
    return max([stay.updated_at, *(talk.last_at for talk in talks if talk.last_at)])


def _resources(store: Store, stay: Stay, unit: Unit) -> Json:
    rooms = [row["unit"] for row in stay.rooms] or ([unit.id] if unit.parent_id else [])
    fields = [{"customFieldId": int(key), "value": value} for key, value in stay.fields.items()]
    finance = (
        ("price", "baseRate", "Base rate", stay.fare),
        ("fee", "cleaningFee", "Cleaning fee", stay.cleaning_fee),
    )
    return {
        "hostProxyEmail": f"c-{stay.id}@host.hostaway.example" if stay.platform not in ICAL else None,
        "customFieldValues": fields,
        "reservationFees": [],
        "reservationUnit": [
            {
                "id": int(stay.id) * 10 + place,
                "accountId": ACCOUNT_ID,
                "reservationId": int(stay.id),
                "listingUnitId": int(room),
                "listingUnitName": store.need(Unit, room).name,
            }
            for place, room in enumerate(rooms)
        ],
        "financeField": [
            {
                "id": int(stay.id) * 10 + place,
                "units": 1,
                "listingFeeSettingId": None,
                "type": kind,
                "name": name,
                "title": title,
                "alias": None,
                "value": value,
                "isIncludedInTotalPrice": 1,
                "isOverriddenByUser": 0,
                "isMandatory": None,
                "isQuantitySelectable": 0,
                "isDeleted": 0,
                "total": value,
            }
            for place, (kind, name, title, value) in enumerate(finance)
        ],
    }
