"""The record of every step."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from compliance.erasure.models.request import ErasureRequest


class Step(models.TextChoices):
    """What happened to a request."""

    MOVED = "moved", _("State changed")
    EXTENSION_ASKED = "extension_asked", _("Extension decided; the person is being told")
    EXTENDED = "extended", _("Extension in force")
    EXTENSION_LATE = "extension_late", _("Extension told too late: not in force")
    PAUSED = "paused", _("Clock paused")
    UNPAUSED = "unpaused", _("Clock runs again")
    ASSIGNED = "assigned", _("Assigned")
    UNASSIGNED = "unassigned", _("Assigned to nobody")
    COMMENTED = "commented", _("Comment added")
    ENDORSED = "endorsed", _("Approved by the first of two")
    CODE_SENT = "code_sent", _("Code sent")
    CODES_USED_UP = "codes_used_up", _("Too many wrong codes")
    IDENTITY_SHOWN = "identity_shown", _("Identifier looked at")
    CASE_FILE_TAKEN = "case_file_taken", _("Case file exported")
    PERSON_TOLD = "person_told", _("The person was told otherwise than by mail")
    RESTRICTION_LIFTED = "restriction_lifted", _("Restriction lifted")


class ErasureEvent(models.Model):
    """One step of a request. Rows are only ever added; Postgres refuses anything else."""

    request = models.ForeignKey(ErasureRequest, on_delete=models.PROTECT, related_name="events")
    at = models.DateTimeField(default=timezone.now)
    step = models.CharField(max_length=20, choices=Step.choices, default=Step.MOVED)
    from_state = models.CharField(max_length=20, blank=True)
    to_state = models.CharField(max_length=20)
    actor = models.CharField(max_length=60, help_text="Kind and number, such as user:3.")
    note = models.CharField(max_length=200, blank=True, help_text="No personal data.")

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.from_state} to {self.to_state}"
