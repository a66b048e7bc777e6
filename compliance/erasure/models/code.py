"""Codes that show who reads a mailbox."""

from django.db import models
from django.utils import timezone

from compliance.erasure.models.request import ErasureRequest


class IdentityCode(models.Model):
    """The newest code sent for a request. Only a keyed digest of it is kept."""

    request = models.OneToOneField(
        ErasureRequest, on_delete=models.PROTECT, primary_key=True, related_name="code"
    )
    digest = models.BinaryField(max_length=32)
    expires_at = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0, help_text="At this code.")
    sent = models.PositiveSmallIntegerField(default=1, help_text="Codes sent for the request.")
    sent_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"code for {self.request_id}"
