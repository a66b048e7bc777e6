"""What the API tells of messages: how they went, never what they say."""

from typing import Any

from rest_framework import serializers

from compliance.accounts.fields import StrictSerializer
from compliance.jobs.models import MessageKind, MessageState, Outcome


class DeliveryFilterSerializer(StrictSerializer):
    """Which messages to list."""

    about = serializers.UUIDField(required=False, help_text="Id of an erasure request.")
    state = serializers.ChoiceField(
        choices=MessageState.choices,
        required=False,
        error_messages={"invalid_choice": "Not a state."},
    )
    cursor = serializers.CharField(required=False, help_text="From `next` or `previous`.")


class AttemptSerializer(serializers.Serializer[Any]):
    """One try to deliver a message."""

    at = serializers.DateTimeField()
    outcome = serializers.ChoiceField(choices=Outcome.choices)
    status = serializers.IntegerField(
        allow_null=True, help_text="What the web or mail server answered."
    )


class DeliverySerializer(serializers.Serializer[Any]):
    """A mail or a webhook call, and how each attempt went."""

    id = serializers.UUIDField(help_text="The same in each attempt: `webhook-id`.")
    topic = serializers.CharField()
    about = serializers.UUIDField(help_text="Id of the erasure request.")
    kind = serializers.ChoiceField(choices=MessageKind.choices)
    endpoint = serializers.CharField(
        source="endpoint.name", default=None, allow_null=True, help_text="Name of the endpoint."
    )
    state = serializers.ChoiceField(choices=MessageState.choices)
    created_at = serializers.DateTimeField()
    delivered_at = serializers.DateTimeField(allow_null=True)
    attempts = AttemptSerializer(many=True)
