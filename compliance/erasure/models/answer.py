"""What was refused, and why."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from compliance.erasure.models.request import ErasureRequest


class Refusal(models.TextChoices):
    """Why records need not be erased, or not for this person: the GDPR's own reasons."""

    EXPRESSION = "17(3)(a)", _("17(3)(a) freedom of expression and information")
    LEGAL_OBLIGATION = "17(3)(b)", _("17(3)(b) legal obligation or public task")
    PUBLIC_HEALTH = "17(3)(c)", _("17(3)(c) public health")
    ARCHIVING = "17(3)(d)", _("17(3)(d) archiving, research or statistics")
    LEGAL_CLAIMS = "17(3)(e)", _("17(3)(e) legal claims")
    EXCESSIVE = "12(5)", _("12(5) manifestly unfounded or excessive")
    NOT_IDENTIFIABLE = "11(2)", _("11(2), 12(6) the person cannot be identified")
    NO_MATCH = "no-match", _("No personal data of the person is held")


class Answer(models.Model):
    """The refusal of a request or of a part of it: Art. 12(4). The person can read it."""

    request = models.OneToOneField(
        ErasureRequest, on_delete=models.PROTECT, primary_key=True, related_name="answer"
    )
    article = models.CharField(max_length=8, choices=Refusal.choices)
    text = models.BinaryField(null=True, help_text="As told to the person, encrypted.")
    written_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"answer to {self.request_id}"
