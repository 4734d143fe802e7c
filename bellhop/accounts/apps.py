from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "bellhop.accounts"
    label = "accounts"
