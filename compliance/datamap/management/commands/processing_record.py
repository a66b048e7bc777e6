"""`manage.py processing_record [--json]`: an extract for the record of processing (Art. 30)."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from compliance.datamap.processing import processing_record
from compliance.datamap.processing_page import processing_page


class Command(BaseCommand):
    help = (
        "Write an extract for the record of processing activities (Art. 30 GDPR): purposes, "
        "categories of data, recipients, time limits, security measures."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="JSON instead of Markdown")

    def handle(self, **options: Any) -> None:
        record = processing_record()
        if options["json"]:
            self.stdout.write(json.dumps(record, indent=2, ensure_ascii=False))
        else:
            self.stdout.write(processing_page(record))
