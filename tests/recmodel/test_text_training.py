"""The rules of exactness, for the text front end: three families, three kinds of tokenizers."""

import hashlib
import json
import subprocess
import sys

import pytest
import torch

from recmodel.adapter import load_adapter, save_adapter
from recmodel.gate import Gating
from recmodel.lora import attach
from recmodel.prefixes import PrefixCache
from recmodel.recomputing import recompute
from recmodel.scoring import collate, score
from recmodel.training import initial_state, mean_loss, train_slice
from tests.recmodel import cast, text_cast

PROMPTS = cast.prompts("alice", "bob", "charlie")
OTHERS = cast.prompts("dora", "eve")
CATALOGUE = text_cast.catalogue()


@pytest.fixture(scope="module", params=text_cast.FAMILIES)
def family(request):
    return request.param


@pytest.fixture(scope="module")
def model(family):
    return text_cast.text_model(family)


@pytest.fixture
def train(model, family):
    def run(prompts=PROMPTS, slice_=0, state=None, config=None, **more):
        config = config or text_cast.training(family)
        start = initial_state(model, config, 0) if state is None else state
        return train_slice(model, config, 0, slice_, prompts, start, CATALOGUE, **more)

    return run


@pytest.fixture(scope="module")
def elsewhere():
    """What a process of its own comes to, family by family."""
    command = [sys.executable, "-m", "tests.recmodel.text_process"]
    out = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(out.stdout)


def test_the_bits_are_those_of_another_process_and_no_generator_tells(train, family, elsewhere):
    torch.manual_seed(1)
    assert train().digest == elsewhere[family]


def test_the_order_of_arrival_is_irrelevant(train):
    assert train(PROMPTS[::-1]).digest == train().digest


def test_resuming_from_a_checkpoint_equals_going_on(train, tmp_path):
    first = train(PROMPTS, 0)
    straight = train(OTHERS, 1, first)
    save_adapter(tmp_path / "slice-0", first)
    assert train(OTHERS, 1, load_adapter(tmp_path / "slice-0")).digest == straight.digest
    assert train([], 1, first) is first


def test_a_slice_without_a_subject_is_a_slice_that_never_had_it(train):
    """A training of all of them before it, over the same base, tells nothing."""
    without = [prompt for prompt in PROMPTS if prompt.subject != "bob"]
    first = train(without).digest
    assert train().digest != first
    assert train(without).digest == first


def test_full_scope_trains_other_bits_as_repeatably(train, family):
    config = text_cast.training(family, scope="full")
    one = train(PROMPTS[:3], config=config)
    assert one.digest == train(PROMPTS[:3][::-1], config=config).digest
    assert one.digest != train(PROMPTS[:3]).digest


def test_training_lowers_the_loss_and_leaves_the_base_alone(train, model, family):
    before = hashlib.sha256(model.digest.encode()).digest()
    config = text_cast.training(family, epochs=8)
    batch, gating = collate(PROMPTS, CATALOGUE), Gating(torch.ones(1, config.rank))
    trained = train(config=config)
    adapted = mean_loss(score(attach(model, trained), batch, gating), batch)
    assert adapted < mean_loss(score(model, batch), batch) - 0.05
    assert hashlib.sha256(model.digest.encode()).digest() == before


@pytest.mark.parametrize("scope", ["suffix", "full"])
def test_gradients_are_those_of_one_suffix_a_row(model, family, scope):
    """What packing trains is what plain windows, one target each, would."""
    config = text_cast.training(family, scope=scope)
    batch = collate(PROMPTS[:3], CATALOGUE)
    gradients = []
    for packs in (True, False):
        adapted = attach(model, cast.adapter(model, 5, config))
        adapted.packs = packs
        loss = mean_loss(score(adapted, batch, Gating(torch.ones(1, 4), scope)), batch)
        torch.autograd.backward(loss)
        gradients.append([p.grad for p in adapted.parameters() if p.grad is not None])
    assert len(gradients[0]) == len(gradients[1]) > 3
    for one, other in zip(*gradients, strict=True):
        assert torch.allclose(one, other, atol=1e-4 * other.abs().max())


@pytest.mark.parametrize("scope", ["suffix", "full"])
def test_recomputing_gives_the_bits_of_keeping(model, family, scope):
    """Broken by a gate that is off on the way back: nothing would be learnt there."""
    config = text_cast.training(family, scope=scope)
    batch, gradients, read = collate(PROMPTS[:3], CATALOGUE), [], []
    for again in (False, True):
        adapted = attach(model, cast.adapter(model, 5, config))
        if again:
            recompute(adapted, scope)
        adapted.packs = scope == "suffix"
        first = adapted.lm.base_model.layers[0]
        first.input_layernorm.register_forward_pre_hook(lambda *_, again=again: read.append(again))
        past = PrefixCache(model, CATALOGUE).past(batch.prompts) if adapted.packs else None
        loss = mean_loss(score(adapted, batch, Gating(torch.ones(1, 4), scope), past), batch)
        torch.autograd.backward(loss)
        gradients.append([p.grad for p in adapted.parameters() if p.grad is not None])
    assert all(torch.equal(one, other) for one, other in zip(*gradients, strict=True))
    assert read.count(True) > read.count(False)


@pytest.mark.parametrize("scope", ["suffix", "full"])
def test_a_slice_is_trained_by_recomputing(train, family, scope):
    config = text_cast.training(family, scope=scope, recompute=True)
    trained = train(PROMPTS[:3], config=config)
    assert trained.digest == train(PROMPTS[2::-1], config=config).digest
    if scope == "suffix":
        keeping = text_cast.training(family)
        assert trained.digest == train(PROMPTS[:3], config=keeping).digest


def test_passes_sum_up_to_the_whole_step(train, family):
    """One step of all prompts, in passes of 1, 2 and all: the same gradient up to rounding."""
    states = [
        train(config=text_cast.training(family, batch_prompts=16, pass_prompts=size))
        for size in (0, 16, 1, 2)
    ]
    whole, also_whole, *parts = states
    assert whole.digest == also_whole.digest
    for part in parts:
        for name in whole:
            assert torch.allclose(whole[name], part[name], atol=2e-4)


def test_passes_repeat_to_the_bit_and_take_the_steps_order(train, family):
    config = text_cast.training(family, pass_prompts=1)
    assert train(config=config).digest == train(PROMPTS[::-1], config=config).digest
