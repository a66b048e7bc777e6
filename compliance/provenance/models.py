"""Which record shaped what: plans, places of records, prompts, adapters, checkpoints, releases."""

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from compliance.records.models import Interaction, Subject
from recmodel.partition import BALANCED, unpacked
from recmodel.taste import Embeddings, Floats

DIGEST_LENGTH = len("sha256:") + 64


class FirstByte(models.Func):
    """The first byte of a binary column, as a number."""

    function = "get_byte"
    template = "%(function)s(%(expressions)s, 0)"
    output_field = models.SmallIntegerField()


class Plan(models.Model):
    """The frozen configuration that training depends on. To change it is to make a new plan."""

    digest = models.CharField(max_length=DIGEST_LENGTH, unique=True)
    config = models.JSONField()
    is_active = models.BooleanField(default=False)
    created_at = models.DateTimeField(_("created at"), default=timezone.now)

    class Meta:
        ordering = ["-created_at"]
        verbose_name = _("plan")
        verbose_name_plural = _("plans")
        constraints = [
            models.UniqueConstraint(
                fields=["is_active"], condition=Q(is_active=True), name="plan_one_active"
            ),
        ]

    def __str__(self) -> str:
        return self.digest[:19]

    @property
    def shards(self) -> int:
        return int(self.config["partition"]["shards"])

    @property
    def slices(self) -> int:
        return int(self.config["partition"]["slices"])

    @property
    def partition_key(self) -> bytes:
        return bytes.fromhex(self.config["partition"]["key"])

    @property
    def method(self) -> str:
        return str(self.config["partition"]["method"])

    @property
    def looks_at_everybody(self) -> bool:
        """Tell whether the partition was made from all subjects' records and then frozen."""
        return self.method == BALANCED

    @property
    def centre(self) -> Embeddings:
        """Return what tastes are measured from: the catalogue's mean when the plan was made."""
        return unpacked(self.config["partition"]["centre"])

    @property
    def centroids(self) -> Floats | None:
        """Return each shard's centroid, float64 [K, d]; None where the partitioner has none."""
        packed = self.config["partition"].get("centroids")
        if packed is None:
            return None
        return unpacked(packed).astype("f8").reshape(self.shards, -1)

    @property
    def slice_by(self) -> list[str]:
        """Return the erasure classes that slices go by; none where the keyed hash alone decides."""
        return list(self.config["partition"].get("slice_by", []))


class RecordPlace(models.Model):
    """Where one record stands: shard, slice, and place in its subject's time order.

    A validation subject's records have no shard: no adapter learns from them.
    """

    interaction = models.OneToOneField(
        Interaction, on_delete=models.CASCADE, primary_key=True, related_name="record_place"
    )
    plan = models.ForeignKey(Plan, on_delete=models.CASCADE, related_name="places", db_index=False)
    subject = models.ForeignKey(
        Subject, on_delete=models.CASCADE, related_name="places", db_index=False
    )
    shard = models.PositiveSmallIntegerField(null=True)
    slice = models.PositiveSmallIntegerField()
    place = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["subject", "place"], name="record_place_once"),
        ]
        indexes = [models.Index(fields=["plan", "shard", "slice"], name="record_place_shard")]

    def __str__(self) -> str:
        return f"record #{self.interaction_id} at {self.place}"


class FrozenShard(models.Model):
    """The shard that a partitioner which looked at everybody gave to a subject. Personal data.

    `taste` follows the subject's placed records. Newcomers go to the nearest mean of those kept.
    """

    subject = models.OneToOneField(Subject, on_delete=models.CASCADE, primary_key=True)
    plan = models.ForeignKey(Plan, on_delete=models.CASCADE, related_name="frozen_shards")
    shard = models.PositiveSmallIntegerField()
    taste = models.BinaryField(help_text="Little-endian float32.")

    def __str__(self) -> str:
        return f"shard {self.shard} for subject #{self.subject_id}"


