"""`manage.py rotate_api_client NAME [--overlap HOURS]`: a new key; the old one ends by itself."""

from argparse import ArgumentTypeError
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from compliance.accounts.models import ApiClient
from compliance.accounts.services import MOST_OVERLAP, ClientRefusedError, client_rotate

MOST_HOURS = MOST_OVERLAP // timedelta(hours=1)


class Command(BaseCommand):
    help = "Give an API client a new key and show it, this once. The old key ends by itself."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="see `manage.py list_api_clients`")
        parser.add_argument(
            "--overlap",
            type=_hours,
            default=24,
            metavar="HOURS",
            help="how long the old key opens besides (24); 0 ends it at once, as after a leak",
        )

    def handle(self, *, name: str, overlap: int, **options: Any) -> None:
        client = ApiClient.objects.filter(name=name).first()
        if client is None:
            raise CommandError(f"There is no API client {name!r}. See `list_api_clients`.")
        try:
            client, key = client_rotate(client_id=client.pk, overlap=timedelta(hours=overlap))
        except ClientRefusedError as error:
            raise CommandError(str(error)) from None
        self.stderr.write(_old_key(client))
        self.stderr.write("The key is shown this once and kept nowhere; store it now.")
        self.stdout.write(key)


def _old_key(client: ApiClient) -> str:
    if client.former_ends_at is None:
        return "The old key opens nothing any more."
    return f"The old key opens until {timezone.localtime(client.former_ends_at):%Y-%m-%d %H:%M %Z}."


def _hours(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) > MOST_HOURS:
        raise ArgumentTypeError(f"{text!r} is not a whole number of hours from 0 to {MOST_HOURS}")
    return int(text)
