"""Issued certificates, as the exact bytes that were signed."""

import uuid

from django.db import models
from django.utils import timezone

from compliance.erasure.models import ErasureRequest
from compliance.provenance.models import DIGEST_LENGTH


class Certificate(models.Model):
    """One signed statement about one request. Rows are only ever added."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    request = models.OneToOneField(
        ErasureRequest, on_delete=models.PROTECT, related_name="certificate"
    )
    envelope = models.BinaryField(help_text="DSSE envelope: the bytes as issued.")
    digest = models.CharField(max_length=DIGEST_LENGTH, unique=True)
    key_id = models.CharField(max_length=64)
    issued_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-issued_at"]

    def __str__(self) -> str:
        return f"certificate {self.id}"
