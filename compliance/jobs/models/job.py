"""What waits to be done in the background. The row is the truth; the broker only wakes workers."""

import uuid

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class Queue(models.TextChoices):
    """Jobs that need the same resource."""

    TRAIN = "train", _("Train")  # one process per GPU
    REPLAY = "replay", _("Replay")
    DEFAULT = "default", _("Default")
    NOTIFY = "notify", _("Notify")  # mails and webhooks; needs no model


class JobState(models.TextChoices):
    QUEUED = "queued", _("Queued")
    RUNNING = "running", _("Running")
    SUCCEEDED = "succeeded", _("Succeeded")
    FAILED = "failed", _("Failed")
    CANCELLED = "cancelled", _("Cancelled")


class Job(models.Model):
    """One piece of background work, identified by `kind` and the id of the row it is about.

    A worker holds a running job by a lease, which its heartbeat prolongs. Each claim raises
    `fencing_token`; whoever writes a result names the token it was given, so that a worker that
    lost its lease can change nothing any more.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    queue = models.CharField(_("queue"), max_length=16, choices=Queue.choices)
    kind = models.CharField(_("kind"), max_length=32)
    target = models.CharField(
        _("target"), max_length=40, help_text=_("Id of the row that the job is about.")
    )
    state = models.CharField(
        _("state"), max_length=16, choices=JobState.choices, default=JobState.QUEUED
    )
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    fencing_token = models.PositiveBigIntegerField(default=0)
    worker = models.CharField(_("worker"), max_length=120, blank=True)
    run_after = models.DateTimeField(_("run after"), default=timezone.now)
    lease_expires_at = models.DateTimeField(_("lease expires at"), null=True)
    heartbeat_at = models.DateTimeField(_("heartbeat at"), null=True)
    progress_done = models.PositiveIntegerField(default=0)
    progress_total = models.PositiveIntegerField(default=0)
    progress_note = models.CharField(max_length=120, blank=True)
    error = models.TextField(blank=True, help_text="Why the last attempt failed.")
    created_at = models.DateTimeField(_("created at"), default=timezone.now)
    started_at = models.DateTimeField(_("started at"), null=True)
    finished_at = models.DateTimeField(_("finished at"), null=True)

    class Meta:
        ordering = ["-created_at"]
        verbose_name = _("job")
        verbose_name_plural = _("jobs")
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "target"],
                condition=Q(state__in=["queued", "running"]),
                name="job_open_once",
            ),
            models.CheckConstraint(
                condition=~Q(state="running") | Q(lease_expires_at__isnull=False),
                name="job_running_has_lease",
            ),
        ]
        indexes = [
            models.Index(
                fields=["queue", "run_after", "created_at"],
                condition=Q(state="queued"),
                name="job_queued",
            ),
            models.Index(
                fields=["lease_expires_at"], condition=Q(state="running"), name="job_running"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.target}"