class Prompt(models.Model):
    """A training or validation example as a range of its subject's places.

    The history prefix is `[first, target)`, the target suffixes are `[target, end)`.
    """

    plan = models.ForeignKey(Plan, on_delete=models.CASCADE, related_name="prompts", db_index=False)
    subject = models.ForeignKey(
        Subject, on_delete=models.CASCADE, related_name="prompts", db_index=False
    )
    shard = models.PositiveSmallIntegerField(null=True)
    slice = models.PositiveSmallIntegerField()
    first = models.PositiveIntegerField()
    target = models.PositiveIntegerField()
    end = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["subject", "target"], name="prompt_once"),
            models.CheckConstraint(
                condition=Q(first__lte=F("target"), target__lt=F("end")), name="prompt_range"
            ),
        ]
        indexes = [models.Index(fields=["plan", "shard", "slice"], name="prompt_shard")]

    def __str__(self) -> str:
        return f"prompt [{self.first}, {self.target}, {self.end})"


class SubjectLeaf(models.Model):
    """A placed subject's leaf in the tree over all records, and in its slice's training manifest.

    Position and leaf are keyed: they commit to who it is and to the placed records.
    """

    subject = models.OneToOneField(
        Subject, on_delete=models.CASCADE, primary_key=True, related_name="leaf"
    )
    plan = models.ForeignKey(Plan, on_delete=models.CASCADE, related_name="leaves", db_index=False)
    shard = models.PositiveSmallIntegerField(null=True)
    slice = models.PositiveSmallIntegerField()
    position = models.BinaryField(max_length=32)
    leaf = models.BinaryField(max_length=32)
    records = models.PositiveIntegerField()
    taught = models.BooleanField(help_text="Whether a prompt was made of the records.")

    class Meta:
        verbose_name_plural = "subject leaves"
        indexes = [
            models.Index(fields=["plan", "shard", "slice"], name="subject_leaf_shard"),
            models.Index("plan", FirstByte("position"), name="subject_leaf_branch"),
        ]

    def __str__(self) -> str:
        return f"leaf of subject #{self.subject_id}"


class TreeBranch(models.Model):
    """A branch of the tree over all leaves, kept so that few leaves need be read for its root.

    Postgres removes the row with any change of a leaf below it; `branches_fill` writes it anew.
    """

    plan = models.ForeignKey(Plan, on_delete=models.CASCADE, related_name="+", db_index=False)
    first_byte = models.PositiveSmallIntegerField()
    hash = models.BinaryField(max_length=32)
    leaves = models.PositiveIntegerField()
    records = models.PositiveBigIntegerField()

    class Meta:
        verbose_name_plural = "tree branches"
        constraints = [
            models.UniqueConstraint(fields=["plan", "first_byte"], name="tree_branch_once"),
        ]

    def __str__(self) -> str:
        return f"branch {self.first_byte:02x}"


class AdapterState(models.TextChoices):
    PENDING = "pending", _("Waiting for a worker")
    TRAINING = "training", _("Training")
    VERIFYING = "verifying", _("Being replayed")
    ACTIVE = "active", _("Active")
    QUARANTINED = "quarantined", _("Quarantined")
    SUPERSEDED = "superseded", _("Superseded")
    FAILED = "failed", _("Failed")


OPEN_ADAPTER_STATES = (AdapterState.PENDING, AdapterState.TRAINING, AdapterState.VERIFYING)


class Replay(models.TextChoices):
    NOT_RUN = "not-run", _("Not run")
    IDENTICAL = "identical", _("Identical")
    DIFFERS = "differs", _("Differs")


