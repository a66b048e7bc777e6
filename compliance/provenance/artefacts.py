"""The artefact store: adapter weights in files, found by the digest of their tensors."""

import re
from pathlib import Path

from django.conf import settings


def artefact_path(digest: str) -> Path:
    """Return the folder of an adapter's PEFT checkpoint. Raise `ValueError` for no digest."""
    if not re.fullmatch(r"sha256:[0-9a-f]{64}", digest):
        raise ValueError(f"{digest!r} is no digest: expected 'sha256:' and 64 hexadecimal digits.")
    return Path(settings.ARTEFACTS_DIR) / digest.removeprefix("sha256:")
