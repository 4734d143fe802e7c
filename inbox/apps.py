from django.apps import AppConfig


class InboxConfig(AppConfig):
    name = "inbox"

    def ready(self) -> None:
        from connectors import ports
        from inbox import handlers
        from inbox.services import export

        handlers.register()
        ports.mirrored_messages.register(export.mirrored_messages)
