"""What an event looks like on a housekeeping board: the cards of the units that it is about, of today and tomorrow."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from bellhop.core import clock
from bellhop.core.models import LiveEvent
from inbox.live.audience import Audience
from reservations.board import reading
from reservations.board.cards import Card
from reservations.views import board_cards


def render(audiences: Sequence[Audience], events: Sequence[LiveEvent]) -> dict[Any, dict[str, Any]]:
    """audience → what to tell it: events in order, and cards by unit, of today and of tomorrow. A card is rendered once
    per language."""
    unit_ids = {
        event.subject_id for event in events if event.topic == "board" and event.subject_id is not None
    }
    if not audiences:
        return {}
    cards = reading.of_units(unit_ids, clock.now()) if unit_ids else []
    return {audience: _for(audience, events, cards) for audience in audiences}


def _for(audience: Audience, events: Sequence[LiveEvent], cards: Iterable[Card]) -> dict[str, Any]:
    visible = [event for event in events if audience.may_see(event)]
    if not visible:
        return {}
    wanted = {event.subject_id for event in visible}
    html: dict[str, dict[str, str]] = {}
    for card in cards:
        if card.unit_id in wanted:
            drawn = board_cards.html(card, audience.language)
            html.setdefault(card.public_id, {})["today" if card.is_today else "tomorrow"] = drawn
    return {"events": [{"topic": event.topic, **event.data} for event in visible], "cards": html}
