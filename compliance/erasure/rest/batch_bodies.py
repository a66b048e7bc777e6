"""What the API takes to make a batch and to find some."""

from typing import Any

from rest_framework import serializers

from compliance.accounts.fields import (
    QueryBooleanField,
    RandomUuidField,
    StrictBooleanField,
    StrictChoiceField,
    StrictSerializer,
)
from compliance.erasure.models import MAX_ITEMS, BatchAction, BatchState, ItemResult
from compliance.erasure.rest.step_bodies import NothingSerializer
from compliance.erasure.rest.steps import STEPS
from compliance.erasure.rest.taking import FilterSerializer

CURSOR = "From `next` or `previous`."


class BatchFilterSerializer(FilterSerializer):
    """The requests that are all of what is named."""

    overdue = StrictBooleanField(required=False)  # type: ignore[assignment]
    paused = StrictBooleanField(required=False)  # type: ignore[assignment]

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if not attrs:
            raise serializers.ValidationError("Name at least one property.")
        return attrs


class NewBatchSerializer(StrictSerializer):
    """A step, and which requests it is taken with."""

    action = StrictChoiceField(choices=BatchAction.choices)
    ids = serializers.ListField(
        child=serializers.UUIDField(), required=False, min_length=1, max_length=MAX_ITEMS
    )
    filter = BatchFilterSerializer(
        required=False, help_text="As for the list; the requests that match now."
    )
    arguments = serializers.DictField(
        default=dict, help_text="What the step takes; nothing for `approve`."
    )
    id = RandomUuidField(
        required=False,
        help_text="Chosen by you, so that a call that broke off can be made again.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("ids" in attrs) == ("filter" in attrs):
            raise serializers.ValidationError("Give either ids or a filter.")
        # Of many, all that was asked for is approved, and by the digests of the batch itself.
        approves = attrs["action"] == BatchAction.APPROVE
        body = NothingSerializer if approves else STEPS[attrs["action"]].body
        arguments = body(data=attrs["arguments"])
        if not arguments.is_valid():
            raise serializers.ValidationError({"arguments": arguments.errors})
        return attrs | {"arguments": arguments.validated_data}


class BatchListSerializer(StrictSerializer):
    """Which batches to list, and from where on."""

    action = serializers.ChoiceField(
        choices=BatchAction.choices,
        required=False,
        error_messages={"invalid_choice": "Not a step of a batch."},
    )
    state = serializers.ChoiceField(
        choices=BatchState.choices,
        required=False,
        error_messages={"invalid_choice": "Not a state of a batch."},
    )
    own = QueryBooleanField(required=False, help_text="Whether the calling client made it.")
    cursor = serializers.CharField(required=False, help_text=CURSOR)


class ItemListSerializer(StrictSerializer):
    """Which of a batch's requests to list, and from where on."""

    result = serializers.ChoiceField(
        choices=ItemResult.choices,
        required=False,
        error_messages={"invalid_choice": "Not a result."},
    )
    cursor = serializers.CharField(required=False, help_text=CURSOR)
