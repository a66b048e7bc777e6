"""One step for many requests."""

import uuid

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from compliance.erasure.models.request import ErasureRequest
from compliance.provenance.models import DIGEST_LENGTH

MAX_ITEMS = 10_000


class BatchAction(models.TextChoices):
    """What is done with each request. To vouch for an identity is a matter of each person."""

    ASSIGN = "assign", _("Assign")
    APPROVE = "approve", _("Approve")
    DENY = "deny", _("Deny")
    EXTEND = "extend", _("Extend")
    PAUSE = "pause", _("Pause the clock")
    UNPAUSE = "unpause", _("Let the clock run")
    CANCEL = "cancel", _("Cancel")
    RESUME = "resume", _("Resume")


class BatchState(models.TextChoices):
    """Nothing is done with any request before each was looked at and the batch was started."""

    DRAFT = "draft", _("Draft")  # the admin asks for the reasons first
    PREVIEWING = "previewing", _("Looking at each")
    READY = "ready", _("Ready")  # what would be done, and what refused, can be read
    RUNNING = "running", _("Running")
    DONE = "done", _("Done")


class Batch(models.Model):
    """One step for many requests, chosen once: a worker does it, each in a transaction of its own.

    `values` are what the step takes: reasons, or the assignee. They stand before each request is
    looked at, encrypted, and are cleared when it is done. `content_digest` tells the call that is
    made again from another one under the same id.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    action = models.CharField(max_length=10, choices=BatchAction.choices)
    state = models.CharField(
        max_length=10, choices=BatchState.choices, default=BatchState.DRAFT.value
    )
    actor = models.CharField(max_length=60, help_text="Who chose them: user:3 or client:1.")
    language = models.CharField(max_length=5, blank=True, help_text="Of the results' words.")
    values = models.BinaryField(null=True, help_text="Reasons or assignee, encrypted.")
    content_digest = models.BinaryField(null=True, max_length=32, help_text="Of a call; keyed.")
    created_at = models.DateTimeField(default=timezone.now)
    done_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"batch {self.id}"


class ItemResult(models.TextChoices):
    """What became of one request of a batch."""

    WAITING = "waiting", _("Waits")
    POSSIBLE = "possible", _("Can be done")  # it was looked at, and waits for the start
    DONE = "done", _("Done")
    REFUSED = "refused", _("Refused")
    FAILED = "failed", _("Failed")


class BatchItem(models.Model):
    """One request of a batch, what was previewed of it, and what became of it."""

    batch = models.ForeignKey(Batch, on_delete=models.CASCADE, related_name="items")
    request = models.ForeignKey(ErasureRequest, on_delete=models.CASCADE, related_name="+")
    digest = models.CharField(max_length=DIGEST_LENGTH, blank=True, help_text="Of the preview.")
    records = models.PositiveIntegerField(default=0)
    prompts = models.PositiveIntegerField(default=0)
    shard = models.PositiveSmallIntegerField(null=True)
    minutes = models.FloatField(null=True)
    result = models.CharField(
        max_length=8, choices=ItemResult.choices, default=ItemResult.WAITING.value
    )
    code = models.CharField(max_length=20, blank=True, help_text="Kind of refusal or failure.")
    message = models.CharField(max_length=400, blank=True, help_text="No personal data.")
    done_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["batch", "request"], name="batch_item_once"),
        ]
        indexes = [models.Index(fields=["batch", "result", "id"], name="batch_item_result")]

    def __str__(self) -> str:
        return f"{self.request_id} of {self.batch_id}"
