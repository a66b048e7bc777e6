"""The impact preview."""

import uuid
from typing import Any

from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from compliance.accounts.api import validated
from compliance.accounts.openapi import ALWAYS, WITH_BODY, problems
from compliance.accounts.scopes import Scope
from compliance.erasure.impact import Impact, impact_of
from compliance.erasure.rest.base import ReviewView, request_get
from compliance.erasure.rest.step_bodies import PreviewSerializer
from compliance.erasure.states import State, check_transition
from compliance.provenance.learning import Learning
from compliance.records.scope import Scope as Records

REFUSED = "The request is not in review: before, nothing is told of the person; after, it is gone."


class LearnedSerializer(serializers.Serializer[Any]):
    """Where the records were learned, counted from 0, and what of it is clean."""

    shard = serializers.IntegerField()
    slice = serializers.IntegerField(help_text="The first that is trained again.")
    adapter = serializers.CharField(
        source="adapter.state", default=None, allow_null=True, help_text="State of the adapter."
    )
    generation = serializers.IntegerField(
        source="adapter.generation", default=None, allow_null=True
    )
    clean_slice = serializers.IntegerField(
        source="clean.slice",
        default=None,
        allow_null=True,
        help_text="Serves meanwhile; null if nothing of the shard does.",
    )
    moves_to = serializers.IntegerField(
        allow_null=True, help_text="The shard that the rest of the records moves to, if it moves."
    )


class OutlookSerializer(serializers.Serializer[Any]):
    """What to expect of the retraining."""

    prompts = serializers.IntegerField(help_text="To be trained again.")
    minutes = serializers.FloatField(allow_null=True, help_text="Null while none was timed.")
    error_ratio = serializers.FloatField(
        allow_null=True,
        help_text="Error of what serves meanwhile, over that of what serves now.",
    )


class ImpactSerializer(serializers.Serializer[Any]):
    """What an approval would do."""

    digest = serializers.CharField(help_text="An approval names it, and holds for just this.")
    records = serializers.IntegerField(source="learning.records")
    parked = serializers.IntegerField(help_text="Records that came in since, and would go too.")
    prompts = serializers.IntegerField(source="learning.prompts")
    learned = serializers.SerializerMethodField(help_text="Null if no adapter learned from them.")
    outlook = OutlookSerializer(allow_null=True, help_text="Null if nothing is trained again.")

    @extend_schema_field(LearnedSerializer(allow_null=True))
    def get_learned(self, impact: Impact) -> Any:
        learning: Learning = impact.learning
        return None if learning.shard is None else LearnedSerializer(learning).data


class ImpactView(ReviewView):
    scopes = {"GET": Scope.ERASURE_DECIDE, "POST": Scope.ERASURE_DECIDE}
    http_method_names = ["get", "post"]

    @extend_schema(
        operation_id="erasure_request_impact",
        summary="What an approval would do",
        description=(
            "Records, prompts, shard and slice, adapter, minutes, and quality meanwhile. Only of "
            "a request in review: before, nothing is told of the person.\n\n"
            "Needs the scope `erasure:decide`."
        ),
        responses={200: ImpactSerializer, **problems(404, 409, *ALWAYS, s409=REFUSED)},
    )
    def get(self, request: Request, request_id: uuid.UUID) -> Response:
        return Response(impact_shown(request_id))

    @extend_schema(
        operation_id="erasure_request_impact_of_part",
        summary="What the approval of a part would do",
        description="The scope stands in the body: it names records.\n\n"
        "Needs the scope `erasure:decide`.",
        request=PreviewSerializer,
        responses={200: ImpactSerializer, **problems(404, 409, *WITH_BODY, s409=REFUSED)},
    )
    def post(self, request: Request, request_id: uuid.UUID) -> Response:
        values = validated(PreviewSerializer(data=request.data))
        return Response(impact_shown(request_id, values["scope"]["scope"]))


def impact_shown(request_id: uuid.UUID, part: Records | None = None) -> dict[str, Any]:
    """Return the impact of a request in review."""
    request = request_get(request_id)
    check_transition(request.status, State.APPROVED)
    return dict(ImpactSerializer(impact_of(request, part)).data)
