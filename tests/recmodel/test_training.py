import sys

import pytest
import torch

from recmodel.adapter import load_adapter, save_adapter
from recmodel.gate import Gating
from recmodel.lora import attach
from recmodel.scoring import collate, score
from recmodel.training import TrainingConfig, initial_state, mean_loss, pace, train_slice
from recmodel.training_config import ConfigError
from tests.recmodel import cast

PROMPTS = cast.prompts("alice", "bob", "charlie")
OTHERS = cast.prompts("dora", "eve")


@pytest.fixture
def train(model, catalogue, config):
    def run(prompts=PROMPTS, slice_=0, state=None, config=config, shard=0, **more):
        start = initial_state(model, config, shard) if state is None else state
        return train_slice(model, config, shard, slice_, prompts, start, catalogue, **more)

    return run


def test_the_same_bits_twice_whatever_the_global_generator(train):
    torch.manual_seed(1)
    one = train()
    torch.manual_seed(2)
    torch.rand(5)
    assert train().digest == one.digest


def test_the_same_bits_in_another_process(train, other_process):
    assert other_process["trained"] == train().digest


def test_the_order_of_arrival_is_irrelevant(train):
    assert train(PROMPTS[::-1]).digest == train().digest


def test_an_empty_slice_returns_the_state_it_got(train, model, config):
    state = cast.adapter(model, 1)
    assert train([], state=state) is state


def test_resuming_from_a_checkpoint_equals_going_on(train, tmp_path):
    first = train(PROMPTS, 0)
    straight = train(OTHERS, 1, first)
    save_adapter(tmp_path / "slice-0", first)
    assert train(OTHERS, 1, load_adapter(tmp_path / "slice-0")).digest == straight.digest


def test_what_other_slices_hold_does_not_matter(train):
    """An empty slice in between, or training something else before, leaves no trace."""
    first = train(PROMPTS, 0)
    train(OTHERS, 5)
    assert train(OTHERS, 2, train([], 1, first)).digest == train(OTHERS, 2, first).digest


def test_slices_shards_and_seeds_order_differently(train, model, config):
    start = cast.adapter(model, 1)
    runs = [
        train(state=start),
        train(state=start, slice_=1),
        train(state=start, shard=1),
        train(state=start, config=TrainingConfig.from_dict(config.to_dict() | {"seed": "ab" * 32})),
    ]
    assert len({run.digest for run in runs}) == 4


def test_each_epoch_has_an_order_of_its_own(train, monkeypatch, model):
    seen = []
    real = sys.modules["recmodel.training"].collate

    def watched(prompts, catalogue):
        seen.extend(prompts)
        return real(prompts, catalogue)

    monkeypatch.setattr("recmodel.training.collate", watched)
    train()
    first, second = seen[: len(PROMPTS)], seen[len(PROMPTS) :]
    assert first != second
    assert sorted(map(hash, first)) == sorted(map(hash, second)) == sorted(map(hash, PROMPTS))


def test_neither_start_nor_base_is_changed(train, model, base_weights):
    start = cast.adapter(model, 1)
    before = start.digest
    assert train(state=start).digest != before
    assert start.digest == before
    assert all(torch.equal(base_weights[n], t) for n, t in model.state_dict().items())
    assert not any(parameter.requires_grad for parameter in model.parameters())


@pytest.mark.parametrize("scope", ["suffix", "full"])
def test_training_lowers_the_loss(train, model, catalogue, config, scope):
    config = TrainingConfig.from_dict(config.to_dict() | {"scope": scope, "epochs": 10})
    batch = collate(PROMPTS, catalogue)
    before = mean_loss(score(model, batch), batch)
    trained = train(config=config)
    gating = Gating(torch.ones(1, config.rank), scope)
    after = mean_loss(score(attach(model, trained), batch, gating), batch)
    assert after < before - 0.05


def test_padding_takes_no_part_in_the_loss(model, catalogue):
    tight, loose = collate(PROMPTS[-1:], catalogue), collate(PROMPTS[-1:], catalogue, 20, 30)
    one, other = (mean_loss(score(model, batch), batch) for batch in (tight, loose))
    assert one.item() == pytest.approx(other.item(), abs=1e-6)


def test_progress_is_told_and_may_abort(train):
    told = []
    train(on_step=lambda done, total: told.append((done, total)))
    assert told[-1] == (2 * len(PROMPTS), 2 * len(PROMPTS))
    assert [done for done, _ in told] == sorted({done for done, _ in told})

    def stop(done: int, total: int) -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        train(on_step=stop)


def test_the_pace_warms_up_and_ends_near_zero():
    paces = [pace(step, 100, 0.1) for step in range(100)]
    assert paces[0] == pytest.approx(0.1)
    assert max(paces) == pytest.approx(1.0)
    assert paces[9] == pytest.approx(1.0)
    assert paces[-1] < 0.001
    assert pace(0, 1, 0.1) == 1.0


def test_the_configuration_survives_json(config):
    assert TrainingConfig.from_dict(config.to_dict()) == config


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("rank", 0),
        ("rank", True),
        ("alpha", 0.5),
        ("learning_rate", "fast"),
        ("learning_rate", float("nan")),
        ("epochs", 2.0),
        ("scope", "prefix"),
        ("seed", "00"),
        ("target_modules", ["self_attn.q_proj"]),
        ("target_modules", []),
        ("momentum", 0.9),
    ],
)
def test_a_wrong_value_is_named_with_its_remedy(field, value):
    with pytest.raises(ConfigError, match=rf"{field}.*: (give|remove)"):
        TrainingConfig.from_dict({field: value})
