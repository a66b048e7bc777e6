"""`manage.py list_api_clients`: who may call the API, and what for."""

from datetime import datetime
from typing import Any, TextIO, cast

from django.core.management.base import BaseCommand
from django.utils import timezone
from rich.console import Console
from rich.table import Table
from rich.text import Text

from compliance.accounts.models import ApiClient


class Command(BaseCommand):
    help = "List the API clients. No key is shown: none is kept."

    def handle(self, **options: Any) -> None:
        table = Table("Name", "Scopes", "State", "Created", "Last used", "Old key")
        for client in ApiClient.objects.all():
            scopes = "\n".join(client.scopes)
            days = _day(client.created_at), _day(client.last_used_at), _old_key(client)
            table.add_row(Text(client.name), scopes, _state(client), *days)
        Console(file=cast(TextIO, self.stdout)).print(table)


def _state(client: ApiClient) -> str:
    if client.revoked_at:
        return f"revoked {_day(client.revoked_at)}"
    if client.expires_at is None:
        return "usable"
    word = "expires" if client.expires_at > timezone.now() else "expired"
    return f"{word} {_day(client.expires_at)}"


def _old_key(client: ApiClient) -> str:
    if client.former_ends_at is None or client.former_ends_at <= timezone.now():
        return ""
    return f"until {timezone.localtime(client.former_ends_at):%Y-%m-%d %H:%M}"


def _day(moment: datetime | None) -> str:
    return f"{timezone.localtime(moment):%Y-%m-%d}" if moment else "never"
