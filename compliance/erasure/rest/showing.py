"""What the API tells of erasure requests: never whom one is about."""

from datetime import date
from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.reverse import reverse

from compliance.accounts.api import client_of
from compliance.accounts.scopes import Scope
from compliance.erasure.models import (
    Answer,
    Channel,
    Endorsement,
    ErasureEvent,
    ErasureRequest,
    Extension,
    Ground,
    IdentityMethod,
    Outcome,
    PauseKind,
    Refusal,
    ScopeKind,
    Step,
    TouchedShard,
)
from compliance.erasure.parts import part_unseal
from compliance.erasure.rest.taking import STATES
from compliance.erasure.selectors import open_job
from compliance.erasure.services.timing import request_due_on
from compliance.erasure.states import FINAL_STATES
from compliance.records.models import Restriction
from compliance.sealing import unseal


class LinksSerializer(serializers.Serializer[Any]):
    self = serializers.URLField()
    certificate = serializers.URLField(
        allow_null=True, help_text="The signed certificate, once there is one."
    )


class RequestSerializer(serializers.Serializer[Any]):
    """Where an erasure request stands."""

    id = serializers.UUIDField()
    state = serializers.ChoiceField(choices=STATES)
    channel = serializers.ChoiceField(choices=Channel.choices)
    ground = serializers.ChoiceField(choices=Ground.choices)
    received_at = serializers.DateTimeField()
    due_on = serializers.DateField(
        source="due", help_text="Last day to answer in time: GDPR Art. 12(3)."
    )
    days_left = serializers.SerializerMethodField(
        help_text="Days until then; negative when it has passed; null once answered."
    )
    paused_on = serializers.DateField(
        allow_null=True, help_text="Since when the clock stands; the due date moves with it."
    )
    links = serializers.SerializerMethodField()

    def get_days_left(self, request: ErasureRequest) -> int | None:
        return None if request.status in FINAL_STATES else request.days_left()

    @extend_schema_field(LinksSerializer)
    def get_links(self, request: ErasureRequest) -> dict[str, str | None]:
        return {
            "self": self._address("erasure-request", request),
            "certificate": self._address("erasure-certificate", request)
            if hasattr(request, "certificate")
            else None,
        }

    def _address(self, name: str, request: ErasureRequest) -> str:
        return reverse(name, [request.pk], request=self.context["request"])


class EventSerializer(serializers.Serializer[Any]):
    """One step of a request."""

    step = serializers.ChoiceField(choices=Step.choices)
    from_ = serializers.CharField(source="from_state", help_text="Empty for the receipt.")
    to = serializers.CharField(source="to_state")
    at = serializers.DateTimeField()
    actor = serializers.SerializerMethodField(help_text="Kind: user, client, subject or system.")
    note = serializers.CharField(help_text="Such as the article of a refusal; may be empty.")

    def get_actor(self, event: ErasureEvent) -> str:
        return event.actor.partition(":")[0]

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        fields = super().get_fields()
        return {"from": fields.pop("from_"), **fields}


class ProgressSerializer(serializers.Serializer[Any]):
    """How far a training or replay is, in prompts."""

    kind = serializers.CharField(help_text="train or replay")
    state = serializers.CharField(help_text="queued or running")
    done = serializers.IntegerField(source="progress_done")
    total = serializers.IntegerField(source="progress_total")


class TouchedShardSerializer(serializers.Serializer[Any]):
    """A shard that the erasure changed, and its adapter that has not seen the records."""

    shard = serializers.IntegerField()
    generation = serializers.IntegerField()
    adapter = serializers.SerializerMethodField(help_text="State of the adapter.")
    replay = serializers.SerializerMethodField(help_text="identical, differs or not-run")
    progress = serializers.SerializerMethodField(help_text="Of the open job; null if none is open.")

    def to_representation(self, instance: TouchedShard) -> dict[str, Any]:
        self._successor = instance.successor()
        return super().to_representation(instance)

    def get_adapter(self, touched: TouchedShard) -> str | None:
        return self._successor.state if self._successor else None

    def get_replay(self, touched: TouchedShard) -> str | None:
        return self._successor.replay if self._successor else None

    @extend_schema_field(ProgressSerializer(allow_null=True))
    def get_progress(self, touched: TouchedShard) -> Any:
        job = open_job(self._successor) if self._successor else None
        return ProgressSerializer(job).data if job else None


class PauseSerializer(serializers.Serializer[Any]):
    """A time in which the clock stood, in dates of the controller."""

    kind = serializers.ChoiceField(choices=PauseKind.choices)
    started_on = serializers.DateField()
    ended_on = serializers.DateField(allow_null=True, help_text="Null while the clock stands.")


class ExtensionSerializer(serializers.Serializer[Any]):
    """Two months more: Art. 12(3)."""

    reasons = serializers.SerializerMethodField(help_text="As told to the person.")
    decided_at = serializers.DateTimeField()
    in_force_at = serializers.DateTimeField(
        allow_null=True, help_text="When the person had been told; null until then."
    )

    def get_reasons(self, extension: Extension) -> str | None:
        return unseal(extension.reasons).decode() if extension.reasons else None


