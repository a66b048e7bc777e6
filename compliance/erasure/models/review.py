"""What reviewers leave with a request: previews that they saw, endorsements, comments."""

from django.contrib.postgres.functions import RandomUUID
from django.db import models
from django.utils import timezone

from compliance.erasure.models.request import ErasureRequest
from compliance.provenance.models import DIGEST_LENGTH


class Preview(models.Model):
    """The impact that somebody was shown: digests of its parts, to say what has changed since."""

    request = models.ForeignKey(ErasureRequest, on_delete=models.PROTECT, related_name="previews")
    digest = models.CharField(max_length=DIGEST_LENGTH)
    parts = models.JSONField(help_text="Keyed digest of each part.")
    shown_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["request", "digest"], name="preview_once"),
        ]

    def __str__(self) -> str:
        return f"preview of {self.request_id}"


class Endorsement(models.Model):
    """The first of two approvals, where two persons must approve: of just this impact and answer.

    `part` is what the second person is shown, until the decision.
    """

    request = models.ForeignKey(
        ErasureRequest, on_delete=models.PROTECT, related_name="endorsements"
    )
    digest = models.CharField(max_length=DIGEST_LENGTH)
    answer = models.CharField(
        max_length=64,
        blank=True,
        db_default="",
        help_text="Keyed digest of what the person is told why; empty where all was approved.",
    )
    part = models.BinaryField(
        null=True, help_text="The part, the article and the words, encrypted; null for all."
    )
    actor = models.CharField(max_length=60)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["request", "digest", "answer", "actor"], name="endorsement_once"
            ),
        ]

    def __str__(self) -> str:
        return f"endorsement of {self.request_id} by {self.actor}"


class Comment(models.Model):
    """A reviewer's note to colleagues. The person is not shown it here, but may ask for it.

    `number` comes from the form or the caller, so that a comment that is sent twice stands once.
    """

    request = models.ForeignKey(ErasureRequest, on_delete=models.PROTECT, related_name="comments")
    number = models.UUIDField(db_default=RandomUUID(), editable=False)
    text = models.BinaryField(null=True, help_text="Encrypted: it may name people.")
    actor = models.CharField(max_length=60)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["request", "number"], name="comment_once"),
        ]

    def __str__(self) -> str:
        return f"comment on {self.request_id}"
