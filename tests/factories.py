"""What tests of the upper layers start from: an organization with its people, a place, threads and what is said there.

Messages go in the way they do in production: as records told by the PMS, or as replies of a person.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction

from bellhop.accounts.models import Organization, User
from bellhop.accounts.services import create_organization
from bellhop.core import clock
from connectors.contract.records import (
    AuthorKind,
    ConversationRecord,
    Direction,
    MessageRecord,
    NoteRecord,
)
from connectors.events import Source
from connectors.inbound.apply import apply
from connectors.models import Connection, ConnectionHealth
from inbox.models import FAR, Message, Thread
from inbox.services import reply as replies
from inbox.services import threads
from inbox.services.reply import ReplyOptions
from reservations.models import Guest, Property, PropertyScope, Reservation, Unit

_number = itertools.count(1)
ROLES = ("Agent", "Housekeeper", "Marketer", "Operations manager", "Admin")


@dataclass(frozen=True)
class Desk:
    """One organization: `people` by role, one connection, one property with one unit."""

    organization: Organization
    people: dict[str, User]
    connection: Connection
    place: Property
    unit: Unit

    @property
    def agent(self) -> User:
        return self.people["Agent"]


def desk(slug: str = "harbour", **connection: Any) -> Desk:
    organization = create_organization(slug.title(), slug)
    people = {role: person(organization, role) for role in ROLES}
    return Desk(
        organization=organization,
        people=people,
        connection=connect(organization, **connection),
        place=(place := property_of(organization, "Harbour House")),
        unit=Unit.objects.create(organization=organization, property=place, name="204"),
    )


def person(organization: Organization, role: str = "Agent", name: str = "", **fields: Any) -> User:
    """A person of that role; undo time 0, so that replies are due at once."""
    number = next(_number)
    return User.objects.create_user(
        f"person{number}@{organization.slug}.example",
        None,
        organization=organization,
        role=organization.roles.get(name=role),
        full_name=name or f"{role.split(maxsplit=1)[0]} Number{number}",
        **{"undo_send_s": 0, **fields},
    )


def limited(organization: Organization, *places: Property, role: str = "Agent") -> User:
    """A person who sees these properties only."""
    user = person(organization, role, all_properties=False)
    PropertyScope.objects.bulk_create(PropertyScope(user=user, property=place) for place in places)
    return user


def connect(organization: Organization, **fields: Any) -> Connection:
    values: dict[str, Any] = {
        "slug": "guesty",
        "name": f"Guesty {next(_number)}",
        "base_url": "https://pms.example",
        "credentials": {"client_id": "sandbox-client", "client_secret": "sandbox-secret"},
        "created_at": clock.now(),
        **fields,
    }
    connection = Connection.objects.create(organization=organization, **values)
    ConnectionHealth.objects.create(connection=connection)
    return connection


def property_of(organization: Organization, name: str, timezone: str = "UTC") -> Property:
    return Property.objects.create(organization=organization, name=name, timezone=timezone)


def stay(
    desk: Desk, name: str = "Maria Lindqvist", starts_in: int = 0, nights: int = 2, **fields: Any
) -> Reservation:
    """A confirmed stay of a guest of that name, `starts_in` days from today."""
    number = next(_number)
    arrival: date = clock.now().date() + timedelta(days=starts_in)
    values: dict[str, Any] = {
        "guest": Guest.objects.create(
            organization=desk.organization, full_name=name, language="en", created_at=clock.now()
        ),
        "remote_id": f"stay{number}",
        "code": f"C{number:05}",
        "property": desk.place,
        "unit": desk.unit,
        "status": Reservation.Status.CONFIRMED,
        "arrival_date": arrival,
        "departure_date": arrival + timedelta(days=nights),
        **fields,
    }
    return Reservation.objects.create(
        organization=desk.organization, connection=desk.connection, as_of=clock.now(), **values
    )


def thread(desk: Desk, about: Reservation | None = None, **fields: Any) -> Thread:
    """A thread with a conversation at the PMS, ready for replies."""
    number = next(_number)
    values: dict[str, Any] = {
        "connection": desk.connection,
        "conversation_id": f"conversation{number}",
        "channel": "sms",
        "channel_raw": "sms",
        "party_name": about.guest.full_name if about and about.guest else f"Guest {number}",
        "guest": about.guest if about else None,
        "stay": about,
        "arrives_on": (about.arrival_date if about else None) or FAR,
        "property": about.property if about else desk.place,
        "last_activity_at": clock.now(),
        "created_at": clock.now(),
        **fields,
    }
    made = Thread.objects.create(organization=desk.organization, **values)
    if about is not None:
        made.stays.add(about)
    return made


def told(
    thread: Thread,
    body: str,
    *,
    at: datetime | None = None,
    author: AuthorKind = AuthorKind.GUEST,
    remote_id: str = "",
    history: bool = False,
    **fields: Any,
) -> MessageRecord:
    """The PMS tells a message of the thread's conversation. Returns its record."""
    record = MessageRecord(
        external_id=remote_id or f"post{next(_number)}",
        conversation_id=thread.conversation_id,
        direction=Direction.INBOUND if author == AuthorKind.GUEST else Direction.OUTBOUND,
        author_kind=author,
        channel="sms",
        channel_raw="sms",
        body_text=body,
        sent_at=at or clock.now(),
        **fields,
    )
    tell(thread.connection, record, history=history)
    thread.refresh_from_db()
    return record


def says(thread: Thread, body: str, **fields: Any) -> Message:
    """The guest says something."""
    record = told(thread, body, **fields)
    return Message.objects.get(connection=thread.connection, remote_id=record.external_id)


def staff_says(thread: Thread, body: str, **fields: Any) -> Message:
    """A colleague writes in the PMS."""
    record = told(thread, body, author=AuthorKind.STAFF, **fields)
    return Message.objects.get(connection=thread.connection, remote_id=record.external_id)


def tell(
    connection: Connection | None,
    record: MessageRecord | NoteRecord | ConversationRecord,
    *,
    history: bool = False,
) -> str:
    assert connection is not None
    with transaction.atomic():
        return apply(Source(connection=connection, history=history), record)


def answers(user: User, thread: Thread, body: str, **options: Any) -> Message:
    """A person replies from Bellhop; not stale unless told what was seen."""
    message = replies.reply(
        user, thread, body, ReplyOptions(**{"client_token": f"token-{next(_number)}", **options})
    )
    thread.refresh_from_db()
    return message


def bodies(thread: Thread) -> list[str]:
    """What stands in the thread, in the order of utterance."""
    shown = thread.messages.filter(withdrawn_at__isnull=True).order_by("sent_at", "sequence", "id")
    return list(shown.values_list("body", flat=True))


def visible(user: User) -> set[int]:
    return set(threads.visible_to(user).values_list("pk", flat=True))
