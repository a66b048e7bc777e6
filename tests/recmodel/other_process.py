"""Trains in a process of its own and prints the digests (see conftest.other_process)."""

import json

import torch

from recmodel.determinism import canary, configure
from recmodel.training import initial_state, train_slice
from tests.recmodel import cast


def main() -> None:
    configure(1)
    torch.manual_seed(99)
    model = cast.tiny_model()
    torch.manual_seed(99)
    start = initial_state(model, cast.CONFIG, 0)
    prompts = cast.prompts("alice", "bob", "charlie")
    trained = train_slice(model, cast.CONFIG, 0, 0, prompts, start, cast.tiny_catalogue())
    print(json.dumps({"trained": trained.digest, "canary": canary()}))


if __name__ == "__main__":
    main()
