from django.apps import AppConfig


class InboxConfig(AppConfig):
    name = "inbox"

    def ready(self) -> None:
        from connectors import ports
        from inbox import handlers
        from inbox.services import export, mirror_report

        handlers.register()
        ports.mirrored_messages.register(export.mirrored_messages)
        ports.mirror_report.register(mirror_report.of)
