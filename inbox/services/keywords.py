"""STOP, START and HELP, at once and before anything else that is due (consent.md §2)."""

from __future__ import annotations

from django.utils import translation
from django.utils.translation import gettext as _

from connectors.contract.consent_words import keyword_in, probably_stop
from connectors.contract.direct import Channel, DirectMessageRecord, Keyword
from connectors.contract.registry import channel_class
from connectors.events import Source
from inbox.models import Message, Thread
from inbox.services import automatic, threads
from reservations.models import ChannelAddress, ConsentScope, ConsentSource, ConsentState
from reservations.services import consent
from reservations.services.consent import Statement


def asked(record: DirectMessageRecord) -> Keyword:
    """What the message asks: the provider's word first, then ours."""
    if record.automatic or record.channel == Channel.WEBCHAT:
        return Keyword.NONE  # nothing leaves there by itself: a "yes" or "stop" is for people to read
    return record.keyword if record.keyword != Keyword.NONE else keyword_in(record.body_text).keyword


def follow(source: Source, thread: Thread, message: Message, record: DirectMessageRecord) -> bool:
    """Keep what the message asks and answer it where the provider doesn't. True where it was nothing but a keyword that
    needs no answer from a person."""
    assert message.address is not None
    asks, said = asked(record), keyword_in(record.body_text)
    if asks == Keyword.NONE:
        by_people = not record.automatic and record.channel != Channel.WEBCHAT
        if by_people and probably_stop(record.body_text):
            _suspect(message)
            threads.log_event(thread, "maybe_stop", None, message=message.public_id)
        return False
    before = consent.standing(message.organization_id, message.channel, message.address.address)
    if asks in {Keyword.STOP, Keyword.START}:
        granted = asks == Keyword.START
        state = ConsentState.GRANTED if granted else ConsentState.REVOKED
        _keep(message, state, said.language, {"words": message.body[:200]})
    if said.may_mean_booking:
        threads.log_event(thread, "may_mean_booking", None, message=message.public_id)
    answered = record.handled or channel_class(source.connection.slug).confirms_stop
    if not source.history and not answered:
        _answer(
            thread, message.address, asks, said.language or thread.language, again=before.stopped is not None
        )
    return asks != Keyword.HELP and not said.may_mean_booking


def _keep(message: Message, state: ConsentState, language: str, proof: dict[str, object]) -> None:
    assert message.address is not None
    consent.record(
        message.organization_id,
        Statement(
            channel=message.channel,
            address=message.address.address,
            scope=ConsentScope.ALL,
            state=state,
            source=ConsentSource.KEYWORD,
            at=message.sent_at,
            language=language,
            proof=proof,
            message_id=message.pk,
            remote_id=message.remote_id,
        ),
    )


def _suspect(message: Message) -> None:
    """It may ask us to stop: nothing automatic goes there until a person has looked."""
    _keep(message, ConsentState.DENIED, "", {"suspected": True, "words": message.body[:200]})


def _answer(thread: Thread, address: ChannelAddress, asks: Keyword, language: str, *, again: bool) -> None:
    """One answer, nothing promotional (47 CFR 64.1200(a)(12)); a second STOP gets none."""
    if asks == Keyword.STOP and again:
        return
    with translation.override(language or None):
        text = _words(thread.organization.name, asks)
    automatic.send(thread, address, text, purpose="consent")


def _words(business: str, asks: Keyword) -> str:
    if asks == Keyword.STOP:
        return _(
            "%(business)s: You will get no more automatic messages here. Reply START to get them again."
        ) % {"business": business}
    if asks == Keyword.START:
        return _(
            "%(business)s: You will get messages about your stay here again. Reply STOP to end them."
        ) % {"business": business}
    return _(
        "%(business)s: Write to us here at any time and a person answers. Reply STOP to end automatic messages. "
        "Message and data rates may apply."
    ) % {"business": business}
