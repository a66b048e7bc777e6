"""A small world for tests: items, people and a release, made in milliseconds."""

from datetime import UTC, datetime, timedelta

import numpy as np
import torch

from compliance.accounts.models import ApiClient
from compliance.accounts.services import client_create
from compliance.provenance.artefacts import artefact_path
from compliance.provenance.models import Adapter, AdapterState, Plan
from compliance.provenance.releases import release_publish
from compliance.records.models import Interaction, Item, ItemEmbedding, Subject
from recmodel.adapter import AdapterState as Weights
from recmodel.adapter import save_adapter
from recmodel.base import load_base
from recmodel.training import TrainingConfig, initial_state
from tests.plans import ANSWERING, centre

ENCODER = "sha256:" + "e" * 64
START = datetime(2024, 1, 1, tzinfo=UTC)


def make_plan(*, shards: int = 2, slices: int = 1) -> Plan:
    config = {
        "base": {"digest": load_base().digest},
        "encoder": {"digest": ENCODER},
        "like_threshold": "3.5",
        "partition": {
            "method": "hash",
            "key": "ab" * 32,
            "shards": shards,
            "slices": slices,
            "validation_share": 0.0,
            "centre": centre(),
        },
        **ANSWERING,
        "training": TrainingConfig(rank=2).to_dict(),
    }
    return Plan.objects.create(digest="sha256:" + "1" * 64, config=config, is_active=True)


def make_items(count: int) -> list[Item]:
    """Items i-000, i-001, … with random embeddings of length 1."""
    items = Item.objects.bulk_create(
        Item(external_id=f"i-{place:03}", title=f"Title {place}") for place in range(count)
    )
    vectors = np.random.default_rng(1).standard_normal((count, 384)).astype("<f4")
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    ItemEmbedding.objects.bulk_create(
        ItemEmbedding(item=item, encoder=ENCODER, text_digest="", vector=vector.tobytes())
        for item, vector in zip(items, vectors, strict=True)
    )
    return items


def make_subject(name: str, ratings: dict[str, float]) -> Subject:
    """A subject with ratings, one an hour."""
    subject = Subject.objects.create(external_id=name)
    items = dict(Item.objects.values_list("external_id", "pk"))
    Interaction.objects.bulk_create(
        Interaction(subject=subject, item_id=items[item], rating=rating, occurred_at=START + hour)
        for (item, rating), hour in zip(
            ratings.items(), (timedelta(hours=h) for h in range(len(ratings))), strict=True
        )
    )
    return subject


def make_weights(plan: Plan, seed: int) -> Weights:
    """Weights that change the base's answers, unlike freshly drawn ones."""
    config = TrainingConfig.from_dict(plan.config["training"])
    state = initial_state(load_base(), config, seed)
    generator = torch.Generator().manual_seed(seed)
    tensors = {
        name: torch.randn(tensor.shape, generator=generator) * 0.2 if "lora_B" in name else tensor
        for name, tensor in state.items()
    }
    return Weights(tensors, state.rank, state.alpha, state.target_modules)


def serve(plan: Plan, shard: int, *, seed: int, generation: int = 1) -> Weights:
    """Put an adapter for `shard` in service."""
    weights = make_weights(plan, seed)
    save_adapter(artefact_path(weights.digest), weights)
    Adapter.objects.filter(plan=plan, shard=shard, state=AdapterState.ACTIVE).update(
        state=AdapterState.SUPERSEDED
    )
    adapter = Adapter.objects.create(
        plan=plan,
        shard=shard,
        generation=generation,
        state=AdapterState.ACTIVE,
        first_slice=0,
        manifest=[{"root": f"sha256:{shard:064x}", "records": 1}],
        digest=weights.digest,
    )
    adapter.checkpoints.create(slice=0, digest=weights.digest, root=adapter.manifest[0]["root"])
    release_publish(plan=plan)
    return weights


def make_release(*, items: int = 40) -> Plan:
    """Items, two subjects with history, one without, and a release of two shards."""
    make_items(items)
    make_subject("alice", {"i-001": 5, "i-002": 4, "i-003": 1})
    make_subject("bob", {"i-001": 5, "i-004": 4.5, "i-005": 2})
    make_subject("newcomer", {})
    plan = make_plan()
    for shard in range(plan.shards):
        serve(plan, shard, seed=shard)
    return plan


def make_client(*scopes: str, name: str = "shop") -> tuple[ApiClient, dict[str, str]]:
    """An API client with the headers that carry its key."""
    client, key = client_create(name=name, scopes=scopes)
    return client, {"authorization": f"Bearer {key}"}
