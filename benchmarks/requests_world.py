"""An installation to measure: Postgres, a plan with subjects, and a long list of requests.

Nothing here is timed. The weights are stand-ins (no approval reads a tensor); the rows about them
are those that training, replay and refit write.
"""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np

SHARDS, SLICES, VALIDATION_SHARE = 8, 4, 0.1
ITEMS, DIMENSION = 1_000, 384
START = datetime(2024, 1, 1, tzinfo=UTC)
DIGEST = "sha256:" + "c" * 64
ENVIRONMENT = {"canary": DIGEST, "fingerprint": DIGEST}


@contextmanager
def installation() -> Iterator[Any]:
    """Yield a new installation's own Postgres, which commits to the disk as in production."""
    with tempfile.TemporaryDirectory(prefix="lethe-bench-") as folder:
        from compliance import embedded

        with embedded.start(Path(folder)) as server:
            os.environ |= server.environment() | {
                "DJANGO_SETTINGS_MODULE": "compliance.settings",
                "LETHE_VAR": folder,
                "LETHE_LOG_LEVEL": "ERROR",
            }
            import django
            from django.core.management import call_command

            django.setup()
            call_command("create_keys", stdout=StringIO())
            call_command("migrate", verbosity=0)
            yield server
            from django.db import connections

            connections.close_all()


def make_plan(subjects: int, records: int) -> Any:
    """Return a plan in force whose shards are trained, replayed, judged and released."""
    from compliance.provenance.adapters import shard_sync
    from compliance.provenance.partitioning import frozen_catalogue
    from compliance.provenance.placement import place_new_records
    from compliance.provenance.plans import plan_activate
    from recmodel.calibrator import SCORES, Calibrator
    from recmodel.partition import SEMANTIC
    from recmodel.training_config import TrainingConfig

    _catalogue()
    _people(subjects, records)
    flat = (0.0,) * len(SCORES)
    plan = plan_activate(
        config={
            "base": {"digest": "sha256:" + "1" * 64},
            "encoder": {"digest": DIGEST},
            "like_threshold": "3.5",
            "partition": {
                "method": SEMANTIC,
                "key": "ab" * 32,
                "shards": SHARDS,
                "slices": SLICES,
                "validation_share": VALIDATION_SHARE,
                **frozen_catalogue(DIGEST, SEMANTIC, SHARDS),
            },
            "mixture": {
                "form": "nd",
                "strategy": "attention",
                "neighbours": 64,
                "tau": 30.0,
                "prompts_per_subject": 2,
            },
            "calibrator": Calibrator(
                centre=flat, scale=tuple(1.0 for _ in SCORES), weights=flat, bias=0.0
            ).to_dict(),
            "training": TrainingConfig().to_dict(),
        }
    )
    place_new_records(plan)
    for shard in range(plan.shards):
        shard_sync(plan=plan, shard=shard, needs_replay=True)
    settle(plan)
    return plan


def settle(plan: Any) -> None:
    """Do what workers do with what waits for training, until the release is settled."""
    from django.db import transaction

    from compliance.canonical import json_digest
    from compliance.provenance import releases

    with transaction.atomic():
        for adapter in plan.adapters.filter(state="pending").select_related("plan"):
            _train(adapter)
        served = releases.served_checkpoints(plan)
        inputs = json_digest(releases.release_inputs(plan, served))
        releases.calibrator_add(plan, inputs=inputs, content=plan.config["calibrator"])
        release = releases.release_publish(plan=plan)
    assert releases.is_settled(release)


def make_requests(server: Any, number: int) -> None:
    """Write requests of three years, one of a hundred open, with their events and certificates.

    As the superuser, whom the triggers let pass: one by one through the states they would take
    hours.
    """
    with server.superuser() as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute(_REQUESTS, {"number": number})
        connection.execute(_EVENTS)
        connection.execute(_CERTIFICATES)
    analyze(server)


def analyze(server: Any) -> None:
    """Do what autovacuum does within a minute of so many new rows."""
    with server.superuser() as connection:
        connection.autocommit = True
        connection.execute("VACUUM ANALYZE")


def _catalogue() -> None:
    from compliance.records.models import Item, ItemEmbedding

    vectors = np.random.default_rng(1).standard_normal((ITEMS, DIMENSION)).astype("<f4")
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    items = Item.objects.bulk_create(
        Item(external_id=f"i-{number:04}", title=f"Title {number}") for number in range(ITEMS)
    )
    ItemEmbedding.objects.bulk_create(
        ItemEmbedding(item=item, encoder=DIGEST, text_digest="", vector=vector.tobytes())
        for item, vector in zip(items, vectors, strict=True)
    )


