from django.apps import AppConfig


class DataMapConfig(AppConfig):
    name = "compliance.datamap"
    verbose_name = "Map of personal data"
