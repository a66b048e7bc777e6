"""What the protocol adds to an erasure request."""

from django.db import models

from compliance.accounts.models import ApiClient
from compliance.erasure.models import ErasureRequest


class Regulation(models.TextChoices):
    """The law that the controller names. Every request is held to the clock of the GDPR."""

    GDPR = "gdpr", "GDPR"
    CCPA = "ccpa", "CCPA"  # 45 days there: our month is stricter


class OpenDsrRequest(models.Model):
    """The OpenDSR side of a request; its id is the `subject_request_id`.

    `body_digest` is a keyed digest of the body: what tells a call that is made again from another
    one under the same id. It stays when the request is answered and the person is forgotten. It
    says nothing without the key, which no dump of the database holds; with the key, a guess at the
    whole body could be checked, so it is cleared when the request's time to be kept is over.
    """

    request = models.OneToOneField(
        ErasureRequest, on_delete=models.PROTECT, primary_key=True, related_name="opendsr"
    )
    client = models.ForeignKey(ApiClient, on_delete=models.PROTECT, related_name="+")
    regulation = models.CharField(max_length=4, choices=Regulation.choices)
    body_digest = models.BinaryField(null=True, max_length=32)
    callback_urls = models.BinaryField(
        null=True, help_text="JSON, encrypted; cleared with the last callback."
    )

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"OpenDSR side of {self.request_id}"
