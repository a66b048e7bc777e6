"""What a request touched in the model."""

from django.db import models

from compliance.erasure.models.request import ErasureRequest
from compliance.provenance.models import DIGEST_LENGTH, Adapter, Plan


class TouchedShard(models.Model):
    """A shard that the request changed, and what became of it.

    Its adapter learned from the request's records or, where `removed` is empty, the subject moved
    there with the records that are left.
    """

    request = models.ForeignKey(ErasureRequest, on_delete=models.CASCADE, related_name="touched")
    plan = models.ForeignKey(Plan, on_delete=models.PROTECT)
    shard = models.PositiveSmallIntegerField()
    first_slice = models.PositiveSmallIntegerField()
    generation = models.PositiveIntegerField(
        help_text="The first generation that has not seen the records."
    )
    adapter_before = models.CharField(max_length=DIGEST_LENGTH, blank=True)
    manifest_before = models.JSONField()
    removed = models.BinaryField(
        help_text="Keyed commitments of the removed records, 32 bytes each."
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["request", "plan", "shard"], name="touched_shard_once"),
        ]

    def __str__(self) -> str:
        return f"shard {self.shard} of {self.request}"

    def successor(self) -> Adapter | None:
        """Return the newest generation that has not seen the records."""
        return (
            self.plan.adapters.filter(shard=self.shard, generation__gte=self.generation)
            .order_by("-generation")
            .first()
        )

    def removed_commitments(self) -> list[str]:
        """Return the removed records' commitments in hexadecimal."""
        data = bytes(self.removed)
        return [data[start : start + 32].hex() for start in range(0, len(data), 32)]
