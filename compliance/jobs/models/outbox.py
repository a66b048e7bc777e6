"""What leaves the house: a row in the transaction that decides it, sent after the commit."""

import uuid

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from compliance.jobs.models.endpoint import Endpoint


class MessageKind(models.TextChoices):
    MAIL = "mail", _("Mail")
    WEBHOOK = "webhook", _("Webhook")


class MessageState(models.TextChoices):
    QUEUED = "queued", _("Queued")
    DELIVERED = "delivered", _("Delivered")
    DEAD = "dead", _("Dead letter")  # given up after the last attempt; a person can send it again
    CANCELLED = "cancelled", _("Cancelled")


class OutboxMessage(models.Model):
    """A mail or a webhook call. What it says, and to whom, is encrypted and goes on delivery."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(_("kind"), max_length=8, choices=MessageKind.choices)
    topic = models.CharField(_("topic"), max_length=40, help_text="Such as erasure.denied.")
    about = models.UUIDField(_("about"), db_index=True, help_text="Id of the request.")
    endpoint = models.ForeignKey(Endpoint, on_delete=models.PROTECT, null=True)
    payload = models.BinaryField(null=True, editable=False, help_text="Encrypted.")
    state = models.CharField(
        _("state"), max_length=9, choices=MessageState.choices, default=MessageState.QUEUED
    )
    tries = models.PositiveSmallIntegerField(
        _("tries"), default=0, help_text="Since it was queued, or last sent again by a person."
    )
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    delivered_at = models.DateTimeField(_("delivered"), null=True, editable=False)

    class Meta:
        ordering = ["-created_at"]
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        constraints = [
            models.CheckConstraint(
                condition=~Q(state="delivered") | Q(payload=None, delivered_at__isnull=False),
                name="message_delivered_holds_no_payload",
            ),
            models.CheckConstraint(
                condition=~Q(state="queued") | Q(payload__isnull=False),
                name="message_queued_has_payload",
            ),
        ]
        indexes = [
            models.Index(fields=["state", "-created_at"], name="message_by_state"),
        ]

    def __str__(self) -> str:
        return f"{self.topic} {self.id}"


class Outcome(models.TextChoices):
    """How an attempt ended. None of the words says to whom."""

    DELIVERED = "delivered", _("Delivered")
    ANSWERED = "answered", _("Answered with an error")
    ADDRESS = "address", _("Address refused")  # ours: private, not https, no such name
    REJECTED = "rejected", _("Recipient rejected by the mail server")
    UNREACHABLE = "unreachable", _("No connection")
    TLS = "tls", _("No trusted connection")
    TIMEOUT = "timeout", _("Too slow")
    UNREADABLE = "unreadable", _("Encrypted with another key")
    CRASHED = "crashed", _("The worker stopped without a word")
    SWITCHED_OFF = "switched_off", _("Endpoint switched off")
    FAILED = "failed", _("Failed otherwise")


class DeliveryAttempt(models.Model):
    """One try to deliver a message. Rows are only ever added: they are the evidence."""

    message = models.ForeignKey(OutboxMessage, on_delete=models.PROTECT, related_name="attempts")
    at = models.DateTimeField(_("at"), default=timezone.now)
    outcome = models.CharField(_("outcome"), max_length=12, choices=Outcome.choices)
    status = models.PositiveSmallIntegerField(
        _("status"), null=True, help_text="What the web or mail server answered."
    )

    class Meta:
        ordering = ["pk"]
        verbose_name = _("attempt")
        verbose_name_plural = _("attempts")

    def __str__(self) -> str:
        return f"{self.outcome} at {self.at:%Y-%m-%d %H:%M}"
