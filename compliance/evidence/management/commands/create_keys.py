"""`manage.py create_keys`: make the keys that are missing; those that stand are left alone."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from compliance import keyring
from compliance.evidence import keys


class Command(BaseCommand):
    help = "Make the missing keys: the secrets, and the key pair that signs certificates."
    requires_system_checks: list[str] = []

    def handle(self, **options: Any) -> None:
        for key in keyring.Key:
            self._tell(str(keyring.key_path(key)), keyring.create(key))
        folder = Path(settings.KEYS_DIR)
        fresh = not (folder / keys.PRIVATE_NAME).exists()
        if fresh:
            keys.generate(folder)
        self._tell(str(folder / keys.PRIVATE_NAME), fresh)
        self.stdout.write("Back up these files apart from the database; no dump of it holds them.")

    def _tell(self, path: str, fresh: bool) -> None:
        self.stdout.write(f"{'made' if fresh else 'kept'}  {path}")
