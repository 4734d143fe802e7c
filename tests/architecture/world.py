"""Two organizations with a person of each role and one object of each kind that an address can name."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bellhop.accounts.models import Organization, User
from bellhop.accounts.services import create_organization
from bellhop.core import clock
from bellhop.core.models import Incident
from connectors.models import (
    Command,
    CommandKind,
    Connection,
    ConnectionHealth,
    Drift,
    Rehearsal,
    WebhookDelivery,
)
from inbox.models import (
    Attachment,
    CannedReply,
    ChatVisitor,
    ChatWidget,
    Message,
    MessageMail,
    Note,
    PortalLink,
    SavedView,
    SnoozePreset,
    Thread,
    ThreadMerge,
)
from reservations.models import (
    Contact,
    Enrollment,
    Guest,
    OnCallException,
    OnCallShift,
    OrderedWork,
    Property,
    Reservation,
    ScheduledMessage,
    Sequence,
    SequenceVersion,
    StayRequest,
    Unit,
    UnitReport,
    WorkNote,
    WorkOrder,
)


@dataclass(frozen=True)
class World:
    """One organization and what belongs to it."""

    organization: Organization
    people: dict[str, User]
    connection: Connection
    delivery: WebhookDelivery
    rehearsal: Rehearsal
    command: Command
    incident: Incident
    drift: Drift
    property: Property
    unit: Unit
    report: UnitReport
    guest: Guest
    stay: Reservation
    request: StayRequest
    ordered: OrderedWork
    work_order: WorkOrder
    work_note: WorkNote
    contact: Contact
    shift: OnCallShift
    exception: OnCallException
    thread: Thread
    message: Message
    merge: ThreadMerge
    scheduled: ScheduledMessage
    file: Attachment
    note: Note
    widget: ChatWidget
    portal_link: PortalLink
    saved_view: SavedView
    canned: CannedReply
    snooze: SnoozePreset


def build(slug: str) -> World:
    organization = create_organization(slug.title(), slug)
    people = {
        role.name: User.objects.create_user(
            f"{role.name.split()[0].lower()}@{slug}.example",
            "a long password",
            organization=organization,
            role=role,
            full_name=f"{role.name} of {slug}",
        )
        for role in organization.roles.all()
    }
    now = clock.now()
    belongs = {"organization": organization}
    connection = Connection.objects.create(
        **belongs, slug="guesty", name="Guesty", base_url="https://pms.example", created_at=now
    )
    ConnectionHealth.objects.create(connection=connection)
    place = Property.objects.create(**belongs, name="Harbour House")
    guest = Guest.objects.create(**belongs, full_name="Guest", created_at=now)
    of_stay = {"connection": connection, "property": place, "guest": guest}
    stay = Reservation.objects.create(**belongs, **of_stay, remote_id="r1", as_of=now)
    thread = Thread.objects.create(**belongs, **of_stay, stay=stay, last_activity_at=now, created_at=now)
    said = {"direction": "inbound", "author": "guest", "body": "Hello", "sent_at": now, "created_at": now}
    message = Message.objects.create(**belongs, thread=thread, **said)
    MessageMail.objects.create(message=message, **belongs, rfc_id="<1@guest.example>", html="<p>Hello</p>")
    return World(
        organization=organization,
        people=people,
        connection=connection,
        delivery=_delivery(connection, now),
        rehearsal=Rehearsal.objects.create(connection=connection, reservation="TEST", started_at=now),
        command=_command(connection, now),
        incident=_incident(organization, now),
        drift=_drift(connection, now),
        **_place(place, now),
        guest=guest,
        stay=stay,
        **_work(stay, now),
        thread=thread,
        scheduled=_scheduled(organization, stay, now),
        merge=ThreadMerge.objects.create(**belongs, source=thread, target=thread, kind="merge", at=now),
        message=message,
        file=Attachment.objects.create(message=message, name="key.pdf", state="failed"),
        **_chat(organization, thread, stay, now),
        note=Note.objects.create(**belongs, thread=thread, body="A note", written_at=now),
        snooze=SnoozePreset.objects.create(owner=people["Admin"], name="Mine", kind="hours", number=1),
        canned=CannedReply.objects.create(**belongs, owner=people["Admin"], name="Mine", body="Hello"),
        saved_view=SavedView.objects.create(**belongs, owner=people["Admin"], name="Mine", query=""),
    )


def _chat(organization: Organization, thread: Thread, stay: Reservation, now: datetime) -> dict[str, Any]:
    connection = Connection.objects.create(
        organization=organization, slug="webchat", kind="channel", stage="live", name="Website", base_url="https://a.invalid",
        created_at=now,
    )  # fmt: skip
    ConnectionHealth.objects.create(connection=connection)
    widget = ChatWidget.objects.create(connection=connection, organization=organization)
    thread.stays.add(stay)
    belongs = {"organization": organization, "stay": stay, "created_at": now}
    visitor = ChatVisitor.objects.create(widget=widget, verified_by="portal", expires_at=now, **belongs)
    link = PortalLink.objects.create(
        visitor=visitor, token_digest=organization.slug, guest=stay.guest, **belongs
    )
    return {"widget": widget, "portal_link": link}


def _delivery(connection: Connection, now: datetime) -> WebhookDelivery:
    return WebhookDelivery.objects.create(
        connection=connection, key="k", received_at=now, next_try_at=now, body=b"{}"
    )


def _command(connection: Connection, now: datetime) -> Command:
    times = {"created_at": now, "due_at": now, "give_up_at": now}
    return Command.objects.create(
        organization=connection.organization,
        connection=connection,
        kind=CommandKind.values[0],
        order_key="k",
        subject="s",
        intent={},
        **times,
    )


def _incident(organization: Organization, now: datetime) -> Incident:
    return Incident.objects.create(
        organization_id=organization.pk, code="code", title="Title", opened_at=now, last_seen_at=now
    )


def _drift(connection: Connection, now: datetime) -> Drift:
    times = {"since": now, "found_at": now, "looked_at": now}
    return Drift.objects.create(
        connection=connection, entity="reservation", object_id=1, remote_id="r1", stay_remote_id="r1", label="Guest",
        field="adults", ours=1, theirs=2, owner="pms", cause=Drift.Cause.LOST_WEBHOOK, **times,
    )  # fmt: skip


def _work(stay: Reservation, now: datetime) -> dict[str, Any]:
    belongs = {"organization": stay.organization, "connection": stay.connection, "reservation": stay}
    return {
        "request": _request(stay, now),
        "ordered": OrderedWork.objects.create(**belongs, title="Lamp", kind="maintenance", ordered_at=now),
        "work_order": WorkOrder.objects.create(**belongs, remote_id="t1", title="Lamp", as_of=now),
        "work_note": WorkNote.objects.create(
            organization=stay.organization,
            connection=stay.connection,
            remote_id="t1",
            body="Key",
            written_at=now,
        ),
    }


def _directory(place: Property, now: datetime) -> dict[str, Any]:
    belongs = {"organization": place.organization}
    contact = Contact.objects.create(**belongs, name="Quay Plumbing", trade="plumber", phone="+14015550100")
    hours = {"property": place, "contact": contact, "starts_at": "00:00", "ends_at": "00:00"}
    days = {"first_day": now.date(), "last_day": now.date() + timedelta(days=1)}
    return {
        "contact": contact,
        "shift": OnCallShift.objects.create(**belongs, **hours),
        "exception": OnCallException.objects.create(**belongs, **hours, **days),
    }


def _place(place: Property, now: datetime) -> dict[str, Any]:
    belongs = {"organization": place.organization}
    unit = Unit.objects.create(**belongs, property=place, name="204")
    report = UnitReport.objects.create(**belongs, unit=unit, note="Lamp", token="t", reported_at=now)
    return {"property": place, "unit": unit, "report": report, **_directory(place, now)}


def _request(stay: Reservation, now: datetime) -> StayRequest:
    return StayRequest.objects.create(
        organization=stay.organization, reservation=stay, kind="cot", asked_at=now
    )


_STEP = {
    "key": "s1",
    "name": "Welcome",
    "when": {"anchor": "booked"},
    "channels": ["pms"],
    "texts": {"en": {"body": "Hello"}},
    "language": "en",
}


def _scheduled(organization: Organization, stay: Reservation, now: datetime) -> ScheduledMessage:
    sequence = Sequence.objects.create(
        organization=organization, name="Welcome", draft={"steps": [_STEP]}, draft_at=now, created_at=now
    )
    version = SequenceVersion.objects.create(
        sequence=sequence, number=1, definition={"steps": [_STEP]}, published_at=now
    )
    enrollment = Enrollment.objects.create(
        organization=organization, sequence=sequence, version=version, reservation=stay, enrolled_at=now
    )
    return ScheduledMessage.objects.create(
        organization=organization,
        enrollment=enrollment,
        sequence=sequence,
        reservation=stay,
        step_key="s1",
        due_at=now,
    )
