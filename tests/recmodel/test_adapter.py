import copy
import json
from pathlib import Path

import pytest
import torch
from peft import PeftModel, get_peft_model_state_dict

from recmodel.adapter import load_adapter, save_adapter
from recmodel.gate import Gating
from recmodel.lora import attach, initial_adapter
from recmodel.scoring import collate, score
from recmodel.training import initial_state
from tests.recmodel import cast


@pytest.fixture
def state(model):
    return cast.adapter(model, 3)


def test_what_is_saved_is_what_is_loaded(tmp_path, state):
    digest = save_adapter(tmp_path / "a", state)
    loaded = load_adapter(tmp_path / "a")
    assert digest == loaded.digest == state.digest
    assert (loaded.rank, loaded.alpha, loaded.target_modules) == (4, 8, state.target_modules)
    assert sorted(p.name for p in (tmp_path / "a").iterdir()) == [
        "adapter_config.json",
        "adapter_model.safetensors",
    ]


def test_stock_peft_loads_it_and_answers_the_same(tmp_path, model, catalogue, state):
    save_adapter(tmp_path / "a", state)
    other = copy.deepcopy(model)
    peft = PeftModel.from_pretrained(other.lm, tmp_path / "a")
    stock = {f"base_model.model.{n}": t for n, t in _bare(peft).items()}
    assert stock.keys() == state.keys()
    assert all(torch.equal(stock[name], state[name]) for name in state)
    batch = collate(cast.prompts("alice"), catalogue)
    ours = score(attach(model, state), batch, Gating(torch.ones(1, 4), "full"))
    assert torch.allclose(ours, score(other, batch), atol=1e-5)


def _bare(peft) -> dict[str, torch.Tensor]:
    found = get_peft_model_state_dict(peft)
    return {name.removeprefix("base_model.model."): tensor for name, tensor in found.items()}


def test_saving_twice_replaces_and_leaves_nothing_behind(tmp_path, model, state):
    save_adapter(tmp_path / "a", cast.adapter(model, 1))
    save_adapter(tmp_path / "a", state)
    assert load_adapter(tmp_path / "a").digest == state.digest
    assert [p.name for p in tmp_path.iterdir()] == ["a"]


def test_a_failed_save_leaves_no_half_checkpoint(tmp_path, state, monkeypatch):
    def full(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("recmodel.adapter.save", full)
    with pytest.raises(OSError, match="disk full"):
        save_adapter(tmp_path / "a", state)
    assert list(tmp_path.iterdir()) == []


def test_a_checkpoint_appears_when_it_is_complete(tmp_path, state, monkeypatch):
    """What a killed process leaves is never under the checkpoint's name."""
    before_renaming = []
    monkeypatch.setattr(
        Path, "replace", lambda *_: before_renaming.append((tmp_path / "a").exists())
    )
    save_adapter(tmp_path / "a", state)
    assert before_renaming == [False]
    assert not (tmp_path / "a").exists()


def test_files_are_the_same_bytes_every_time(tmp_path, state):
    save_adapter(tmp_path / "a", state)
    save_adapter(tmp_path / "b", state)
    for name in ("adapter_config.json", "adapter_model.safetensors"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_a_checkpoint_that_is_not_plain_lora_is_refused(tmp_path, state):
    save_adapter(tmp_path / "a", state)
    path = tmp_path / "a" / "adapter_config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"use_rslora": True}))
    with pytest.raises(ValueError, match="not a plain LoRA checkpoint"):
        load_adapter(tmp_path / "a")


def test_the_first_weights_change_nothing_yet(model, catalogue, config):
    state = initial_state(model, config, 0)
    batch = collate(cast.prompts("alice"), catalogue)
    adapted = score(attach(model, state), batch, Gating(torch.ones(1, 4), "full"))
    assert torch.equal(adapted, score(model, batch))


def test_the_first_weights_ignore_the_global_generator_and_leave_it_alone(model, config):
    torch.manual_seed(1)
    one = initial_state(model, config, 0)
    before = torch.get_rng_state()
    attach(model, one)
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(2)
    assert initial_state(model, config, 0).digest == one.digest


def test_the_first_weights_ignore_which_other_modules_there_are(model):
    def draw(*targets: str):
        return initial_adapter(model, rank=4, alpha=8, target_modules=targets, seed=b"s")

    many, few = draw("q_proj", "v_proj", "o_proj"), draw("v_proj")
    assert all(torch.equal(few[name], many[name]) for name in few)


def test_modules_shards_and_seeds_draw_differently(model, config):
    state = initial_state(model, config, 0)
    assert initial_state(model, config, 1).digest != state.digest
    drawn = {tensor.flatten()[0].item() for name, tensor in state.items() if ".lora_A." in name}
    assert len(drawn) == len(state) / 2


def test_the_first_weights_are_spread_as_pefts(model, config):
    for name, tensor in initial_state(model, config, 0).items():
        if ".lora_A." in name:
            bound = tensor.shape[1] ** -0.5
            assert tensor.abs().max() <= bound
            assert tensor.std().item() == pytest.approx(bound / 3**0.5, rel=0.2)


def test_an_adapter_for_another_base_is_refused(model, config, state):
    fewer = initial_adapter(model, rank=4, alpha=8, target_modules=("q_proj",), seed=b"s")
    with pytest.raises(ValueError, match="does not fit this base"):
        attach(model, type(state)(fewer.tensors, 4, 8, ("q_proj", "v_proj")))


def test_unknown_layers_are_named(model):
    with pytest.raises(ValueError, match=r"must name linear layers: .*q_proj"):
        initial_adapter(model, rank=4, alpha=8, target_modules=("query",), seed=b"s")
