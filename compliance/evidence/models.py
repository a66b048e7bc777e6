"""Issued certificates, as the exact bytes that were signed; and who took which report along."""

import uuid

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

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
    key_id = models.CharField(_("key id"), max_length=64)
    issued_at = models.DateTimeField(_("issued at"), default=timezone.now)

    class Meta:
        ordering = ["-issued_at"]
        verbose_name = _("certificate")
        verbose_name_plural = _("certificates")

    def __str__(self) -> str:
        return _("certificate %(number)s") % {"number": self.id}


class Report(models.TextChoices):
    """What can be reported on requests."""

    REQUESTS = "requests", _("List of requests")
    MONTHLY = "monthly", _("Monthly figures")


class ReportExport(models.Model):
    """That somebody took a report with them. Rows are only ever added."""

    report = models.CharField(_("report"), max_length=8, choices=Report.choices)
    format = models.CharField(_("format"), max_length=4, help_text="csv or json")
    first = models.CharField(_("first month"), max_length=7)
    last = models.CharField(_("last month"), max_length=7)
    actor = models.CharField(_("by"), max_length=60)
    at = models.DateTimeField(_("at"), default=timezone.now)

    class Meta:
        ordering = ["-pk"]
        verbose_name = _("export of a report")
        verbose_name_plural = _("exports of reports")

    def __str__(self) -> str:
        return f"{self.report} {self.first} to {self.last}"
