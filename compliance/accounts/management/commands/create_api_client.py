"""`manage.py create_api_client NAME --scope SCOPE`: make a key and show it once."""

from argparse import ArgumentTypeError, RawDescriptionHelpFormatter
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from compliance.accounts.days import end_of
from compliance.accounts.models import MOST_CALLS
from compliance.accounts.scopes import Scope
from compliance.accounts.services import ClientRefusedError, client_create

SCOPES = "\n".join(f"  {scope.value:26} {scope.label}" for scope in Scope)


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

        parser.add_argument(
            "--calls-per-minute", type=_count, metavar="N", help="a limit of its own; see the docs"
        )

    def handle(
        self,
        *,
        name: str,
        scopes: list[Scope],
        expires: date | None,
        calls_per_minute: int | None,
        **options: Any,
    ) -> None:
        try:
            _, key = client_create(
                name=name,
                scopes=scopes,
                expires_at=end_of(expires),
                calls_per_minute=calls_per_minute,
            )
        except ClientRefusedError as error:
            raise CommandError(str(error)) from None
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


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= MOST_CALLS:
        raise ArgumentTypeError(f"{text!r} is not a whole number from 1 to {MOST_CALLS}")
    return int(text)
