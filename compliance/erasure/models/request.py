"""Erasure requests: from receipt to answer."""

import uuid
from datetime import date, datetime, timedelta

from django.conf import settings
from django.db import models
from django.db.models import Case, F, Q, Value, When
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from compliance.erasure.clock import days_left
from compliance.erasure.states import ERASED_STATES, FINAL_STATES, UNERASED_STATES, State
from compliance.provenance.models import DIGEST_LENGTH
from compliance.records.models import Restriction

STATE_LABELS = {
    State.RECEIVED: _("Received"),
    State.AWAITING_IDENTITY: _("Awaiting identity"),
    State.IN_REVIEW: _("In review"),
    State.APPROVED: _("Approved"),
    State.RETRAINING: _("Retraining"),
    State.VERIFYING: _("Verifying"),
    State.COMPLETED: _("Completed"),
    State.DENIED: _("Denied"),
    State.CANCELLED: _("Cancelled"),
    State.EXPIRED: _("Expired"),
    State.FAILED: _("Failed"),
}
# Clocks that run, by due date; then those that are paused, which are never overdue; then the ended.
URGENCY = Case(
    When(state__in=sorted(FINAL_STATES), then=Value(2)),
    When(paused_on__isnull=False, then=Value(1)),
    default=Value(0),
)


class Channel(models.TextChoices):
    """How a request came in."""

    API = "api", _("API")
    ADMIN = "admin", _("Admin")
    PORTAL = "portal", _("Portal")
    OPENDSR = "opendsr", "OpenDSR"


class IdentityMethod(models.TextChoices):
    """What has shown that the subject itself asks."""

    ASSERTED = "asserted", _("Vouched for by the controller's system")
    CODE = "code", _("Code sent to the address that the controller supplied")
    HAND_OFF = "hand_off", _("Link from the controller's logged-in page")
    REVIEWER = "reviewer", _("Checked by a reviewer")


class Outcome(models.TextChoices):
    """How much of what was asked for has been erased."""

    FULL = "full", _("All that was asked for")
    PARTIAL = "partial", _("A part; the rest was refused")


class Ground(models.TextChoices):
    """Why the controller must erase: GDPR Art. 17(1)."""

    NOT_NECESSARY = "17(1)(a)", _("17(1)(a) no longer necessary")
    CONSENT_WITHDRAWN = "17(1)(b)", _("17(1)(b) consent withdrawn")
    OBJECTION = "17(1)(c)", _("17(1)(c) objection")
    UNLAWFUL = "17(1)(d)", _("17(1)(d) unlawful processing")
    LEGAL_OBLIGATION = "17(1)(e)", _("17(1)(e) legal obligation")
    CHILD = "17(1)(f)", _("17(1)(f) collected from a child")


class ScopeKind(models.TextChoices):
    """What of the subject's records must go; which ones exactly is personal."""

    EVERYTHING = "everything", _("All records of the subject")
    ITEMS = "items", _("The subject's records of certain items")
    PERIOD = "period", _("The subject's records of a period")
    RECORDS = "records", _("Certain records of the subject")


class ErasureRequestQuerySet(models.QuerySet["ErasureRequest"]):
    def open(self) -> "ErasureRequestQuerySet":
        """Requests that have not been answered."""
        return self.exclude(state__in=FINAL_STATES)

    def overdue(self, today: date) -> "ErasureRequestQuerySet":
        """Open requests whose due date has passed; time does not pass while a clock is paused."""
        late = Q(paused_on=None, due_on__lt=today) | Q(paused_on__gt=F("due_on"))
        return self.open().filter(late)

    def untold(self) -> "ErasureRequestQuerySet":
        """Ended without an erasure, and restricted: the person has not been told, Art. 18(3)."""
        restricted = Restriction.objects.values("request_id")
        return self.filter(state__in=UNERASED_STATES, pk__in=restricted)

    def by_urgency(self) -> "ErasureRequestQuerySet":
        """What is overdue first, then what is due next, and last what has been answered."""
        return self.order_by(URGENCY, "due_on", "received_at")


