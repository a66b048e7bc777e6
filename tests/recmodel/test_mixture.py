import copy
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from peft import PeftModel

from recmodel.adapter import AdapterState, save_adapter
from recmodel.mixture import Mixture, equal_weights
from recmodel.prefixes import PrefixCache
from recmodel.scoring import collate, score, score_prompts
from tests.recmodel import cast

PROMPTS = cast.prompts("alice", "bob", "charlie")


@pytest.fixture(scope="module")
def adapters(model):
    return {shard: cast.adapter(model, shard) for shard in (4, 0, 2)}


@pytest.fixture(scope="module")
def omega():
    return np.random.default_rng(1).dirichlet(np.ones(3), len(PROMPTS)).astype(np.float32)


@pytest.fixture(scope="module")
def stock(model, adapters, tmp_path_factory):
    """Stock PEFT over the same base with the adapters' checkpoints loaded under their shards."""
    folder = tmp_path_factory.mktemp("adapters")
    for shard, state in adapters.items():
        save_adapter(folder / str(shard), state)
    other = copy.deepcopy(model)
    peft = PeftModel.from_pretrained(other.lm, folder / "0", adapter_name="0")
    for shard in (2, 4):
        peft.load_adapter(folder / str(shard), adapter_name=str(shard))
    return other, peft


def test_nd_equals_pefts_concatenation_for_every_row(model, catalogue, adapters, omega, stock):
    other, peft = stock
    mixed = Mixture(model, adapters, "full", "nd").score(PROMPTS, catalogue, omega)
    for row, prompt in enumerate(PROMPTS):
        peft.add_weighted_adapter(
            ["0", "2", "4"], omega[row].tolist(), f"row-{row}", combination_type="cat"
        )
        peft.set_adapter(f"row-{row}")
        (expected,) = score_prompts(other, [prompt], catalogue)
        assert mixed[row] == pytest.approx(expected, abs=1e-5)


def _merged(model, adapters, omega, form):
    """The base with one sample's mixture added to its weights."""
    merged, weights = copy.deepcopy(model), dict(zip(sorted(adapters), omega, strict=True))
    linear = dict(merged.lm.named_modules())
    for name in adapters[0]:
        if ".lora_A." in name:
            pairs = {k: (a[name.replace("_A.", "_B.")], a[name]) for k, a in adapters.items()}
            if form == "nd":
                added = sum(w * pairs[k][0] @ pairs[k][1] for k, w in weights.items())
            else:
                B, A = (sum(w * pairs[k][i] for k, w in weights.items()) for i in (0, 1))
                added = B @ A
            layer = name.removeprefix("base_model.model.").removesuffix(".lora_A.weight")
            linear[layer].weight += adapters[0].alpha / adapters[0].rank * added
    return merged


@pytest.mark.parametrize("form", ["nd", "d"])
@pytest.mark.parametrize("scope", ["suffix", "full"])
def test_both_forms_equal_explicitly_merged_weights(model, catalogue, adapters, omega, scope, form):
    mixed = Mixture(model, adapters, scope, form).score(PROMPTS, catalogue, omega)
    for row, prompt in enumerate(PROMPTS):
        merged = _merged(model, adapters, omega[row].tolist(), form)
        reader = model if scope == "suffix" else merged
        past = PrefixCache(reader, catalogue).past([prompt])
        expected = score(merged, collate([prompt], catalogue), past=past)[0]
        assert mixed[row] == pytest.approx(expected.numpy(), abs=1e-5)


def test_the_forms_differ_much(model, catalogue, adapters, omega):
    nd, d = (
        np.concatenate(Mixture(model, adapters, form=form).score(PROMPTS, catalogue, omega))
        for form in ("nd", "d")
    )
    assert np.abs(nd - d).max() > 0.01


@pytest.mark.parametrize("form", ["nd", "d"])
@pytest.mark.parametrize("scope", ["suffix", "full"])
def test_different_omegas_in_one_batch_equal_one_by_one(
    model, catalogue, adapters, omega, scope, form
):
    mixture = Mixture(model, adapters, scope, form)
    together = mixture.score(PROMPTS, catalogue, omega)
    for row, prompt in enumerate(PROMPTS):
        (alone,) = mixture.score([prompt], catalogue, omega[row : row + 1])
        assert alone.tobytes() == together[row].tobytes()


