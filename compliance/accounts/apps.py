from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    name = "compliance.accounts"
    verbose_name = _("Accounts")

    def ready(self) -> None:
        from compliance.accounts.roles import roles_sync

        # Connected after Django's own handler, which makes the permissions.
        post_migrate.connect(roles_sync, dispatch_uid="compliance.accounts.roles")
