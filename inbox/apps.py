from django.apps import AppConfig


class InboxConfig(AppConfig):
    name = "inbox"

    def ready(self) -> None:
        from connectors import ports
        from inbox import handlers
        from inbox.services import case, compare, export, mirror_report

        handlers.register()
        ports.mirrored_messages.register(export.mirrored_messages)
        ports.mirror_report.register(mirror_report.of)
        ports.talks.register(compare.talks)
        ports.carried.register(compare.carried)
        ports.message_subject.register(case.subject)
