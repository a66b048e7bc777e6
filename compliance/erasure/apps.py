from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ErasureConfig(AppConfig):
    name = "compliance.erasure"
    verbose_name = _("Erasure")

    def ready(self) -> None:
        from compliance.erasure import hearing

        hearing.connect()