def _people(subjects: int, records: int) -> None:
    """Each has between half and one and a half times `records`, of items drawn at random."""
    from django.db import connection

    from compliance.records.models import Item, Subject

    rng = np.random.default_rng(2)
    people = Subject.objects.bulk_create(
        (Subject(external_id=f"s-{number}") for number in range(subjects)), batch_size=5_000
    )
    items = list(Item.objects.order_by("pk").values_list("pk", flat=True))
    command = (
        "COPY records_interaction (subject_id, item_id, rating, occurred_at, ingested_at) "
        "FROM STDIN"
    )
    with connection.cursor() as cursor, cursor.copy(command) as copy:
        for person in people:
            count = int(rng.integers(records // 2, records + records // 2 + 1))
            for hour, place in enumerate(rng.permutation(ITEMS)[:count]):
                at = START + timedelta(hours=hour)
                copy.write_row((person.pk, items[place], int(rng.integers(1, 6)), at, at))


def _train(adapter: Any) -> None:
    """Stand in for the worker that trains, the one that replays, and the one that judges."""
    from compliance.provenance import adapters
    from compliance.provenance.models import ErrorRow, Prompt

    adapters.adapter_start(adapter, trainer="bench:1", environment=ENVIRONMENT)
    digests = []
    for slice_ in range(adapter.first_slice, SLICES):
        name = f"{adapter.shard}/{adapter.generation}/{slice_}"
        digests.append("sha256:" + sha256(name.encode()).hexdigest())
        adapters.checkpoint_add(adapter, slice_=slice_, digest=digests[-1])
    # Where only later slices changed, and none has prompts left, the last kept one is the whole.
    digest = digests[-1] if digests else adapter.checkpoints.order_by("-slice")[0].digest
    validation = Prompt.objects.filter(plan=adapter.plan, shard=None)
    people = sorted(set(validation.values_list("subject_id", flat=True)))
    ErrorRow.objects.bulk_create(
        (
            ErrorRow(weights=one, subject_id=who, errors=b"\0" * 8)
            for one in digests
            for who in people
        ),
        batch_size=5_000,
    )
    adapters.adapter_trained(adapter, digest=digest)
    adapters.adapter_replayed(adapter, digest=digest, replayer="bench:2", environment=ENVIRONMENT)


_REQUESTS = """
INSERT INTO erasure_erasurerequest (id, state, channel, ground, scope_kind, language, source,
    subject_commitment, received_at, due_on, identity, identity_index, identity_method,
    verified_at, decided_at, completed_at, outcome, erased_interactions, release_before,
    release_interim, release_after)
SELECT gen_random_uuid(), state, (ARRAY['api', 'portal', 'opendsr', 'admin'])[1 + n %% 4],
    '17(1)(b)', 'everything', '', '', '', received, (received + interval '1 month')::date,
    CASE WHEN is_open THEN decode(repeat('ab', 140), 'hex') END,
    CASE WHEN is_open THEN sha256(n::text::bytea) END,
    'code', received + interval '1 day',
    CASE WHEN NOT is_open THEN received + interval '9 days' END,
    CASE WHEN state = 'completed' THEN received + interval '10 days' END,
    CASE WHEN state = 'completed' THEN 'full' ELSE '' END,
    CASE WHEN state = 'completed' THEN 64 END, '', '', ''
FROM (
    SELECT n, n %% 100 = 0 AS is_open,
        CASE WHEN n %% 100 = 0 THEN 'in_review' WHEN n %% 100 < 4 THEN 'denied'
            WHEN n %% 100 = 4 THEN 'cancelled' WHEN n %% 100 = 5 THEN 'expired'
            ELSE 'completed' END AS state,
        now() - CASE WHEN n %% 100 = 0 THEN interval '40 days' ELSE interval '1095 days' END
            * (n::float / %(number)s) AS received
    FROM generate_series(1, %(number)s) AS n
) AS drawn
"""
_EVENTS = """
INSERT INTO erasure_erasureevent (request_id, at, step, from_state, to_state, actor, note)
SELECT id, received_at + nth * interval '1 day', 'moved', came, gone, 'client:1', ''
FROM erasure_erasurerequest, LATERAL (VALUES
    (0, '', 'received'), (0, 'received', 'awaiting_identity'),
    (1, 'awaiting_identity', 'in_review'), (9, 'in_review', state)) AS moves (nth, came, gone)
WHERE gone <> came
"""
_CERTIFICATES = """
INSERT INTO evidence_certificate (id, request_id, envelope, digest, key_id, issued_at)
SELECT gen_random_uuid(), id, decode(repeat('ab', 4096), 'hex'),
    'sha256:' || encode(sha256(id::text::bytea), 'hex'), repeat('ab', 32), completed_at
FROM erasure_erasurerequest WHERE state = 'completed'
"""
