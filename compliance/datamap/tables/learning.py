"""What the model learned from whom, and what is served."""

from compliance.datamap.columns import Erased, Fate, Table, Whose, keyed, none, personal
from compliance.datamap.fates import UNTIL_ERASED

UNTIL_LEAF_CHANGES = Fate(
    Erased.APPROVAL, "until a leaf below it changes, as with any erasure there"
)
WHO_EXPORTED = Fate(Erased.NEVER, "for good: whoever took a copy out must destroy it")

LEARNING = [
    Table(
        "provenance_plan",
        "Frozen configurations of training.",
        {
            "id": none("row number"),
            "digest": none("digest of the configuration"),
            "config": none("the configuration; its centroids are means over many people"),
            "is_active": none("whether it is in force"),
            "created_at": none("when it was made"),
        },
    ),
    Table(
        "provenance_recordplace",
        "Where each record stands in training.",
        {
            "interaction_id": personal("the record", UNTIL_ERASED),
            "plan_id": none("the plan"),
            "subject_id": personal("the person", UNTIL_ERASED),
            "shard": personal("where it taught", UNTIL_ERASED),
            "slice": personal("where it taught", UNTIL_ERASED),
            "place": personal("place in the person's time order", UNTIL_ERASED),
        },
    ),
    Table(
        "provenance_frozenshard",
        "Shards given by a partitioner that looked at everybody.",
        {
            "subject_id": personal("the person", UNTIL_ERASED),
            "plan_id": none("the plan"),
            "shard": personal("the person's shard", UNTIL_ERASED),
            "taste": personal("mean of what the person liked", UNTIL_ERASED),
        },
    ),
    Table(
        "provenance_prompt",
        "Training examples, as ranges of a person's records.",
        {
            "id": personal("row number", UNTIL_ERASED),
            "plan_id": none("the plan"),
            "subject_id": personal("the person", UNTIL_ERASED),
            "shard": personal("where it taught", UNTIL_ERASED),
            "slice": personal("where it taught", UNTIL_ERASED),
            "first": personal("start of the history", UNTIL_ERASED),
            "target": personal("start of the targets", UNTIL_ERASED),
            "end": personal("end of the targets", UNTIL_ERASED),
        },
    ),
    Table(
        "provenance_subjectleaf",
        "What a training manifest says of a person.",
        {
            "subject_id": personal("the person", UNTIL_ERASED),
            "plan_id": none("the plan"),
            "shard": personal("where it taught", UNTIL_ERASED),
            "slice": personal("where it taught", UNTIL_ERASED),
            "position": keyed("the identifier", UNTIL_ERASED),
            "leaf": keyed("the records", UNTIL_ERASED),
            "records": personal("how many records", UNTIL_ERASED),
            "taught": personal("whether anything was learned", UNTIL_ERASED),
        },
    ),
    Table(
        "provenance_treebranch",
        "Hashes over many leaves.",
        {
            "id": none("row number"),
            "plan_id": none("the plan"),
            "first_byte": none("which branch"),
            "hash": keyed("all leaves below", UNTIL_LEAF_CHANGES),
            "leaves": none("how many leaves"),
            "records": none("how many records"),
        },
    ),
    Table(
        "provenance_adapter",
        "Generations of trained weights. The weights are files.",
        {
            "id": none("row number"),
            "plan_id": none("the plan"),
            "shard": none("the shard"),
            "generation": none("which training of it"),
            "state": none("state"),
            "first_slice": none("where the training started"),
            "manifest": none("one hash over all who taught a slice, and how many records"),
            "records_added": none("a number"),
            "records_withdrawn": none("a number"),
            "digest": none("digest of the weights"),
            "needs_replay": none("whether it must be replayed"),
            "replay": none("how the replay went"),
            "trainer": none("the worker process"),
            "replayer": none("the worker process"),
            "environment": none("versions and hardware of the training"),
            "replay_environment": none("versions and hardware of the replay"),
            "created_at": none("when"),
            "activated_at": none("when"),
            "quarantined_at": none("when"),
        },
    ),
    Table(
        "provenance_checkpoint",
        "Weights after each slice.",
        {
            "id": none("row number"),
            "adapter_id": none("the adapter"),
            "slice": none("the slice"),
            "digest": none("digest of the weights"),
            "root": none("one hash over all who taught the slice"),
            "quarantined_at": none("when it went out of service"),
            "destroyed_at": none("when its file was destroyed"),
        },
    ),
    Table(
        "provenance_errorrow",
        "How wrong weights are about people whom nothing was learned from.",
        {
            "id": personal("row number", UNTIL_ERASED),
            "weights": none("digest of the weights"),
            "subject_id": personal("the person", UNTIL_ERASED),
            "errors": personal("errors on the person's records", UNTIL_ERASED),
        },
    ),
    Table(
        "provenance_fittedcalibrator",
        "Calibrators, fitted over many people.",
        {
            "id": none("row number"),
            "plan_id": none("the plan"),
            "inputs": none("digest of what it was fitted for"),
            "content": none("a few numbers for each shard"),
        },
    ),
    Table(
        "provenance_release",
        "What is or was served.",
        {
            "id": none("row number"),
            "plan_id": none("the plan"),
            "number": none("number"),
            "kind": none("full or interim"),
            "manifest": none("digests of weights, and one hash over all people"),
            "digest": none("digest of the manifest"),
            "created_at": none("when"),
        },
    ),
    Table(
        "provenance_release_checkpoints",
        "Which weights a release serves.",
        {
            "id": none("row number"),
            "release_id": none("the release"),
            "checkpoint_id": none("the checkpoint"),
        },
    ),
    Table(
        "provenance_serving",
        "What is live.",
        {
            "id": none("always 1"),
            "release_id": none("the release"),
            "epoch": none("a counter"),
        },
    ),
    Table(
        "provenance_export",
        "Copies of weights that an operator took out.",
        {
            "id": none("row number"),
            "release_id": none("the release"),
            "kind": none("what was exported"),
            "omega": none("weights that the operator gave; none for a person's"),
            "digest": none("digest of the copy"),
            "path": none("the folder it was written to"),
            "exported_by": personal("the operating system's user", WHO_EXPORTED, Whose.STAFF),
            "created_at": none("when"),
            "gone_at": none("when no copy was left"),
        },
    ),
    Table(
        "provenance_export_checkpoints",
        "Which weights a copy holds.",
        {
            "id": none("row number"),
            "export_id": none("the export"),
            "checkpoint_id": none("the checkpoint"),
        },
    ),
]