class ErasureRequest(models.Model):
    """One Art. 17 request, from receipt to answer.

    The subject's identifier is held encrypted, with a keyed index to find it, and only until the
    request is answered; so are the scope, null for everything, and the address for notices.
    `due_on` is the due date in force, with the pauses that have ended.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    state = models.CharField(
        _("state"),
        max_length=20,
        choices=[(state.value, STATE_LABELS[state]) for state in State],
        default=State.RECEIVED.value,
    )
    channel = models.CharField(_("channel"), max_length=8, choices=Channel.choices)
    ground = models.CharField(_("ground"), max_length=8, choices=Ground.choices)
    identity = models.BinaryField(null=True, help_text="The subject's identifier, encrypted.")
    identity_index = models.BinaryField(null=True, max_length=32, db_index=True)
    scope_kind = models.CharField(
        max_length=10, choices=ScopeKind.choices, default=ScopeKind.EVERYTHING
    )
    scope = models.BinaryField(null=True, help_text="Which records, encrypted.")
    decided_scope = models.BinaryField(
        null=True, help_text="The part that was approved, encrypted; null for all of the scope."
    )
    contact = models.BinaryField(
        null=True, help_text="Mail address that the controller supplied, encrypted."
    )
    language = models.CharField(max_length=5, blank=True, help_text="Of notices to the person.")
    source = models.CharField(
        max_length=100, blank=True, help_text="Where it was made first, as the channel tells."
    )
    submitted_at = models.DateTimeField(null=True, help_text="When it was made there.")
    reopens = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, related_name="reopened_by"
    )
    duplicate_of = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, related_name="duplicates"
    )
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    subject_commitment = models.CharField(
        max_length=64, blank=True, help_text="Keyed; set at approval, for the certificate."
    )
    received_at = models.DateTimeField(default=timezone.now)
    due_on = models.DateField()
    paused_on = models.DateField(null=True, help_text="Local date since which the clock stands.")
    identity_method = models.CharField(max_length=10, choices=IdentityMethod.choices, blank=True)
    verified_at = models.DateTimeField(null=True)
    decided_at = models.DateTimeField(null=True)
    completed_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=8, choices=Outcome.choices, blank=True)
    erased_interactions = models.PositiveIntegerField(null=True)
    release_before = models.CharField(max_length=DIGEST_LENGTH, blank=True)
    release_interim = models.CharField(max_length=DIGEST_LENGTH, blank=True)
    release_after = models.CharField(max_length=DIGEST_LENGTH, blank=True)
    proof_before = models.JSONField(
        null=True, help_text="That the subject was in the tree of the release before, or was not."
    )
    proof_after = models.JSONField(
        null=True, help_text="That it is not in the tree of the certified release, or how it is."
    )

    objects = ErasureRequestQuerySet.as_manager()

    class Meta:
        ordering = ["due_on", "received_at"]
        verbose_name = _("erasure request")
        verbose_name_plural = _("erasure requests")
        permissions = [
            ("decide", "Can decide erasure requests"),
            ("view_identity", "Can see whom a request is about"),
            ("comment", "Can comment on requests and take them on"),
            ("export_reports", "Can export reports on requests"),
        ]
        indexes = [
            models.Index(URGENCY, "due_on", "received_at", name="request_queue"),
            models.Index(F("received_at").desc(), "id", name="request_by_receipt"),
            models.Index(fields=["state"], name="request_state"),
            models.Index(
                fields=["due_on", "paused_on"],
                condition=~Q(state__in=sorted(FINAL_STATES)),
                name="request_open_by_due",
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=~Q(state__in=sorted(ERASED_STATES))
                | Q(erased_interactions__isnull=False),
                name="request_erased_has_count",
            ),
            models.CheckConstraint(
                condition=~Q(state="completed") | Q(completed_at__isnull=False),
                name="request_completed_says_when",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=sorted(FINAL_STATES))
                | Q(
                    scope=None,
                    decided_scope=None,
                    contact=None,
                    identity=None,
                    identity_index=None,
                    paused_on=None,
                ),
                name="request_answered_holds_nothing_personal",
            ),
            models.CheckConstraint(
                condition=~Q(scope_kind="everything") | Q(scope=None),
                name="request_for_everything_has_no_scope",
            ),
        ]

    def __str__(self) -> str:
        return _("request %(number)s") % {"number": self.id}

    @property
    def status(self) -> State:
        return State(self.state)

    @property
    def clock_start(self) -> datetime:
        """When the controller had the request: where it was made, if that was before it came in."""
        return min(self.received_at, self.submitted_at or self.received_at)

    def due(self, today: date | None = None) -> date:
        """Return the due date; while the clock is paused it moves on with every day."""
        today = today or timezone.localdate()
        return self.due_on + ((today - self.paused_on) if self.paused_on else timedelta())

    def days_left(self, today: date | None = None) -> int:
        """Return the days until the legal deadline in the controller's time zone."""
        return days_left(self.due(today), today or timezone.localdate())