class Adapter(models.Model):
    """One generation of a shard's LoRA weights: one training of it."""

    plan = models.ForeignKey(
        Plan, on_delete=models.CASCADE, related_name="adapters", verbose_name=_("plan")
    )
    shard = models.PositiveSmallIntegerField(
        _("shard"),
    )
    generation = models.PositiveIntegerField(
        _("generation"),
    )
    state = models.CharField(
        _("state"), max_length=16, choices=AdapterState.choices, default=AdapterState.PENDING
    )
    first_slice = models.PositiveSmallIntegerField(
        _("first slice"),
        help_text=_("Training started here; earlier checkpoints were clean and stayed."),
    )
    manifest = models.JSONField(help_text="Root and number of records of each slice trained on.")
    records_added = models.IntegerField(
        default=0, help_text="Records that joined the shard since the generation before."
    )
    records_withdrawn = models.PositiveIntegerField(
        default=0,
        help_text="Records that left the shard since then without being erased: their subject "
        "moved, or has too few left for a prompt.",
    )
    digest = models.CharField(max_length=DIGEST_LENGTH, blank=True)
    needs_replay = models.BooleanField(_("needs replay"), default=False)
    replay = models.CharField(
        _("replay"), max_length=12, choices=Replay.choices, default=Replay.NOT_RUN
    )
    trainer = models.CharField(_("trainer"), max_length=120, blank=True)
    replayer = models.CharField(_("replayer"), max_length=120, blank=True)
    environment = models.JSONField(default=dict, help_text="Fingerprint of the training process.")
    replay_environment = models.JSONField(default=dict)
    created_at = models.DateTimeField(_("created at"), default=timezone.now)
    activated_at = models.DateTimeField(_("activated at"), null=True)
    quarantined_at = models.DateTimeField(_("quarantined at"), null=True)

    class Meta:
        ordering = ["shard", "-generation"]
        verbose_name = _("adapter")
        verbose_name_plural = _("adapters")
        constraints = [
            models.UniqueConstraint(
                fields=["plan", "shard", "generation"], name="adapter_generation_once"
            ),
            models.UniqueConstraint(
                fields=["plan", "shard"], condition=Q(state="active"), name="adapter_one_active"
            ),
            models.UniqueConstraint(
                fields=["plan", "shard"],
                condition=Q(state__in=["pending", "training", "verifying"]),
                name="adapter_one_open",
            ),
            models.CheckConstraint(
                condition=~Q(state="active") | ~Q(digest=""), name="adapter_active_has_digest"
            ),
            models.CheckConstraint(
                condition=~Q(state="active", needs_replay=True) | Q(replay="identical"),
                name="adapter_active_was_replayed",
            ),
        ]

    def __str__(self) -> str:
        words = {"shard": self.shard, "generation": self.generation}
        return _("shard %(shard)s, generation %(generation)s") % words


class CheckpointQuerySet(models.QuerySet["Checkpoint"]):
    def clean(self) -> "CheckpointQuerySet":
        """Checkpoints that no erased record has shaped."""
        return self.filter(quarantined_at=None, destroyed_at=None)


class Checkpoint(models.Model):
    """A shard's weights after one slice. The artefact store finds them by their digest."""

    adapter = models.ForeignKey(Adapter, on_delete=models.CASCADE, related_name="checkpoints")
    slice = models.PositiveSmallIntegerField(
        _("slice"),
    )
    digest = models.CharField(max_length=DIGEST_LENGTH)
    root = models.CharField(
        max_length=DIGEST_LENGTH, help_text="Manifest root of the slice's records."
    )
    quarantined_at = models.DateTimeField(_("quarantined at"), null=True)
    destroyed_at = models.DateTimeField(_("destroyed at"), null=True)

    objects = CheckpointQuerySet.as_manager()

    class Meta:
        ordering = ["adapter", "slice"]
        constraints = [
            models.UniqueConstraint(fields=["adapter", "slice"], name="checkpoint_once"),
        ]
        indexes = [models.Index(fields=["digest"], name="checkpoint_digest")]

    def __str__(self) -> str:
        return _("%(adapter)s, slice %(slice)s") % {"adapter": self.adapter, "slice": self.slice}


