"""Plans, adapters and releases: what the model is made of and what is served."""

from typing import Any

from django.contrib import admin
from django.db.models import F, Prefetch, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
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

ADAPTER_COLOURS: dict[str, str] = {
    AdapterState.PENDING: "info",
    AdapterState.TRAINING: "primary",
    AdapterState.VERIFYING: "primary",
    AdapterState.ACTIVE: "success",
    AdapterState.QUARANTINED: "warning",
    AdapterState.SUPERSEDED: "",
    AdapterState.FAILED: "danger",
}
WORDY = 200
REPLAY_COLOURS: dict[str, str] = {
    Replay.NOT_RUN: "",
    Replay.IDENTICAL: "success",
    Replay.DIFFERS: "danger",
}


@admin.register(Plan)
class PlanAdmin(ReadOnlyAdmin):
    """Frozen configurations. The active one is what adapters are trained by."""

    list_display = ["short", "coloured_standing", "shards", "slices", "created_at"]
    empty_text = gettext_lazy("There is no plan yet. manage.py train makes the first one.")
    fields = ["whole_digest", "standing", "shards", "slices", "created_at", "shown_config"]
    readonly_fields = ["whole_digest", "standing", "shards", "slices", "shown_config"]

    @display(description=gettext_lazy("Plan"), ordering="digest")
    def short(self, plan: Plan) -> str:
        return short_digest(plan.digest)

    @display(description=gettext_lazy("Digest"))
    def whole_digest(self, plan: Plan) -> SafeString | str:
        return digest_code(plan.digest)

    @display(
        description=gettext_lazy("Standing"),
        ordering="is_active",
        label={"active": "success", "past": ""},
    )
    def coloured_standing(self, plan: Plan) -> tuple[str, str]:
        return "active" if plan.is_active else "past", self.standing(plan)

    @display(description=gettext_lazy("Standing"))
    def standing(self, plan: Plan) -> str:
        return _("Active") if plan.is_active else _("Past")

    @display(description=gettext_lazy("Configuration"))
    def shown_config(self, plan: Plan) -> SafeString:
        return pretty_json(_shown(plan.config))


def _shown(config: Any) -> Any:
    """Return a configuration without its partition key, which places people, vectors cut short."""
    if isinstance(config, dict):
        return {
            name: _("(not shown)") if name == "key" else _shown(value)
            for name, value in config.items()
        }
    if isinstance(config, str) and len(config) > WORDY:
        length = _("%(n)s characters") % {"n": f"{len(config):,}"}
        return f"{config[:16]}… ({length})"
    return config


class CheckpointInline(ReadOnlyInline):
    """An adapter's weights after each slice."""

    model = Checkpoint
    fields = ["slice", "weights", "trained_on", "quarantined_at", "destroyed_at"]
    readonly_fields = ["weights", "trained_on"]
    verbose_name_plural = gettext_lazy("checkpoints, one after each slice")
    hide_title = True

    @display(description=gettext_lazy("Weights"))
    def weights(self, checkpoint: Checkpoint) -> SafeString:
        return _short_code(checkpoint.digest)

    @display(description=gettext_lazy("Manifest root"))
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
    empty_text = gettext_lazy(
        "Nothing is trained yet. manage.py train trains one adapter for each shard."
    )
    inlines = [CheckpointInline]
    fieldsets = [
        (
            gettext_lazy("Which"),
            {"fields": ["plan", "shard", "generation", "state", "first_slice"]},
        ),
        (gettext_lazy("Weights"), {"fields": ["whole_digest", "shown_manifest"]}),
        (gettext_lazy("Replay"), {"fields": ["replay", "needs_replay", "trainer", "replayer"]}),
        (gettext_lazy("Times"), {"fields": ["created_at", "activated_at", "quarantined_at"]}),
        (
            gettext_lazy("Environment"),
            {"fields": ["shown_environment", "shown_replay_environment"]},
        ),
    ]
    readonly_fields = [
        "whole_digest",
        "shown_manifest",
        "shown_environment",
        "shown_replay_environment",
    ]

    @display(description=gettext_lazy("Adapter"), ordering="shard")
    def name(self, adapter: Adapter) -> str:
        return capfirst(str(adapter))

    @display(description=gettext_lazy("State"), ordering="state", label=ADAPTER_COLOURS)
    def coloured_state(self, adapter: Adapter) -> tuple[str, str]:
        return adapter.state, adapter.get_state_display()

    @display(
        description=gettext_lazy("Result of the replay"), ordering="replay", label=REPLAY_COLOURS
    )
    def coloured_replay(self, adapter: Adapter) -> tuple[str, str]:
        return adapter.replay, adapter.get_replay_display()

    @display(description=gettext_lazy("Digest"))
    def short(self, adapter: Adapter) -> str:
        return short_digest(adapter.digest)

    @display(description=gettext_lazy("Digest"))
    def whole_digest(self, adapter: Adapter) -> SafeString | str:
        return digest_code(adapter.digest)

    @display(description=gettext_lazy("Manifest of each slice"))
    def shown_manifest(self, adapter: Adapter) -> SafeString:
        return pretty_json(adapter.manifest)

    @display(description=gettext_lazy("Of the training"))
    def shown_environment(self, adapter: Adapter) -> SafeString:
        return pretty_json(adapter.environment)

    @display(description=gettext_lazy("Of the replay"))
    def shown_replay_environment(self, adapter: Adapter) -> SafeString:
        return pretty_json(adapter.replay_environment)


