"""Copies of weights in other places: quarantine cannot reach them, so they are recorded."""

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from compliance.provenance.models import Checkpoint, Export, ExportKind, Release
from compliance.provenance.releases import live_release, serving_lock


class ExportError(Exception):
    """Nothing may be exported, or marked as gone. The message says why, and what to do."""


def export_add(
    *,
    release: Release,
    epoch: int,
    checkpoints: list[Checkpoint],
    kind: ExportKind,
    omega: list[float] | None,
    digest: str,
    path: str,
    by: str,
) -> Export:
    """Record an export of clean checkpoints that the live release serves.

    Call it in a transaction, and put the files in their place before that commits: an approval
    waits until then. Raises `ExportError` when the release was switched since the weights were
    read, or serves one of them no more.
    """
    serving_lock()
    clean = Checkpoint.objects.clean().filter(
        pk__in=[one.pk for one in checkpoints], releases=release
    )
    if live_release() != (release, epoch) or clean.count() != len(checkpoints):
        raise ExportError("The release was switched meanwhile. Try again.")
    export = Export.objects.create(
        release=release, kind=kind, omega=omega, digest=digest, path=path, exported_by=by
    )
    export.checkpoints.set(checkpoints)
    return export


def exports_out_of_service() -> "QuerySet[Export]":
    """Return the exports, not known to be gone, of weights that are out of service since.

    An erasure, a refresh or a new plan took them out; after the last two as well, no erasure
    could find any more what is in them.
    """
    out = Checkpoint.objects.filter(quarantined_at__isnull=False)
    return Export.objects.filter(gone_at=None, checkpoints__in=out).distinct()


@transaction.atomic
def export_mark_gone(number: int) -> Export:
    """Record that all copies of an export are destroyed, as the operator says."""
    export = Export.objects.select_for_update().filter(pk=number).first()
    if export is None:
        raise ExportError(f"There is no export {number}. `manage.py exports` lists them.")
    if export.gone_at is None:
        export.gone_at = timezone.now()
        export.save(update_fields=["gone_at"])
    return export
