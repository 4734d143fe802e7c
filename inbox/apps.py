from django.apps import AppConfig


class InboxConfig(AppConfig):
    name = "inbox"

    def ready(self) -> None:
        from connectors import ports
        from inbox import handlers
        from inbox.services import (
            attachments,
            case,
            compare,
            export,
            mirror_report,
            night_audit,
            request_panel,
            sequence_messages,
            sequence_outcomes,
        )
        from reservations import ports as stays

        handlers.register()
        ports.mirrored_messages.register(export.mirrored_messages)
        ports.mirror_report.register(mirror_report.of)
        ports.talks.register(compare.talks)
        ports.carried.register(compare.carried)
        ports.message_subject.register(case.subject)
        stays.reach.register(sequence_messages.reach)
        stays.reach_many.register(sequence_messages.reach_many)
        stays.said_elsewhere.register(sequence_messages.said_elsewhere)
        stays.last_wrote.register(sequence_messages.last_wrote)
        stays.send_automatic.register(sequence_messages.send)
        stays.guest_wrote.register(sequence_messages.guest_wrote)
        stays.message_of_stay.register(request_panel.message_of_stay)
        stays.files_of_message.register(attachments.lines_for_others)
        stays.outcome.register(sequence_outcomes.outcome)
        stays.why_not.register(sequence_outcomes.why_not)
        stays.audit_talk.register(night_audit.talk)
        stays.audit_said.register(night_audit.said)
