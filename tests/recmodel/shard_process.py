"""Trains one shard in a process of its own, beside others (see test_side_by_side)."""

import json
import sys
import time

from recmodel.base import load_base
from recmodel.catalogue import Catalogue
from recmodel.determinism import configure
from recmodel.training import TrainingConfig, initial_state, train_slice
from tests.recmodel import cast

CONFIG = TrainingConfig(epochs=4, min_history=2)
SUBJECTS = ("alice", "bob", "charlie")


def trained(shard: int, device: str = "cpu") -> str:
    """Train the shipped base's adapter of a shard and return its digest."""
    model = load_base().to(device)
    catalogue = Catalogue([f"item-{n}" for n in range(60)], cast.vectors(384))
    prompts = cast.prompts(*(f"{name}-{shard}" for name in SUBJECTS), n=50)
    start = initial_state(model, CONFIG, shard)
    return train_slice(model, CONFIG, shard, 0, prompts, start, catalogue).digest


def main() -> None:
    configure(1)
    print("ready", flush=True)
    sys.stdin.readline()
    began = time.monotonic()
    digest = trained(int(sys.argv[1]), sys.argv[2])
    print(json.dumps({"digest": digest, "began": began, "ended": time.monotonic()}))


if __name__ == "__main__":
    main()