@admin.register(Release)
class ReleaseAdmin(ReadOnlyAdmin):
    """What is served and what was served before."""

    list_display = ["name", "standing", "kind", "calibrator", "short", "created_at"]
    list_filter = [("kind", ChoicesRadioFilter)]
    empty_text = gettext_lazy("Nothing was released yet. manage.py train makes the first release.")
    fields = ["number", "served", "kind", "whole_digest", "created_at", "plan", "shown_manifest"]
    readonly_fields = ["served", "whole_digest", "shown_manifest"]

    @display(description=gettext_lazy("Release"), ordering="number")
    def name(self, release: Release) -> str:
        return _("Release %(number)s") % {"number": release.number}

    def get_queryset(self, request: HttpRequest) -> QuerySet[Release]:
        return super().get_queryset(request).annotate(live_epoch=F("serving__epoch"))

    @display(description=gettext_lazy("Standing"), label={"live": "success", "past": ""})
    def standing(self, release: Any) -> tuple[str, str]:
        return "past" if release.live_epoch is None else "live", self.served(release)

    @display(description=gettext_lazy("Served"))
    def served(self, release: Any) -> str:
        if release.live_epoch is None:
            return _("Past")
        return _("Live in epoch %(epoch)s") % {"epoch": release.live_epoch}

    @display(description=gettext_lazy("Calibrator"), label={"fitted": "success", "plan": "warning"})
    def calibrator(self, release: Release) -> tuple[str, str]:
        fitted = release.manifest["calibrator"]["fitted"]
        return ("fitted", _("Fitted to it")) if fitted else ("plan", _("The plan's own"))

    @display(description=gettext_lazy("Digest"))
    def short(self, release: Release) -> str:
        return short_digest(release.digest)

    @display(description=gettext_lazy("Digest"))
    def whole_digest(self, release: Release) -> SafeString | str:
        return digest_code(release.digest)

    @display(description=gettext_lazy("Manifest"))
    def shown_manifest(self, release: Release) -> SafeString:
        return pretty_json(release.manifest)


@admin.register(Export)
class ExportAdmin(ReadOnlyAdmin):
    """Copies of weights in other places, and which of them an erasure has reached since."""

    list_display = ["name", "coloured_standing", "kind", "holds", "path", "created_at"]
    list_filter = [("kind", ChoicesRadioFilter)]
    empty_text = gettext_lazy(
        "Nothing was exported. manage.py export_adapter writes a copy of what is served."
    )
    fields = [
        *("standing", "kind", "holds", "omega", "release", "whole_digest", "path"),
        *("exported_by", "created_at", "gone_at"),
    ]
    readonly_fields = ["standing", "holds", "whole_digest"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Export]:
        checkpoints = Checkpoint.objects.select_related("adapter").order_by("adapter__shard")
        return super().get_queryset(request).prefetch_related(Prefetch("checkpoints", checkpoints))

    @display(description=gettext_lazy("Export"), ordering="pk")
    def name(self, export: Export) -> str:
        return capfirst(str(export))

    @display(
        description=gettext_lazy("Standing"),
        label={"out": "danger", "clean": "success", "gone": ""},
    )
    def coloured_standing(self, export: Export) -> tuple[str, str]:
        is_out = export.is_out_of_service and not export.gone_at
        return "gone" if export.gone_at else "out" if is_out else "clean", self.standing(export)

    @display(description=gettext_lazy("Standing"))
    def standing(self, export: Export) -> str:
        if export.gone_at:
            return _("Gone")
        if export.is_out_of_service:
            return _("Out of service: destroy all copies")
        return _("Clean")

    @display(description=gettext_lazy("Holds"))
    def holds(self, export: Export) -> str:
        return "; ".join(map(str, export.checkpoints.all()))

    @display(description=gettext_lazy("Digest"))
    def whole_digest(self, export: Export) -> SafeString | str:
        return digest_code(export.digest)
