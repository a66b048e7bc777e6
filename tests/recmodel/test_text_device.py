"""bfloat16 bases, devices and device maps: what can be checked without a GPU, and what cannot."""

import pytest
import torch

from recmodel import hardware
from recmodel.gate import Gating
from recmodel.lora import adapter_parameters, attach
from recmodel.mixture import Mixture
from recmodel.prefixes import PrefixCache
from recmodel.scoring import collate, score
from recmodel.template import Template
from recmodel.text_base import load_text
from recmodel.training import initial_state, train_slice
from tests.recmodel import cast, text_cast

PROMPTS = cast.prompts("alice", "bob")
CATALOGUE = text_cast.catalogue()
META = torch.device("meta")

on_a_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return str(text_cast.save(tmp_path_factory.mktemp("base"), "llama"))


def _trained(model, **more: object):
    config = text_cast.training("llama", **more)
    return train_slice(model, config, 0, 0, PROMPTS, initial_state(model, config, 0), CATALOGUE)


@pytest.mark.parametrize("scope", ["suffix", "full"])
def test_a_bfloat16_base_takes_float32_adapters(folder, scope):
    model = load_text(folder, Template.read(), dtype="bfloat16")
    assert model.packs
    assert model.dtype == torch.bfloat16
    adapted = attach(model, cast.adapter(model, 1, text_cast.training("llama")))
    assert {p.dtype for p in adapter_parameters(adapted).values()} == {torch.float32}
    state = _trained(model, scope=scope, recompute=scope == "suffix")
    assert {tensor.dtype for tensor in state.values()} == {torch.float32}
    assert state.digest == _trained(model, scope=scope, recompute=scope == "suffix").digest
    fine = Mixture(load_text(folder, Template.read()), {0: state}, scope)
    for one, other in zip(
        Mixture(model, {0: state}, scope).score(PROMPTS, CATALOGUE),
        fine.score(PROMPTS, CATALOGUE),
        strict=True,
    ):
        assert one == pytest.approx(other, abs=0.2)


def test_the_dtype_is_part_of_the_digest(folder):
    digests = {load_text(folder, Template.read(), dtype=name).digest for name in hardware.DTYPES}
    assert len(digests) == 2


def test_a_device_map_gives_the_bits_of_one_device(folder):
    """Where there is one device; the hooks that move tensors are there all the same."""
    spread = load_text(folder, Template.read(), device_map="auto")
    assert _trained(spread).digest == _trained(load_text(folder, Template.read())).digest


@pytest.mark.parametrize("scope", ["suffix", "full"])
@pytest.mark.parametrize("family", text_cast.FAMILIES)
def test_every_tensor_is_made_on_the_bases_device(family, scope):
    """The meta device computes nothing, and refuses to be mixed with another."""
    model = text_cast.text_model(family)
    adapted = attach(model.to(META), cast.adapter(model, 0, text_cast.training(family)))
    gating = Gating(torch.ones(1, 4, device=META), scope)
    batch = collate(PROMPTS, CATALOGUE).to(META)
    assert score(adapted, batch, gating).device == META
    if scope == "suffix":
        past = PrefixCache(model, CATALOGUE).past(PROMPTS)
        assert score(adapted, batch, gating, past).device == META


def test_without_a_gpu_a_new_plan_is_for_the_cpu_in_float32():
    expected = ("cuda", "bfloat16") if torch.cuda.is_available() else ("cpu", "float32")
    assert (hardware.device(), hardware.dtype()) == expected


@on_a_gpu
@pytest.mark.parametrize("scope", ["suffix", "full"])
@pytest.mark.parametrize("dtype", hardware.DTYPES)
def test_training_repeats_to_the_bit_on_a_gpu(folder, dtype, scope):
    runs = [_trained(load_text(folder, Template.read(), dtype=dtype), scope=scope) for _ in "ab"]
    assert runs[0].digest == runs[1].digest


@on_a_gpu
def test_recomputing_gives_the_bits_of_keeping_on_a_gpu(folder):
    """There another thread goes the way back, and the gate is local to a thread."""
    model = load_text(folder, Template.read(), dtype="bfloat16")
    assert _trained(model, recompute=True).digest == _trained(model).digest


@on_a_gpu
@pytest.mark.parametrize("dtype", hardware.DTYPES)
def test_a_prompt_scores_the_same_bits_in_any_company_on_a_gpu(folder, dtype):
    model = load_text(folder, Template.read(), dtype=dtype)
    assert model.packs
    config = text_cast.training("llama")
    mixture = Mixture(model, {k: cast.adapter(model, k, config) for k in range(3)})
    together = mixture.score(PROMPTS, CATALOGUE)
    for place, prompt in enumerate(PROMPTS):
        (alone,) = mixture.score([prompt], CATALOGUE)
        assert alone.tobytes() == together[place].tobytes()
