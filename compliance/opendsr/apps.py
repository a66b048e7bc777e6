from django.apps import AppConfig


class OpenDsrConfig(AppConfig):
    name = "compliance.opendsr"
    verbose_name = "OpenDSR"

    def ready(self) -> None:
        from compliance.erasure.signals import request_moved
        from compliance.opendsr.callbacks import callbacks_send

        request_moved.connect(callbacks_send, dispatch_uid="compliance.opendsr.callbacks")
