"""Plans, adapters and releases: what the model is made of and what is served."""

from typing import Any

from django.contrib import admin
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import ChoicesCheckboxFilter, ChoicesRadioFilter
from unfold.decorators import display

from compliance.accounts.admin_base import (
    ReadOnlyAdmin,
    ReadOnlyInline,
    digest_code,
    pretty_json,
    short_digest,
)
from compliance.provenance import admin_subjects  # noqa: F401  (registers the subjects)
from compliance.provenance.models import (
    Adapter,
    AdapterState,
    Checkpoint,
    Export,
    Plan,
    Release,
    Replay,
)
from compliance.provenance.releases import live_release

ADAPTER_COLOURS: dict[str, str] = {
    AdapterState.PENDING: "info",
    AdapterState.TRAINING: "primary",
    AdapterState.VERIFYING: "primary",
    AdapterState.ACTIVE: "success",
    AdapterState.QUARANTINED: "warning",
    AdapterState.SUPERSEDED: "",
    AdapterState.FAILED: "danger",
}
PAST = "Past"
WORDY = 200
REPLAY_COLOURS: dict[str, str] = {
    Replay.NOT_RUN: "",
    Replay.IDENTICAL: "success",
    Replay.DIFFERS: "danger",
}


@admin.register(Plan)
class PlanAdmin(ReadOnlyAdmin):
    """Frozen configurations. The active one is what adapters are trained by."""

    list_display = ["short", "standing", "shards", "slices", "created_at"]
    empty_text = "There is no plan yet. manage.py train makes the first one."
    fields = ["whole_digest", "standing", "shards", "slices", "created_at", "shown_config"]
    readonly_fields = ["whole_digest", "standing", "shards", "slices", "shown_config"]

    @display(description="Plan", ordering="digest")
    def short(self, plan: Plan) -> str:
        return short_digest(plan.digest)

    @display(description="Digest")
    def whole_digest(self, plan: Plan) -> SafeString | str:
        return digest_code(plan.digest)

    @display(description="Standing", ordering="is_active", label={"Active": "success"})
    def standing(self, plan: Plan) -> str:
        return "Active" if plan.is_active else "Past"

    @display(description="Configuration")
    def shown_config(self, plan: Plan) -> SafeString:
        return pretty_json(_shown(plan.config))


def _shown(config: Any) -> Any:
    """Return a configuration without its partition key, which places people, vectors cut short."""
    if isinstance(config, dict):
        return {
            name: "(not shown)" if name == "key" else _shown(value)
            for name, value in config.items()
        }
    if isinstance(config, str) and len(config) > WORDY:
        return f"{config[:16]}… ({len(config):,} characters)"
    return config


class CheckpointInline(ReadOnlyInline):
    """An adapter's weights after each slice."""

    model = Checkpoint
    fields = ["slice", "weights", "trained_on", "quarantined_at", "destroyed_at"]
    readonly_fields = ["weights", "trained_on"]
    verbose_name_plural = "checkpoints, one after each slice"
    hide_title = True

    @display(description="Weights")
    def weights(self, checkpoint: Checkpoint) -> SafeString:
        return _short_code(checkpoint.digest)

    @display(description="Manifest root")
    def trained_on(self, checkpoint: Checkpoint) -> SafeString:
        return _short_code(checkpoint.root)


def _short_code(digest: str) -> SafeString:
    return format_html('<code title="{}">{}</code>', digest, short_digest(digest))


