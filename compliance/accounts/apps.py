from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "compliance.accounts"
    verbose_name = "Accounts"