@pytest.mark.parametrize("form", ["nd", "d"])
@pytest.mark.parametrize("scope", ["suffix", "full"])
def test_one_hot_is_that_adapter_alone(model, catalogue, adapters, scope, form):
    mixture = Mixture(model, adapters, scope, form)
    assert mixture.shards == (0, 2, 4)
    for column, shard in enumerate(mixture.shards):
        mixed = mixture.score(PROMPTS, catalogue, cast.one_hot(len(PROMPTS), 3, column))
        alone = Mixture(model, {shard: adapters[shard]}, scope).score(PROMPTS, catalogue)
        for one, other in zip(mixed, alone, strict=True):
            assert one == pytest.approx(other, abs=1e-5)


def test_suffix_scope_leaves_the_prefix_to_the_base(model, catalogue, adapters):
    """The prefix' keys and values are the frozen base's, whatever omega."""
    mixture = Mixture(model, adapters)
    seen = []
    layer = mixture._model.lm.model.layers[1].self_attn.k_proj
    layer.register_forward_hook(lambda _m, _in, out: seen.append(out.clone()))
    for column in range(3):
        mixture.score(PROMPTS[-1:], catalogue, cast.one_hot(1, 3, column))
    prefixes, suffixes = seen[::2], seen[1::2]
    assert torch.equal(prefixes[0], prefixes[1])
    assert not torch.equal(suffixes[0], suffixes[1])
    full = Mixture(model, adapters, "full").score(PROMPTS, catalogue)
    assert not np.allclose(np.concatenate(full), np.concatenate(mixture.score(PROMPTS, catalogue)))


def test_without_adapters_it_is_the_frozen_base(model, catalogue):
    mixture = Mixture(model, {})
    base = score_prompts(model, PROMPTS, catalogue)
    empty = mixture.score(PROMPTS, catalogue, equal_weights(len(PROMPTS), 0))
    for given in (mixture.score(PROMPTS, catalogue), empty):
        assert all(a.tobytes() == b.tobytes() for a, b in zip(given, base, strict=True))


def test_no_weight_on_any_adapter_is_the_frozen_base(model, catalogue, adapters):
    nothing = np.zeros((len(PROMPTS), 3), np.float32)
    mixed = Mixture(model, adapters).score(PROMPTS, catalogue, nothing)
    base = score_prompts(model, PROMPTS, catalogue)
    assert all((a == b).all() for a, b in zip(mixed, base, strict=True))


def test_none_weighs_all_alike(model, catalogue, adapters):
    mixture = Mixture(model, adapters)
    one = mixture.score(PROMPTS, catalogue)
    other = mixture.score(PROMPTS, catalogue, equal_weights(len(PROMPTS), 3))
    assert all(a.tobytes() == b.tobytes() for a, b in zip(one, other, strict=True))


def test_the_base_is_left_as_it_was(model, adapters, base_weights):
    Mixture(model, adapters)
    assert base_weights.keys() == model.state_dict().keys()
    assert all(torch.equal(base_weights[n], t) for n, t in model.state_dict().items())


def test_the_bases_weights_stand_in_memory_once(model, adapters):
    ours = {tensor.data_ptr() for tensor in model.parameters()}
    mixed = Mixture(model, adapters)._model
    assert ours <= {tensor.data_ptr() for tensor in mixed.parameters()}
    assert mixed.gate is not model.gate


def test_threads_score_side_by_side_with_weights_of_their_own(model, catalogue, adapters):
    mixture = Mixture(model, adapters)
    omegas = [cast.one_hot(len(PROMPTS), 3, column) for column in (0, 1, 2)] * 4
    expected = [np.concatenate(mixture.score(PROMPTS, catalogue, omega)) for omega in omegas]
    with ThreadPoolExecutor(4) as pool:
        found = pool.map(lambda omega: mixture.score(PROMPTS, catalogue, omega), omegas)
        for one, other in zip(expected, found, strict=True):
            assert one == pytest.approx(np.concatenate(other), abs=1e-5)


@pytest.mark.parametrize("shape", [(len(PROMPTS), 2), (len(PROMPTS),)])
def test_an_omega_of_another_shape_is_an_error(model, catalogue, adapters, shape):
    with pytest.raises(ValueError, match="one column for each of the 3 adapters"):
        Mixture(model, adapters).score(PROMPTS, catalogue, np.ones(shape, np.float32))


def test_adapters_of_different_scale_cannot_be_mixed(model, adapters):
    odd = AdapterState(adapters[0].tensors, 4, 16, adapters[0].target_modules)
    with pytest.raises(ValueError, match="cannot be mixed"):
        Mixture(model, {0: adapters[0], 1: odd})
