"""What the API of erasure requests takes and gives."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.reverse import reverse

from compliance.accounts.fields import (
    RandomUuidField,
    StrictBooleanField,
    StrictChoiceField,
    StrictSerializer,
    SubjectField,
)
from compliance.erasure.models import (
    ErasureEvent,
    ErasureRequest,
    Ground,
    ScopeKind,
    TouchedShard,
)
from compliance.erasure.scope_serializers import ScopeSerializer
from compliance.erasure.selectors import open_job
from compliance.erasure.states import FINAL_STATES, State
from compliance.records.scope import EVERYTHING

STATES = [state.value for state in State]


class NewRequestSerializer(StrictSerializer):
    """An erasure request as a client files it."""

    subject = SubjectField()
    ground = StrictChoiceField(
        choices=Ground.choices,
        default=Ground.CONSENT_WITHDRAWN,
        help_text="Why the data must go: the point of GDPR Art. 17(1).",
    )
    id = RandomUuidField(
        required=False,
        help_text="Chosen by you, so that a call that broke off can be made again.",
    )
    identity_asserted = StrictBooleanField(
        default=False,
        help_text="You vouch that the person itself asks. Needs `erasure:assert-identity`.",
    )
    scope = ScopeSerializer(
        required=False, help_text="Which records must go, if not all of the person's."
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        return attrs | attrs.get("scope", {"scope": EVERYTHING})


class FilterSerializer(StrictSerializer):
    """Which requests to list."""

    state = serializers.ChoiceField(
        choices=STATES, required=False, error_messages={"invalid_choice": "Not a state."}
    )
    overdue = serializers.ChoiceField(
        choices=["true", "false"],
        required=False,
        help_text="Whether the request is unanswered and past its legal deadline.",
        error_messages={"invalid_choice": "Must be true or false."},
    )
    cursor = serializers.CharField(required=False, help_text="From `next` or `previous`.")


class LinksSerializer(serializers.Serializer[Any]):
    self = serializers.URLField()
    certificate = serializers.URLField(
        allow_null=True, help_text="The signed certificate, once there is one."
    )


class RequestSerializer(serializers.Serializer[Any]):
    """Where an erasure request stands."""

    id = serializers.UUIDField()
    state = serializers.ChoiceField(choices=STATES)
    ground = serializers.ChoiceField(choices=Ground.choices)
    received_at = serializers.DateTimeField()
    due_on = serializers.DateField(help_text="Last day to answer in time: GDPR Art. 12(3).")
    days_left = serializers.SerializerMethodField(
        help_text="Days until then; negative when it has passed; null once answered."
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

    from_ = serializers.CharField(source="from_state", help_text="Empty for the receipt.")
    to = serializers.CharField(source="to_state")
    at = serializers.DateTimeField()
    actor = serializers.SerializerMethodField(help_text="Kind of actor: user, client or system.")

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


class RequestDetailSerializer(RequestSerializer):
    """One erasure request with its history and what it touched."""

    verified_at = serializers.DateTimeField(allow_null=True)
    decided_at = serializers.DateTimeField(allow_null=True)
    completed_at = serializers.DateTimeField(allow_null=True)
    scope_kind = serializers.ChoiceField(
        choices=ScopeKind.choices, help_text="What must go; which records exactly is not shown."
    )
    erased_interactions = serializers.IntegerField(allow_null=True)
    history = EventSerializer(source="events", many=True)
    touched_shards = TouchedShardSerializer(source="touched", many=True)
