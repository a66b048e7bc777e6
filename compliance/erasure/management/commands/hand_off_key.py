"""`manage.py hand_off_key`: print the key with which the controller's system makes links."""

from typing import Any

from django.core.management.base import BaseCommand

from compliance.erasure.handing_off import hand_off_key


class Command(BaseCommand):
    help = "Print the key that signs links from your logged-in page: docs/integrate.md."
    requires_system_checks: list[str] = []

    def handle(self, **options: Any) -> None:
        self.stderr.write(
            "Whoever has this key can ask for erasure in the name of anybody. Put it where your "
            "shop's server keeps its secrets, and nowhere else: no page, no app, no repository."
        )
        self.stdout.write(hand_off_key())
