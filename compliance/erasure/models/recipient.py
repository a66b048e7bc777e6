"""Those to whom personal data was disclosed, who must be told of its erasure: Art. 19."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from compliance.erasure.models.request import ErasureRequest
from compliance.jobs.models import Endpoint, OutboxMessage
from compliance.records.models import Language


class Recipient(models.Model):
    """Somebody whom the controller has given records. It is told by webhook or by mail."""

    name = models.CharField(_("name"), max_length=100, unique=True)
    endpoint = models.ForeignKey(
        Endpoint, on_delete=models.PROTECT, null=True, blank=True, verbose_name=_("endpoint")
    )
    mail = models.BinaryField(null=True, editable=False, help_text="Address, encrypted.")
    language = models.CharField(
        _("language"),
        max_length=2,
        choices=[("", _("The language of this installation")), *Language.choices],
        blank=True,
        default="",
        db_default="",
        help_text=_("Of the mails. Webhooks have no words."),
    )
    is_active = models.BooleanField(
        _("active"), default=True, help_text=_("It is told of each erasure from now on.")
    )

    class Meta:
        ordering = ["name"]
        verbose_name = _("recipient")
        verbose_name_plural = _("recipients")
        constraints = [
            models.CheckConstraint(
                condition=Q(endpoint=None, mail__isnull=False)
                | Q(endpoint__isnull=False, mail=None),
                name="recipient_is_told_one_way",
            ),
            models.CheckConstraint(
                condition=Q(language__in=["", *Language.values]), name="recipient_language_is_known"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class RecipientNotice(models.Model):
    """That a recipient is told of a request's erasure. How it went are the message's attempts."""

    request = models.ForeignKey(
        ErasureRequest, on_delete=models.PROTECT, related_name="recipient_notices"
    )
    recipient = models.ForeignKey(Recipient, on_delete=models.PROTECT, related_name="notices")
    message = models.OneToOneField(OutboxMessage, on_delete=models.PROTECT, related_name="notice")

    class Meta:
        ordering = ["pk"]
        verbose_name = _("notice to a recipient")
        verbose_name_plural = _("notices to recipients")
        constraints = [
            models.UniqueConstraint(fields=["request", "recipient"], name="recipient_told_once"),
        ]

    def __str__(self) -> str:
        return f"{self.recipient} about {self.request_id}"
