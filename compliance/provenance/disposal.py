"""Destroy the weights that are out of service and that nothing clean shares."""

import shutil
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from compliance.provenance.artefacts import artefact_path
from compliance.provenance.models import Checkpoint, ErrorRow
from compliance.provenance.releases import serving_lock


def waste_exists() -> bool:
    """Tell whether weights wait to be destroyed."""
    return Checkpoint.objects.filter(quarantined_at__isnull=False, destroyed_at=None).exists()


@transaction.atomic
def artefacts_destroy_waste() -> int:
    """Remove from the store all that no clean checkpoint names; return how much that was.

    The errors of those weights go with them.

    That takes in what a worker wrote just before it was killed, known to no row. Weights are only
    written under the same lock, so nothing that is about to get its row is lost.
    """
    serving_lock()
    waste = Checkpoint.objects.filter(quarantined_at__isnull=False, destroyed_at=None)
    clean = Checkpoint.objects.clean().values_list("digest", flat=True).distinct()
    kept = {artefact_path(digest).name for digest in clean}
    store = Path(settings.ARTEFACTS_DIR)
    found = [path for path in store.iterdir() if path.name not in kept] if store.exists() else []
    for path in found:
        shutil.rmtree(path)
    ErrorRow.objects.exclude(weights__in=clean).delete()
    waste.update(destroyed_at=timezone.now())
    return len(found)
