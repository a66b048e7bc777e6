"""What moves the due date: one extension, and pauses."""

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from compliance.erasure.models.request import ErasureRequest


class Extension(models.Model):
    """Two further months, with reasons: Art. 12(3). In force once the person has been told."""

    request = models.OneToOneField(
        ErasureRequest, on_delete=models.PROTECT, primary_key=True, related_name="extension"
    )
    reasons = models.BinaryField(null=True, help_text="As told to the person, encrypted.")
    decided_at = models.DateTimeField(default=timezone.now)
    actor = models.CharField(max_length=60)
    notice = models.UUIDField(null=True, help_text="The message that tells the person.")
    in_force_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"extension of {self.request_id}"


class PauseKind(models.TextChoices):
    """What the controller waits for, and nothing else stops the clock."""

    IDENTITY = "identity", _("Information to confirm the identity: Art. 12(6)")
    CLARIFICATION = "clarification", _("Clarification of what is asked for")


class Pause(models.Model):
    """A time in which the clock stands. Local dates of the controller decide what it moves."""

    request = models.ForeignKey(ErasureRequest, on_delete=models.PROTECT, related_name="pauses")
    kind = models.CharField(max_length=13, choices=PauseKind.choices)
    started_on = models.DateField()
    ended_on = models.DateField(null=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["request"], condition=Q(ended_on=None), name="pause_open_once"
            ),
            models.CheckConstraint(
                condition=Q(ended_on=None) | Q(ended_on__gte=F("started_on")),
                name="pause_ends_after_it_begins",
            ),
        ]

    def __str__(self) -> str:
        return f"pause of {self.request_id} since {self.started_on}"