@admin.register(Adapter)
class AdapterAdmin(ReadOnlyAdmin):
    """The trainings of each shard, newest first."""

    list_display = ["name", "coloured_state", "coloured_replay", "short", "activated_at"]
    list_filter = [
        ("state", ChoicesCheckboxFilter),
        ("replay", ChoicesRadioFilter),
    ]
    list_select_related = ["plan"]
    empty_text = "Nothing is trained yet. manage.py train trains one adapter for each shard."
    inlines = [CheckpointInline]
    fieldsets = [
        ("Which", {"fields": ["plan", "shard", "generation", "state", "first_slice"]}),
        ("Weights", {"fields": ["whole_digest", "shown_manifest"]}),
        ("Replay", {"fields": ["replay", "needs_replay", "trainer", "replayer"]}),
        ("Times", {"fields": ["created_at", "activated_at", "quarantined_at"]}),
        ("Environment", {"fields": ["shown_environment", "shown_replay_environment"]}),
    ]
    readonly_fields = [
        "whole_digest",
        "shown_manifest",
        "shown_environment",
        "shown_replay_environment",
    ]

    @display(description="Adapter", ordering="shard")
    def name(self, adapter: Adapter) -> str:
        return str(adapter).capitalize()

    @display(description="State", ordering="state", label=ADAPTER_COLOURS)
    def coloured_state(self, adapter: Adapter) -> tuple[str, str]:
        return adapter.state, adapter.get_state_display()

    @display(description="Result of the replay", ordering="replay", label=REPLAY_COLOURS)
    def coloured_replay(self, adapter: Adapter) -> tuple[str, str]:
        return adapter.replay, adapter.get_replay_display()

    @display(description="Digest")
    def short(self, adapter: Adapter) -> str:
        return short_digest(adapter.digest)

    @display(description="Digest")
    def whole_digest(self, adapter: Adapter) -> SafeString | str:
        return digest_code(adapter.digest)

    @display(description="Manifest of each slice")
    def shown_manifest(self, adapter: Adapter) -> SafeString:
        return pretty_json(adapter.manifest)

    @display(description="Of the training")
    def shown_environment(self, adapter: Adapter) -> SafeString:
        return pretty_json(adapter.environment)

    @display(description="Of the replay")
    def shown_replay_environment(self, adapter: Adapter) -> SafeString:
        return pretty_json(adapter.replay_environment)


@admin.register(Release)
class ReleaseAdmin(ReadOnlyAdmin):
    """What is served and what was served before."""

    list_display = ["name", "standing", "kind", "calibrator", "short", "created_at"]
    list_filter = [("kind", ChoicesRadioFilter)]
    empty_text = "Nothing was released yet. manage.py train makes the first release."
    fields = ["number", "served", "kind", "whole_digest", "created_at", "plan", "shown_manifest"]
    readonly_fields = ["served", "whole_digest", "shown_manifest"]

    @display(description="Release", ordering="number")
    def name(self, release: Release) -> str:
        return f"Release {release.number}"

    @display(description="Standing", label={"live": "success", "past": ""})
    def standing(self, release: Release) -> tuple[str, str]:
        served = self.served(release)
        return ("past" if served == PAST else "live"), served

    @display(description="Served")
    def served(self, release: Release) -> str:
        live, epoch = live_release()
        return f"Live in epoch {epoch}" if live == release else PAST

    @display(description="Calibrator", label={"fitted": "success", "plan": "warning"})
    def calibrator(self, release: Release) -> tuple[str, str]:
        fitted = release.manifest["calibrator"]["fitted"]
        return ("fitted", "Fitted to it") if fitted else ("plan", "The plan's own")

    @display(description="Digest")
    def short(self, release: Release) -> str:
        return short_digest(release.digest)

    @display(description="Digest")
    def whole_digest(self, release: Release) -> SafeString | str:
        return digest_code(release.digest)

    @display(description="Manifest")
    def shown_manifest(self, release: Release) -> SafeString:
        return pretty_json(release.manifest)


@admin.register(Export)
class ExportAdmin(ReadOnlyAdmin):
    """Copies of weights in other places, and which of them an erasure has reached since."""

    list_display = ["name", "standing", "kind", "holds", "path", "created_at"]
    list_filter = [("kind", ChoicesRadioFilter)]
    empty_text = "Nothing was exported. manage.py export_adapter writes a copy of what is served."
    fields = [
        *("standing", "kind", "holds", "omega", "release", "whole_digest", "path"),
        *("exported_by", "created_at", "gone_at"),
    ]
    readonly_fields = ["standing", "holds", "whole_digest"]

    @display(description="Export", ordering="pk")
    def name(self, export: Export) -> str:
        return str(export).capitalize()

    @display(description="Standing", label={"out": "danger", "clean": "success", "gone": ""})
    def standing(self, export: Export) -> tuple[str, str]:
        if export.gone_at:
            return "gone", "Gone"
        if export.is_out_of_service:
            return "out", "Out of service: destroy all copies"
        return "clean", "Clean"

    @display(description="Holds")
    def holds(self, export: Export) -> str:
        rows = export.checkpoints.select_related("adapter").order_by("adapter__shard")
        return "; ".join(map(str, rows))

    @display(description="Digest")
    def whole_digest(self, export: Export) -> SafeString | str:
        return digest_code(export.digest)
