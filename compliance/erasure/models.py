"""Erasure requests, what each of them touched, and the record of every step."""

import uuid
from datetime import date

from django.db import models
from django.db.models import Q
from django.utils import timezone

from compliance.erasure.clock import days_left
from compliance.erasure.states import ERASED_STATES, FINAL_STATES, State
from compliance.provenance.models import DIGEST_LENGTH, Adapter, Plan


class Channel(models.TextChoices):
    """How a request came in."""

    API = "api", "API"
    ADMIN = "admin", "Admin"


class Ground(models.TextChoices):
    """Why the controller must erase: GDPR Art. 17(1)."""

    NOT_NECESSARY = "17(1)(a)", "17(1)(a) no longer necessary"
    CONSENT_WITHDRAWN = "17(1)(b)", "17(1)(b) consent withdrawn"
    OBJECTION = "17(1)(c)", "17(1)(c) objection"
    UNLAWFUL = "17(1)(d)", "17(1)(d) unlawful processing"
    LEGAL_OBLIGATION = "17(1)(e)", "17(1)(e) legal obligation"
    CHILD = "17(1)(f)", "17(1)(f) collected from a child"


class ScopeKind(models.TextChoices):
    """What of the subject's records must go; which ones exactly is personal."""

    EVERYTHING = "everything", "All records of the subject"
    ITEMS = "items", "The subject's records of certain items"
    PERIOD = "period", "The subject's records of a period"
    RECORDS = "records", "Certain records of the subject"


class ErasureRequestQuerySet(models.QuerySet["ErasureRequest"]):
    def open(self) -> "ErasureRequestQuerySet":
        """Requests that have not been answered."""
        return self.exclude(state__in=FINAL_STATES)


class ErasureRequest(models.Model):
    """One Art. 17 request, from receipt to certificate.

    The subject's identifier is held encrypted, with a keyed index to find it, and only until the
    request is completed; so is the scope, null for everything.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    state = models.CharField(
        max_length=20,
        choices=[(state.value, state.value.replace("_", " ").capitalize()) for state in State],
        default=State.RECEIVED.value,
    )
    channel = models.CharField(max_length=8, choices=Channel.choices)
    ground = models.CharField(max_length=8, choices=Ground.choices)
    identity = models.BinaryField(null=True, help_text="The subject's identifier, encrypted.")
    identity_index = models.BinaryField(null=True, max_length=32, db_index=True)
    scope_kind = models.CharField(
        max_length=10, choices=ScopeKind.choices, default=ScopeKind.EVERYTHING
    )
    scope = models.BinaryField(null=True, help_text="Which records, encrypted.")
    subject_commitment = models.CharField(
        max_length=64, blank=True, help_text="Keyed; set at approval, for the certificate."
    )
    received_at = models.DateTimeField(default=timezone.now)
    due_on = models.DateField()
    verified_at = models.DateTimeField(null=True)
    decided_at = models.DateTimeField(null=True)
    completed_at = models.DateTimeField(null=True)
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
        permissions = [
            ("decide", "Can decide erasure requests"),
            ("view_identity", "Can see whom a request is about"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=~Q(state__in=sorted(ERASED_STATES))
                | Q(erased_interactions__isnull=False),
                name="request_erased_has_count",
            ),
            models.CheckConstraint(
                condition=~Q(state="completed")
                | Q(identity=None, identity_index=None, completed_at__isnull=False),
                name="request_completed_holds_no_identity",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=sorted(FINAL_STATES)) | Q(scope=None),
                name="request_answered_holds_no_scope",
            ),
            models.CheckConstraint(
                condition=~Q(scope_kind="everything") | Q(scope=None),
                name="request_for_everything_has_no_scope",
            ),
        ]

    def __str__(self) -> str:
        return f"request {self.id}"

    @property
    def status(self) -> State:
        return State(self.state)

    def days_left(self, today: date | None = None) -> int:
        """Return the days until the legal deadline in the controller's time zone."""
        return days_left(self.due_on, today or timezone.localdate())


class TouchedShard(models.Model):
    """A shard that the request changed, and what became of it.

    Its adapter learned from the request's records or, where `removed` is empty, the subject moved
    there with the records that are left.
    """

    request = models.ForeignKey(ErasureRequest, on_delete=models.CASCADE, related_name="touched")
    plan = models.ForeignKey(Plan, on_delete=models.PROTECT)
    shard = models.PositiveSmallIntegerField()
    first_slice = models.PositiveSmallIntegerField()
    generation = models.PositiveIntegerField(
        help_text="The first generation that has not seen the records."
    )
    adapter_before = models.CharField(max_length=DIGEST_LENGTH, blank=True)
    manifest_before = models.JSONField()
    removed = models.BinaryField(
        help_text="Keyed commitments of the removed records, 32 bytes each."
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["request", "plan", "shard"], name="touched_shard_once"),
        ]

    def __str__(self) -> str:
        return f"shard {self.shard} of {self.request}"

    def successor(self) -> Adapter | None:
        """Return the newest generation that has not seen the records."""
        return (
            self.plan.adapters.filter(shard=self.shard, generation__gte=self.generation)
            .order_by("-generation")
            .first()
        )

    def removed_commitments(self) -> list[str]:
        """Return the removed records' commitments in hexadecimal."""
        data = bytes(self.removed)
        return [data[start : start + 32].hex() for start in range(0, len(data), 32)]


class ErasureEvent(models.Model):
    """One step of a request. Rows are only ever added; Postgres refuses anything else."""

    request = models.ForeignKey(ErasureRequest, on_delete=models.PROTECT, related_name="events")
    at = models.DateTimeField(default=timezone.now)
    from_state = models.CharField(max_length=20, blank=True)
    to_state = models.CharField(max_length=20)
    actor = models.CharField(max_length=60, help_text="Kind and number, such as user:3.")
    note = models.CharField(max_length=200, blank=True, help_text="No personal data.")

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.from_state} to {self.to_state}"