class ClockSerializer(serializers.Serializer[Any]):
    """The legal clock, and what has moved it."""

    due_on = serializers.DateField(source="due")
    due_on_without_pauses = serializers.SerializerMethodField()
    pauses = PauseSerializer(many=True)
    extension = serializers.SerializerMethodField()

    def get_due_on_without_pauses(self, request: ErasureRequest) -> date:
        return request_due_on(request, paused=False)

    @extend_schema_field(ExtensionSerializer(allow_null=True))
    def get_extension(self, request: ErasureRequest) -> Any:
        extension = Extension.objects.filter(request=request).first()
        return ExtensionSerializer(extension).data if extension else None


class RefusalSerializer(serializers.Serializer[Any]):
    """What was refused: the whole, or a part where something was erased."""

    article = serializers.ChoiceField(choices=Refusal.choices)
    text = serializers.SerializerMethodField(help_text="As told to the person.")
    written_at = serializers.DateTimeField()

    def get_text(self, answer: Answer) -> str | None:
        return unseal(answer.text).decode() if answer.text else None


class AssigneeSerializer(serializers.Serializer[Any]):
    """Who looks after a request."""

    id = serializers.IntegerField()
    username = serializers.CharField()


class EndorsedRefusalSerializer(serializers.Serializer[Any]):
    """Why the rest would be refused: Art. 12(4)."""

    article = serializers.ChoiceField(choices=Refusal.choices)
    text = serializers.CharField(help_text="In words for the person.")


class EndorsementSerializer(serializers.Serializer[Any]):
    """The first of two approvals, where two persons must approve."""

    digest = serializers.CharField(help_text="Of the impact that was approved.")
    at = serializers.DateTimeField()
    refusal = serializers.SerializerMethodField(
        help_text="What the person would be told, where a part alone was approved. Null where all "
        "was; once it is decided, as the request's own `refusal` has it then; and for keys without "
        "`erasure:decide`."
    )

    @extend_schema_field(EndorsedRefusalSerializer(allow_null=True))
    def get_refusal(self, endorsement: Endorsement) -> Any:
        if Scope.ERASURE_DECIDE.value not in client_of(self.context["request"]).scopes:
            return None
        part = part_unseal(endorsement.part)
        return EndorsedRefusalSerializer(part).data if part else None


class RestrictionSerializer(serializers.Serializer[Any]):
    """Nothing is learned from the subject meanwhile: Art. 18."""

    since = serializers.DateTimeField()
    untold = serializers.SerializerMethodField(
        help_text="Whether the request has ended and the person has not been told: the restriction "
        "stands until a mail has been delivered, or you say by `told` that the person was told."
    )

    def get_untold(self, restriction: Restriction) -> bool:
        return ErasureRequest.objects.untold().filter(pk=restriction.request_id).exists()


class RequestDetailSerializer(RequestSerializer):
    """One erasure request with its clock, its history and what it touched."""

    source = serializers.CharField(  # type: ignore[assignment]
        help_text="Where it was made first, as you named it."
    )
    submitted_at = serializers.DateTimeField(allow_null=True)
    language = serializers.CharField(help_text="Of notices to the person; may be empty.")
    identity_method = serializers.ChoiceField(
        choices=IdentityMethod.choices,
        allow_blank=True,
        help_text="What has shown that the subject itself asks; empty while nothing has.",
    )
    verified_at = serializers.DateTimeField(allow_null=True)
    decided_at = serializers.DateTimeField(allow_null=True)
    completed_at = serializers.DateTimeField(allow_null=True)
    outcome = serializers.ChoiceField(
        choices=Outcome.choices, allow_blank=True, help_text="Empty while nothing is erased."
    )
    refusal = serializers.SerializerMethodField()
    scope_kind = serializers.ChoiceField(
        choices=ScopeKind.choices, help_text="What must go; which records exactly is not shown."
    )
    erased_interactions = serializers.IntegerField(allow_null=True)
    assignee = AssigneeSerializer(allow_null=True)
    endorsements = EndorsementSerializer(many=True)
    clock = ClockSerializer(source="*")
    restriction = serializers.SerializerMethodField()
    duplicate_of = serializers.UUIDField(
        source="duplicate_of_id", allow_null=True, help_text="The person's first open request."
    )
    duplicates = serializers.SerializerMethodField(help_text="Others that are linked to this one.")
    reopens = serializers.UUIDField(
        source="reopens_id",
        allow_null=True,
        help_text="The answered request that the person complained about.",
    )
    reopened_by = serializers.SerializerMethodField(help_text="Complaints about this one.")
    history = EventSerializer(source="events", many=True)
    touched_shards = TouchedShardSerializer(source="touched", many=True)

    def get_duplicates(self, request: ErasureRequest) -> list[UUID]:
        return list(request.duplicates.values_list("pk", flat=True))

    def get_reopened_by(self, request: ErasureRequest) -> list[UUID]:
        return list(request.reopened_by.values_list("pk", flat=True))

    @extend_schema_field(RefusalSerializer(allow_null=True))
    def get_refusal(self, request: ErasureRequest) -> Any:
        answer = Answer.objects.filter(request=request).first()
        return RefusalSerializer(answer).data if answer else None

    @extend_schema_field(RestrictionSerializer(allow_null=True))
    def get_restriction(self, request: ErasureRequest) -> Any:
        restriction = Restriction.objects.filter(request_id=request.pk).first()
        return RestrictionSerializer(restriction).data if restriction else None
