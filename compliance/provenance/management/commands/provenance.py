"""`manage.py provenance SUBJECT`: what learned from a subject's records."""

import json
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.serializers.json import DjangoJSONEncoder

from compliance.provenance.report import report
from compliance.provenance.selectors import (
    SubjectProvenance,
    UnknownSubjectError,
    subject_provenance,
)


class Command(BaseCommand):
    help = (
        "Print which shard, slice, prompts and adapters learned from a subject's records. "
        "What it prints is personal data."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("subject", metavar="SUBJECT", help="the subject's external id")
        parser.add_argument("--json", action="store_true", help="all of it, as JSON")
        parser.add_argument(
            "--records", action="store_true", help="list all records, not the first and last few"
        )

    def handle(self, *args: Any, subject: str, **options: Any) -> None:
        try:
            found = subject_provenance(subject)
        except UnknownSubjectError as error:
            raise CommandError(
                f"{error} Check it: upper and lower case differ, and an erased subject is unknown."
            ) from None
        if options["json"]:
            self.stdout.write(_as_json(found))
        else:
            self.stdout.write(report(found, all_records=options["records"]))


def _as_json(found: SubjectProvenance) -> str:
    values = asdict(found) | {"unplaced": found.unplaced}
    return json.dumps(values, cls=DjangoJSONEncoder, indent=2, ensure_ascii=False)
