"""Trains over each family of text bases in a process of its own and prints the digests."""

import json

import torch

from recmodel.determinism import configure
from recmodel.training import initial_state, train_slice
from tests.recmodel import cast, text_cast


def main() -> None:
    configure(1)
    torch.manual_seed(99)
    found = {}
    for family in text_cast.FAMILIES:
        model, config = text_cast.text_model(family), text_cast.training(family)
        start = initial_state(model, config, 0)
        prompts = cast.prompts("alice", "bob", "charlie")
        trained = train_slice(model, config, 0, 0, prompts, start, text_cast.catalogue())
        found[family] = trained.digest
    print(json.dumps(found))


if __name__ == "__main__":
    main()
