"""Nothing marketing leaves without consent, on any channel that there is; nor by night, nor too often (consent.md §9).
Through the real claim: what it doesn't take can't leave."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction

from bellhop.core import clock
from connectors.contract.direct import AddressKind, Channel
from connectors.contract.registry import available, channel_class, is_channel
from connectors.models import Command, CommandState, Connection, Origin
from connectors.outbound import claim
from inbox.services import automatic, threads
from reservations.models import ChannelAddress, ConsentScope, ConsentSource, ConsentState
from reservations.services import consent
from reservations.services.consent import Statement
from tests import factories
from tests.channels import POSTMARK, TWILIO, WHATSAPP, connect, mailbox_at
from tests.factories import Desk

pytestmark = pytest.mark.django_db
KEYS = {
    "twilio": {**TWILIO, "whatsapp_sender": "+14155550161"},
    "whatsapp": WHATSAPP,
    "mailbox": mailbox_at(25, 143),
    "mail_provider": POSTMARK,
}
WAYS = [
    (slug, channel)
    for slug in sorted(available())
    if is_channel(slug)
    for channel in channel_class(slug).facts
]
NUMBERS = {Channel.SMS, Channel.WHATSAPP}
NOON = datetime(2027, 3, 2, 19, 0, tzinfo=UTC)  # a Tuesday; 11:00 in California
PHONE = "+14155550131"


def at(moment: datetime) -> None:
    clock.set_offset(timedelta(0))
    clock.set_offset(moment - clock.now())


def someone(desk: Desk, slug: str, channel: Channel, value: str = "") -> ChannelAddress:
    """Somebody who has just written to us there."""
    kind, usual = (
        (AddressKind.PHONE, PHONE)
        if channel in NUMBERS
        else (AddressKind.EMAIL, "jo.lee@guests.example")
        if channel == Channel.EMAIL
        else (AddressKind.VISITOR, "visitor-1")
    )
    line = Connection.objects.filter(slug=slug).first()
    return ChannelAddress.objects.create(
        organization=desk.organization,
        connection=line or connect(desk.organization, slug, "https://provider.example", KEYS.get(slug, {})),
        channel=channel.value,
        address=value or usual,
        kind=kind.value,
        last_inbound_at=clock.now(),
        created_at=clock.now(),
    )


def plans(desk: Desk, to: ChannelAddress, purpose: str = "marketing") -> Command:
    """A message of a plan, due now."""
    thread = factories.thread(desk, connection=None, conversation_id="")
    with transaction.atomic():
        message = automatic.send(
            threads.lock(thread.pk), to, "A weekend in May?", purpose=purpose, origin=Origin.SEQUENCE
        )
    return Command.objects.get(subject=f"message:{message.pk}")


def says(to: ChannelAddress, scope: ConsentScope, state: ConsentState) -> None:
    consent.record(
        to.organization_id,
        Statement(
            channel=to.channel,
            address=to.address,
            scope=scope,
            state=state,
            source=ConsentSource.STAFF,
            at=clock.now(),
        ),
    )


def leaves(command: Command) -> bool:
    """Does a worker get it now?"""
    taken = claim.take()
    command.refresh_from_db()
    return taken is not None and taken.command.pk == command.pk


@pytest.mark.parametrize(("slug", "channel"), WAYS)
def test_nothing_marketing_leaves_without_consent(desk: Desk, slug: str, channel: Channel) -> None:
    at(NOON)
    to = someone(desk, slug, channel)
    never_asked = plans(desk, to)
    assert not leaves(never_asked)
    assert (never_asked.state, never_asked.reason_code) == (CommandState.CANCELLED, "no_consent")
    says(to, ConsentScope.MARKETING, ConsentState.GRANTED)
    assert leaves(plans(desk, to))
    says(to, ConsentScope.MARKETING, ConsentState.REVOKED)
    assert not leaves(plans(desk, to))
    says(to, ConsentScope.MARKETING, ConsentState.GRANTED)
    says(to, ConsentScope.ALL, ConsentState.REVOKED)
    says(to, ConsentScope.ALL, ConsentState.GRANTED)
    after_start = plans(desk, to)
    assert not leaves(after_start), "START lifts STOP, and is no consent to marketing"
    assert after_start.reason_code == "no_consent"
    assert leaves(plans(desk, to, "transactional"))


@pytest.mark.parametrize(
    ("number", "asked", "opens", "purpose"),
    [
        # The clocks go forward on 28 March 2027: 8:00 in Berlin is 6:00 UTC from then on.
        ("+4915155501180", "2027-03-28T00:30", "2027-03-28T06:00", "transactional"),
        # Nepal is 5 h 45 ahead: 8:00 is 2:15 UTC.
        ("+9779841234567", "2027-03-02T01:00", "2027-03-02T02:15", "transactional"),
        # A number without a place may be anywhere from Newfoundland (18:30) to Guam (8:00).
        ("+18005550131", "2027-03-02T12:00", "2027-03-02T22:00", "transactional"),
        # Sundays begin at noon; a holiday (Presidents' Day) not at all.
        (PHONE, "2027-02-14T18:00", "2027-02-14T20:00", "marketing"),
        (PHONE, "2027-02-15T18:00", "2027-02-16T17:00", "marketing"),
    ],
)
def test_what_is_due_by_night_waits_for_their_morning(
    desk: Desk, number: str, asked: str, opens: str, purpose: str
) -> None:
    at(datetime.fromisoformat(asked).replace(tzinfo=UTC))
    to = someone(desk, "twilio", Channel.SMS, number)
    says(to, ConsentScope.MARKETING, ConsentState.GRANTED)
    command = plans(desk, to, purpose)
    assert not leaves(command)
    assert (command.state, command.reason_code) == (CommandState.WAITING, "quiet_hours")
    assert command.due_at == datetime.fromisoformat(opens).replace(tzinfo=UTC)
    at(command.due_at + timedelta(seconds=1))
    assert leaves(command)


def test_a_person_writes_at_any_hour(desk: Desk) -> None:
    at(datetime(2027, 3, 2, 11, 0, tzinfo=UTC))
    to = someone(desk, "twilio", Channel.SMS)
    thread = factories.thread(desk, connection=None, conversation_id="")
    thread.addresses.create(address=to, since=clock.now(), verified=True)
    message = factories.answers(desk.agent, thread, "The key is under the mat.")
    assert leaves(Command.objects.get(subject=f"message:{message.pk}"))


def test_three_a_day_are_enough(desk: Desk) -> None:
    at(NOON)
    to = someone(desk, "twilio", Channel.SMS)
    says(to, ConsentScope.MARKETING, ConsentState.GRANTED)
    first = clock.now()
    for hour in range(3):
        at(NOON + timedelta(hours=hour))
        command = plans(desk, to)
        assert leaves(command)
        Command.objects.filter(pk=command.pk).update(state=CommandState.CONFIRMED, settled_at=clock.now())
    fourth = plans(desk, to)
    assert not leaves(fourth)
    assert (fourth.state, fourth.reason_code) == (CommandState.WAITING, "daily_cap")
    assert abs(fourth.due_at - first - timedelta(hours=24)) < timedelta(minutes=1)
    assert leaves(plans(desk, to, "transactional"))