class ErrorRow(models.Model):
    """How wrong certain weights are on one validation subject's prompts.

    Weights are named by their digest: a checkpoint that a later generation keeps keeps its errors.
    """

    weights = models.CharField(max_length=DIGEST_LENGTH)
    subject = models.ForeignKey(Subject, on_delete=models.CASCADE, related_name="error_rows")
    errors = models.BinaryField(help_text="Little-endian int32, one for each validation prompt.")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["weights", "subject"], name="error_row_once"),
        ]

    def __str__(self) -> str:
        return f"errors of {self.weights[:19]} on subject #{self.subject_id}"


class FittedCalibrator(models.Model):
    """The calibrator fitted for what a release consists of, named by the digest of that."""

    plan = models.ForeignKey(Plan, on_delete=models.CASCADE, related_name="calibrators")
    inputs = models.CharField(max_length=DIGEST_LENGTH)
    content = models.JSONField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["plan", "inputs"], name="calibrator_once"),
        ]

    def __str__(self) -> str:
        return f"calibrator for {self.inputs[:19]}"


class ReleaseKind(models.TextChoices):
    FULL = "full", _("Full")  # every shard with its whole adapter
    INTERIM = "interim", _("Interim")  # some shard with an earlier checkpoint, or none


class Release(models.Model):
    """What is served, as a manifest that says what it was made from."""

    plan = models.ForeignKey(
        Plan, on_delete=models.CASCADE, related_name="releases", verbose_name=_("plan")
    )
    number = models.PositiveIntegerField(_("number"), unique=True)
    kind = models.CharField(_("kind"), max_length=8, choices=ReleaseKind.choices)
    manifest = models.JSONField()
    digest = models.CharField(max_length=DIGEST_LENGTH)
    created_at = models.DateTimeField(_("created at"), default=timezone.now)
    checkpoints = models.ManyToManyField(Checkpoint, related_name="releases")

    class Meta:
        ordering = ["-number"]
        verbose_name = _("release")
        verbose_name_plural = _("releases")

    def __str__(self) -> str:
        return _("release %(number)s") % {"number": self.number}


class Serving(models.Model):
    """The one row that says what is live. Approvals and publications take turns on its lock."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    release = models.ForeignKey(Release, on_delete=models.PROTECT, null=True)
    epoch = models.PositiveBigIntegerField(default=0)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(id=1), name="serving_one_row")]

    def __str__(self) -> str:
        return f"epoch {self.epoch}"


class ExportKind(models.TextChoices):
    ADAPTER = "adapter", _("One adapter")
    WEIGHTS = "weights", _("A mixture at weights that were given")
    SUBJECT = "subject", _("A mixture at one subject's weights")


class Export(models.Model):
    """A copy of weights in a folder of the operator's, where no quarantine reaches it.

    Holds nothing of a person: the weights of a mixture that a subject's records led to stay out.
    """

    release = models.ForeignKey(
        Release, on_delete=models.PROTECT, related_name="exports", verbose_name=_("release")
    )
    checkpoints = models.ManyToManyField(Checkpoint, related_name="exports")
    kind = models.CharField(_("kind"), max_length=8, choices=ExportKind.choices)
    omega = models.JSONField(
        _("omega"), null=True, help_text=_("Weights in the order of the shards.")
    )
    digest = models.CharField(max_length=DIGEST_LENGTH)
    path = models.TextField(_("path"), help_text=_("The folder it was written to."))
    exported_by = models.CharField(
        _("exported by"), max_length=200, help_text=_("The operating system's user.")
    )
    created_at = models.DateTimeField(_("created at"), default=timezone.now)
    gone_at = models.DateTimeField(
        _("gone at"), null=True, help_text=_("When the operator said that no copy is left.")
    )

    class Meta:
        ordering = ["-pk"]
        verbose_name = _("export")
        verbose_name_plural = _("exports")

    def __str__(self) -> str:
        return _("export %(number)s") % {"number": self.pk}

    @property
    def is_out_of_service(self) -> bool:
        """Tell whether its weights were quarantined since, and it is not known to be gone."""
        return self.gone_at is None and any(one.quarantined_at for one in self.checkpoints.all())
