from django.apps import AppConfig


class InboxConfig(AppConfig):
    name = "inbox"

    def ready(self) -> None:
        from connectors import ports
        from inbox import handlers
        from inbox.services import (
            case,
            compare,
            export,
            mirror_report,
            sequence_messages,
            sequence_outcomes,
        )
        from reservations import ports as sequences

        handlers.register()
        ports.mirrored_messages.register(export.mirrored_messages)
        ports.mirror_report.register(mirror_report.of)
        ports.talks.register(compare.talks)
        ports.carried.register(compare.carried)
        ports.message_subject.register(case.subject)
        sequences.reach.register(sequence_messages.reach)
        sequences.send_automatic.register(sequence_messages.send)
        sequences.guest_wrote.register(sequence_messages.guest_wrote)
        sequences.outcome.register(sequence_outcomes.outcome)
        sequences.why_not.register(sequence_outcomes.why_not)
