"""What this app listens to: a bare list of event → function."""

from __future__ import annotations

from bellhop.core.events import subscribe
from bellhop.core.incidents import IncidentClosed, IncidentOpened
from connectors.events import (
    CommandEchoed,
    CommandMoved,
    ConnectionChanged,
    ConnectionDown,
    ConnectionRecovered,
    ConversationTold,
    DirectMessageChanged,
    DirectMessageReceived,
    HistoryReceived,
    MessageReceived,
    NoteReceived,
)
from inbox.services import (
    adopting,
    around,
    connection_state,
    consent_lines,
    conversations,
    direct,
    later,
    receipts,
    receive,
    request_lines,
    survey_answers,
)
from inbox.services.chat import portal, widgets
from reservations.events import (
    ConsentChanged,
    ContactPointsAdded,
    GuestChanged,
    RequestChanged,
    ScheduleChanged,
    StayChanged,
    SurveyAnswered,
    UnitChanged,
    WorkOrderChanged,
    WorkOrdered,
)


def register() -> None:
    subscribe(ConversationTold, conversations.on_conversation)
    subscribe(MessageReceived, receive.on_message)
    subscribe(HistoryReceived, receive.on_history)
    subscribe(NoteReceived, receive.on_note)
    subscribe(DirectMessageReceived, direct.on_message)
    subscribe(DirectMessageChanged, direct.on_changed)
    subscribe(StayChanged, later.on_stay)
    subscribe(StayChanged, conversations.on_stay)
    subscribe(StayChanged, adopting.on_stay)
    subscribe(StayChanged, portal.on_stay)
    subscribe(ContactPointsAdded, adopting.on_points)
    subscribe(ConsentChanged, consent_lines.on_consent)
    subscribe(GuestChanged, conversations.on_guest)
    subscribe(WorkOrderChanged, around.on_work_order)
    subscribe(UnitChanged, around.on_unit)
    subscribe(SurveyAnswered, survey_answers.on_answer)
    subscribe(WorkOrdered, around.on_ordered)
    subscribe(ScheduleChanged, around.on_schedule)
    subscribe(RequestChanged, request_lines.on_request)
    subscribe(CommandMoved, receipts.on_command)
    subscribe(CommandEchoed, receipts.on_echo)
    subscribe(ConnectionDown, connection_state.on_change)
    subscribe(ConnectionRecovered, connection_state.on_change)
    subscribe(ConnectionChanged, connection_state.on_change)
    subscribe(ConnectionChanged, widgets.on_connection)
    subscribe(IncidentOpened, connection_state.on_incident)
    subscribe(IncidentClosed, connection_state.on_incident_over)
