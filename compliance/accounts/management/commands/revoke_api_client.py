"""`manage.py revoke_api_client NAME`: its key stops working at once."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from compliance.accounts.models import ApiClient
from compliance.accounts.services import client_revoke


class Command(BaseCommand):
    help = "Revoke an API client: its keys stop working at once and for good."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="see `manage.py list_api_clients`")

    def handle(self, *, name: str, **options: Any) -> None:
        client = ApiClient.objects.filter(name=name).first()
        if client is None:
            raise CommandError(f"There is no API client {name!r}. See `list_api_clients`.")
        if client_revoke(client_id=client.pk):
            self.stdout.write(f"{name} is revoked.")
        else:
            self.stdout.write(f"{name} was revoked before.")
