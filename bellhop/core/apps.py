from django.apps import AppConfig


class CoreConfig(AppConfig):
    name = "bellhop.core"
    label = "core"
