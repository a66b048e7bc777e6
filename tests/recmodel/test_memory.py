"""Memory is told before it is taken, and a training is made to fit."""

from dataclasses import replace

import pytest
import torch

from recmodel import hardware
from recmodel.lora import adapter_size
from recmodel.memory import MemoryShortError, base_bytes, check_loads, fitted, need
from recmodel.template import Template
from recmodel.text_base import load_text
from recmodel.text_defaults import training_defaults
from recmodel.training import initial_state
from tests.recmodel import text_cast

LLAMA = text_cast.shape("llama")
BATCH = text_cast.training("llama", batch_prompts=16)


@pytest.mark.parametrize("family", text_cast.FAMILIES)
def test_the_bases_bytes_are_counted_without_loading_it(family):
    """Tied weights, as Qwen2's here, once."""
    model = text_cast.text_model(family)
    counted = base_bytes(model.lm.config, torch.float32)
    assert counted == sum(parameter.nbytes for parameter in model.lm.parameters())
    assert base_bytes(model.lm.config, torch.bfloat16) == counted // 2


def test_a_base_that_does_not_fit_is_refused_before_it_is_loaded(tmp_path, monkeypatch):
    text_cast.save(tmp_path)
    (tmp_path / "model.safetensors").unlink()
    monkeypatch.setattr(hardware, "free_bytes", lambda _: 2**20)
    message = r"takes .* MiB as float32 .* 1.0 MiB are free: use a smaller base"
    with pytest.raises(MemoryShortError, match=message):
        load_text(str(tmp_path), Template.read())


def test_one_that_fits_is_let_through():
    check_loads("base", LLAMA, torch.float32, 2**40)


def test_less_memory_makes_smaller_passes_and_then_recomputes():
    def fit(free: int):
        found = fitted(LLAMA, torch.float32, BATCH, 1000, free)
        return found.pass_prompts, found.recompute

    def takes(size: int, recompute: bool) -> int:
        tried = replace(BATCH, pass_prompts=size, recompute=recompute)
        return need(LLAMA, torch.float32, tried, 1000).training

    assert fit(takes(0, False)) == (0, False)
    assert fit(takes(0, False) - 1) == (8, False)
    assert fit(takes(1, False)) == (1, False)
    assert fit(takes(1, False) - 1)[1]
    assert fit(takes(1, True)) == (1, True)
    with pytest.raises(MemoryShortError, match=r"choose a smaller history_size"):
        fit(takes(1, True) - 1)


@pytest.mark.parametrize("family", text_cast.FAMILIES)
def test_defaults_adapt_the_attention_of_each_family(family):
    model = text_cast.text_model(family)
    config = training_defaults(model, "ab" * 32, 2**40)
    assert config.target_modules == text_cast.LAYERS[family]
    assert (config.rank, config.alpha, config.learning_rate) == (8, 16, 1e-4)
    state = initial_state(model, config, 0)
    weights = sum(tensor.numel() for tensor in state.values())
    assert adapter_size(model, config.rank, config.target_modules) == weights
