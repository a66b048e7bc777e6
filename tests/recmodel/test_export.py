"""An aggregate at a fixed omega is one ordinary adapter, and the mixture at that omega."""

import copy
import json

import numpy as np
import pytest
import torch
from peft import PeftModel

from recmodel.adapter import AdapterState, load_adapter
from recmodel.export import OmegaError, aggregate, exported
from recmodel.mixture import Mixture
from recmodel.scoring import score_prompts
from tests.recmodel import cast

PROMPTS = cast.prompts("alice", "bob", "charlie")
OMEGA = {0: 0.55, 2: 0.3, 4: 0.15}


@pytest.fixture(scope="module")
def adapters(model):
    return {shard: cast.adapter(model, shard) for shard in (4, 0, 2)}


def update(state: AdapterState, name: str) -> torch.Tensor:
    """What an adapter adds to one layer's weight."""
    return state.alpha / state.rank * (state[name.replace("_A.", "_B.")] @ state[name])


@pytest.mark.parametrize("form", ["nd", "d"])
def test_stock_peft_with_the_aggregate_gives_the_mixtures_logits(
    model, catalogue, adapters, tmp_path, form
):
    with exported(tmp_path / "all", aggregate(adapters, OMEGA, form)):
        pass
    omega = np.tile(np.float32(list(OMEGA.values())), (len(PROMPTS), 1))
    mixed = Mixture(model, adapters, "full", form).score(PROMPTS, catalogue, omega)
    other = copy.deepcopy(model)
    PeftModel.from_pretrained(other.lm, tmp_path / "all")
    stock = score_prompts(other, PROMPTS, catalogue)
    frozen = score_prompts(model, PROMPTS, catalogue)
    for a, b, base in zip(mixed, stock, frozen, strict=True):
        assert b == pytest.approx(a, abs=1e-5)
        assert np.abs(b - base).max() > 0.01


def test_the_update_is_the_weighed_sum_of_the_adapters_updates(adapters):
    joined = aggregate(adapters, OMEGA)
    assert (joined.rank, joined.alpha) == (12, 24)
    for name in joined:
        if ".lora_A." in name:
            wanted = sum(OMEGA[shard] * update(adapters[shard], name) for shard in adapters)
            assert torch.allclose(update(joined, name), wanted, atol=1e-6)


def test_the_decomposed_form_keeps_the_rank(adapters):
    joined = aggregate(adapters, OMEGA, "d")
    assert (joined.rank, joined.alpha) == (4, 8)


def test_adapters_of_weight_zero_take_no_rank(adapters):
    assert aggregate(adapters, {0: 0.5, 2: 0, 4: 0.5}).rank == 8
    alone = aggregate(adapters, {0: 0, 2: 1, 4: 0})
    assert alone.digest == adapters[2].digest


@pytest.mark.parametrize(
    ("omega", "fault"),
    [
        ({0: 0.5, 2: 0.5}, "2 weights for 3 adapters"),
        ({0: 0.5, 2: 0.5, 7: 0}, "give one for each"),
        ({0: 0.5, 2: 0.3, 4: 0.1}, "add up to 0.9"),
        ({0: 1.2, 2: -0.2, 4: 0}, "weight of shard 0 is 1.2"),
        ({0: float("nan"), 2: 0.5, 4: 0.5}, "weight of shard 0 is nan"),
        ({0: float("inf"), 2: 0, 4: 0}, "weight of shard 0 is inf"),
        ({}, "0 weights for 3 adapters"),
    ],
)
def test_a_bad_omega_is_refused_by_name(adapters, omega, fault):
    with pytest.raises(OmegaError, match=fault):
        aggregate(adapters, omega)


def test_adapters_of_different_shape_are_refused(adapters):
    odd = AdapterState(adapters[0].tensors, 4, 16, adapters[0].target_modules)
    with pytest.raises(ValueError, match="different rank, alpha"):
        aggregate({0: odd, 2: adapters[2]}, {0: 0.5, 2: 0.5})


def test_a_checkpoint_holds_what_multi_lora_servers_ask_for(adapters, tmp_path):
    """vLLM reads these fields, and refuses the others where they are set."""
    state = aggregate(adapters, OMEGA)
    with exported(tmp_path / "all", state):
        pass
    config = json.loads((tmp_path / "all" / "adapter_config.json").read_text())
    assert (config["peft_type"], config["r"], config["lora_alpha"]) == ("LORA", 12, 24)
    assert config["bias"] == "none"
    refused = ("modules_to_save", "use_dora", "use_rslora", "rank_pattern", "alpha_pattern")
    assert not any(config.get(name) for name in refused)
    assert {name.rpartition(".lora_")[0].rpartition(".")[2] for name in state} == set(
        config["target_modules"]
    )
    assert load_adapter(tmp_path / "all").digest == state.digest


def test_nothing_stands_at_the_path_when_the_block_fails(adapters, tmp_path):
    with pytest.raises(RuntimeError, match="stop"), exported(tmp_path / "one", adapters[0]):
        raise RuntimeError("stop")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", ["folder", "file", "link", "dangling link"])
def test_what_is_there_already_stays(adapters, tmp_path, kind):
    path, elsewhere = tmp_path / "one", tmp_path / "elsewhere"
    elsewhere.mkdir()
    if kind == "folder":
        path.mkdir()
    elif kind == "file":
        path.write_text("kept")
    else:
        path.symlink_to(elsewhere if kind == "link" else tmp_path / "nothing")
    with pytest.raises(FileExistsError, match="is there already"), exported(path, adapters[0]):
        pass
    assert sorted(p.name for p in tmp_path.iterdir()) == ["elsewhere", "one"]
    assert list(elsewhere.iterdir()) == []
