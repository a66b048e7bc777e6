"""`manage.py create_api_client NAME --scope SCOPE`: make a key and show it once."""

from argparse import ArgumentTypeError, RawDescriptionHelpFormatter
from datetime import date, datetime, time, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from compliance.accounts.models import ApiClient
from compliance.accounts.scopes import Scope
from compliance.accounts.services import client_create

SCOPES = "\n".join(f"  {scope.value:24} {scope.label}" for scope in Scope)


class Command(BaseCommand):
    help = f"Make an API client and show its key, this once.\n\nScopes:\n{SCOPES}"

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        kwargs["formatter_class"] = RawDescriptionHelpFormatter
        return super().create_parser(prog_name, subcommand, **kwargs)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", type=_name, help="what the client is called")
        parser.add_argument(
            "--scope",
            dest="scopes",
            action="append",
            type=_scope,
            required=True,
            help="what it may do; can be given again",
        )
        parser.add_argument(
            "--expires", type=_day, metavar="YYYY-MM-DD", help="last day on which the key works"
        )

    def handle(
        self, *, name: str, scopes: list[Scope], expires: date | None, **options: Any
    ) -> None:
        if ApiClient.objects.filter(name=name).exists():
            raise CommandError(f"There is an API client {name!r} already; choose another name.")
        _, key = client_create(name=name, scopes=scopes, expires_at=_end_of(expires))
        self.stderr.write("The key is shown this once and kept nowhere; store it now.")
        self.stdout.write(key)


def _name(text: str) -> str:
    if not text.strip() or len(text) > 100 or not text.isprintable():
        raise ArgumentTypeError("a name has 1 to 100 printable characters")
    return text


def _scope(text: str) -> Scope:
    try:
        return Scope(text)
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is no scope. There are:\n{SCOPES}") from None


def _day(text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is not a date such as 2027-12-31") from None
    if not timezone.localdate() <= day < date.max:
        raise ArgumentTypeError(f"{text} has passed, or never comes")
    return day


def _end_of(day: date | None) -> datetime | None:
    """Return the first moment after `day` in the controller's time zone."""
    if day is None:
        return None
    return timezone.make_aware(datetime.combine(day + timedelta(days=1), time.min))
