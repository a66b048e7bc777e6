"""What the API tells of batches."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.reverse import reverse

from compliance.erasure.batch_figures import impact_together, results_counted
from compliance.erasure.models import Batch, BatchAction, BatchItem, BatchState, ItemResult
from compliance.erasure.rest.taking import STATES

STATE_HELP = (
    "`previewing`: a worker looks at each request. `ready`: what would be done, and what refused, "
    "can be read; it waits for its start. `running`, `done`."
)


class CountsSerializer(serializers.Serializer[Any]):
    """How many requests have which result."""

    waiting = serializers.IntegerField(help_text="Not looked at yet.")
    possible = serializers.IntegerField(help_text="Looked at: the step can be taken.")
    done = serializers.IntegerField()
    refused = serializers.IntegerField(help_text="And left as they are.")
    failed = serializers.IntegerField(help_text="By a fault; left as they are.")


class TogetherSerializer(serializers.Serializer[Any]):
    """What all approvals of a batch do, together."""

    records = serializers.IntegerField()
    prompts = serializers.IntegerField()
    shards = serializers.ListField(
        child=serializers.IntegerField(), help_text="Trained anew, each once."
    )
    minutes = serializers.FloatField(
        allow_null=True, help_text="Of all these trainings; null while none was timed."
    )


class BatchLinksSerializer(serializers.Serializer[Any]):
    self = serializers.URLField()
    items = serializers.URLField()
    start = serializers.URLField(
        allow_null=True, help_text="Null unless it is ready, and yours to start."
    )


class BatchSerializer(serializers.Serializer[Any]):
    """One step for many requests. The context holds the `actor` who reads."""

    id = serializers.UUIDField()
    action = serializers.ChoiceField(choices=BatchAction.choices)
    state = serializers.ChoiceField(choices=BatchState.choices, help_text=STATE_HELP)
    own = serializers.SerializerMethodField(help_text="Whether you made it.")
    total = serializers.SerializerMethodField(help_text="How many requests.")
    counts = serializers.SerializerMethodField()
    created_at = serializers.DateTimeField()
    done_at = serializers.DateTimeField(allow_null=True)
    links = serializers.SerializerMethodField()

    def to_representation(self, instance: Batch) -> dict[str, Any]:
        counted = self.context.get("counted") or results_counted([instance])
        self._counts = counted[instance.pk]
        return super().to_representation(instance)

    def get_own(self, batch: Batch) -> bool:
        return bool(batch.actor == self.context["actor"])

    def get_total(self, batch: Batch) -> int:
        return sum(self._counts.values())

    @extend_schema_field(CountsSerializer)
    def get_counts(self, batch: Batch) -> dict[str, int]:
        return self._counts

    @extend_schema_field(BatchLinksSerializer)
    def get_links(self, batch: Batch) -> dict[str, str | None]:
        startable = batch.state == BatchState.READY and self.get_own(batch)
        return {
            "self": self._address("erasure-batch", batch),
            "items": self._address("erasure-batch-items", batch),
            "start": self._address("erasure-batch-start", batch) if startable else None,
        }

    def _address(self, name: str, batch: Batch) -> str:
        return reverse(name, [batch.pk], request=self.context["request"])


class BatchDetailSerializer(BatchSerializer):
    """One batch with what it does. The context holds `may_weigh` besides."""

    impact = serializers.SerializerMethodField(
        help_text="Of approvals, for clients that may decide; otherwise null."
    )

    @extend_schema_field(TogetherSerializer(allow_null=True))
    def get_impact(self, batch: Batch) -> Any:
        if batch.action != BatchAction.APPROVE or not self.context["may_weigh"]:
            return None
        return TogetherSerializer(impact_together(batch)).data


class ItemImpactSerializer(serializers.Serializer[Any]):
    """What the approval of one request does, as it was looked at."""

    digest = serializers.CharField(help_text="The approval holds for just this.")
    records = serializers.IntegerField()
    prompts = serializers.IntegerField()
    shard = serializers.IntegerField(
        allow_null=True, help_text="Null if no adapter learned from them."
    )
    minutes = serializers.FloatField(allow_null=True)


class ItemSerializer(serializers.Serializer[Any]):
    """One request of a batch."""

    id = serializers.IntegerField(help_text="In the order of the choice.")
    request_id = serializers.UUIDField()
    request_state = serializers.ChoiceField(
        choices=STATES, source="request.state", help_text="Where the request stands now."
    )
    result = serializers.ChoiceField(choices=ItemResult.choices)
    code = serializers.CharField(help_text="Kind of refusal or failure; empty without one.")
    message = serializers.CharField(help_text="What became of it, in words; may be empty.")
    impact = serializers.SerializerMethodField(
        help_text="Of an approval, for clients that may decide; otherwise null."
    )
    done_at = serializers.DateTimeField(
        allow_null=True, help_text="When it had its result; null while it waits."
    )

    @extend_schema_field(ItemImpactSerializer(allow_null=True))
    def get_impact(self, item: BatchItem) -> Any:
        shown = item.digest and self.context["may_weigh"]
        return ItemImpactSerializer(item).data if shown else None
