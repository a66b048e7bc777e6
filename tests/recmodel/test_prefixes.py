from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch

from recmodel import prefixes, scoring, training
from recmodel.base import load_base
from recmodel.catalogue import Catalogue
from recmodel.gate import Gating
from recmodel.lora import attach
from recmodel.mixture import Mixture
from recmodel.prefixes import PrefixCache, read
from recmodel.prompts import Prompt
from recmodel.scoring import collate, score
from recmodel.training import initial_state, train_slice
from tests.recmodel import cast

PROMPTS = cast.prompts("alice", "bob", "charlie")
OTHERS = cast.prompts("dora", "eve")
LONGEST = max(PROMPTS, key=lambda prompt: len(prompt.prefix))
ENTRY = 2 * 2 * 32 * 4  # layers, keys and values, hidden size, float32: bytes a reaction


@pytest.fixture
def cache(model, catalogue):
    return PrefixCache(model, catalogue)


@pytest.fixture
def readings(monkeypatch):
    """The histories that have been read, in order."""
    seen = []
    real = prefixes.read

    def watched(model, histories, *rest):
        seen.extend(histories)
        return real(model, histories, *rest)

    monkeypatch.setattr(prefixes, "read", watched)
    monkeypatch.setattr(scoring, "read", watched)
    return seen


def _bits(past) -> bytes:
    return past.states.numpy().tobytes()


def test_an_entry_is_the_same_bits_whatever_it_is_read_with(model, catalogue):
    alone = {p: PrefixCache(model, catalogue).past([p], 12).states[:, :, 0] for p in PROMPTS}
    together = PrefixCache(model, catalogue).past(PROMPTS, 12).states
    backwards = PrefixCache(model, catalogue).past(PROMPTS[::-1], 12).states.flip(2)
    for row, prompt in enumerate(PROMPTS):
        assert torch.equal(alone[prompt], together[:, :, row])
        assert torch.equal(alone[prompt], backwards[:, :, row])


def test_the_shipped_bases_entries_are_the_same_bits_in_any_company():
    model = load_base()
    catalogue = Catalogue([f"item-{n}" for n in range(60)], cast.vectors(384))
    prompts = [Prompt(str(n), tuple(cast.records("alice", n)), ()) for n in (3, 17, 40, 58)]
    together = PrefixCache(model, catalogue).past(prompts, 64).states
    for row, prompt in enumerate(prompts):
        alone = PrefixCache(model, catalogue).past([prompt], 64).states[:, :, 0]
        assert torch.equal(alone, together[:, :, row])


def test_what_was_dropped_is_read_anew_to_the_same_bits(cache, readings):
    before = _bits(cache.past(PROMPTS))
    cache.keep_only([])
    assert cache.bytes == 0
    assert _bits(cache.past(PROMPTS)) == before
    assert readings == [p.prefix for p in PROMPTS] * 2


def test_what_is_kept_is_not_read_again(cache, readings):
    cache.past(PROMPTS)
    cache.past(PROMPTS[::-1], 40)
    assert readings == [p.prefix for p in PROMPTS]


def test_it_agrees_with_reading_side_by_side(model, catalogue, cache):
    """A batch is read with padding, an entry without: no more than rounding lies between."""
    side_by_side = read(model, [p.prefix for p in PROMPTS], 12, catalogue)
    kept = cache.past(PROMPTS, 12)
    assert torch.equal(kept.mask, side_by_side.mask)
    for row, prompt in enumerate(PROMPTS):
        n = len(prompt.prefix)
        one, other = kept.states[:, :, row, :, :n], side_by_side.states[:, :, row, :, :n]
        assert torch.allclose(one, other, atol=1e-5)


def test_it_stays_within_its_bytes_and_drops_the_least_recently_used(model, catalogue, readings):
    three = [replace(LONGEST, subject=name) for name in ("a", "b", "c")]
    size = ENTRY * len(LONGEST.prefix)
    cache = PrefixCache(model, catalogue, max_bytes=2 * size)
    for prompt in (three[0], three[1], three[0], three[2]):
        cache.past([prompt])
    assert cache.subjects == {"a", "c"}
    assert cache.bytes == 2 * size
    assert len(readings) == 3


def test_a_tiny_one_keeps_nothing_and_answers_all_the_same(model, catalogue, cache):
    tiny = PrefixCache(model, catalogue, max_bytes=1)
    assert _bits(tiny.past(PROMPTS)) == _bits(cache.past(PROMPTS))
    assert tiny.bytes == 0


def test_only_prompts_as_they_are_now_are_kept(cache):
    """Broken by going by subjects: an erased record would stay in the prefix that had it."""
    cache.past([LONGEST, *PROMPTS])
    fewer = replace(LONGEST, prefix=LONGEST.prefix[1:])
    bobs = [prompt for prompt in PROMPTS if prompt.subject == "bob"]
    cache.keep_only([fewer, *bobs])
    assert cache.subjects == {"bob"}
    assert cache.bytes == ENTRY * sum(len(prompt.prefix) for prompt in bobs)


def test_an_erased_record_makes_another_prefix(cache, model, catalogue):
    """The remaining prompts of a subject never meet what was kept of the ones before."""
    cache.past([LONGEST])
    fewer = replace(LONGEST, prefix=LONGEST.prefix[1:])
    first = LONGEST.prefix[0]
    turned = replace(LONGEST, prefix=(first._replace(liked=not first.liked), *fewer.prefix))
    for prompt in (fewer, turned):
        fresh = PrefixCache(model, catalogue).past([prompt])
        assert _bits(cache.past([prompt])) == _bits(fresh) != _bits(cache.past([LONGEST]))


def test_another_base_or_catalogue_is_refused(model, catalogue, cache):
    for wrong in (
        PrefixCache(cast.tiny_model(), catalogue),
        PrefixCache(model, cast.tiny_catalogue()),
    ):
        with pytest.raises(ValueError, match=r"read (by|with) another"):
            Mixture(model, {}).score(PROMPTS, catalogue, prefixes=wrong)
    cache.check(attach(model, cast.adapter(model, 0)), catalogue)


# Training.


@pytest.fixture
def train(model, catalogue, config):
    def run(config=config):
        state = initial_state(model, config, 0)
        return train_slice(model, config, 0, 0, PROMPTS, state, catalogue).digest

    return run


def test_each_prefix_is_read_once_for_all_epochs(train, readings):
    train()
    assert sorted(map(hash, readings)) == sorted(hash(p.prefix) for p in PROMPTS)


@pytest.mark.parametrize("max_bytes", [0, 1, ENTRY * 12, ENTRY * 30, 1 << 30])
def test_training_gives_the_same_bits_with_any_number_of_bytes(train, monkeypatch, max_bytes):
    expected = train()
    monkeypatch.setattr(training, "PrefixCache", partial(PrefixCache, max_bytes=max_bytes))
    assert train() == expected


# Full scope: what is kept of a prefix holds for one omega.


def test_in_full_scope_training_keeps_no_prefix(train, config, monkeypatch):
    made = []

    def watched(*values):
        made.append(PrefixCache(*values))
        return made[-1]

    monkeypatch.setattr(training, "PrefixCache", watched)
    assert train(replace(config, scope="full")) != train()
    full, suffix = made
    assert full.bytes == 0 < suffix.bytes


def test_in_full_scope_scoring_leaves_the_cache_aside(model, catalogue, cache):
    mixture = Mixture(model, {0: cast.adapter(model, 0)}, "full")
    expected = mixture.score(PROMPTS, catalogue)
    cache.past(PROMPTS)
    found = mixture.score(PROMPTS, catalogue, prefixes=cache)
    assert all(a.tobytes() == b.tobytes() for a, b in zip(expected, found, strict=True))


def test_stale_prefixes_are_refused(model, catalogue, cache):
    adapted = attach(model, cast.adapter(model, 0))
    batch = collate([LONGEST], catalogue)
    histories = [LONGEST.prefix]
    half, whole = (Gating(torch.full((1, 4), weight), "full") for weight in (0.5, 1.0))
    under_half = read(adapted, histories, 12, catalogue, half)
    bases = cache.past([LONGEST])
    for gating, past in ((whole, under_half), (half, bases), (None, under_half)):
        with pytest.raises(ValueError, match="read under other weights"):
            score(adapted, batch, gating, past)
    with pytest.raises(ValueError, match="read under other weights"):
        score(adapted, batch, replace(half, scope="suffix"), under_half)
    kept = score(adapted, batch, half, under_half)
    assert torch.allclose(kept, score(adapted, batch, half), atol=1e-6)


# Scoring.


@pytest.mark.parametrize("max_bytes", [0, ENTRY * 20, 1 << 30])
def test_scoring_gives_the_same_bits_with_and_without(model, catalogue, max_bytes, readings):
    adapters = {k: cast.adapter(model, k) for k in range(3)}
    omega = np.random.default_rng(1).dirichlet(np.ones(3), len(PROMPTS)).astype(np.float32)
    expected = Mixture(model, adapters).score(PROMPTS, catalogue, omega)
    cache = PrefixCache(model, catalogue, max_bytes)
    for form in ("nd", "d", "nd"):
        found = Mixture(model, adapters, form=form).score(PROMPTS, catalogue, omega, prefixes=cache)
    assert all(a.tobytes() == b.tobytes() for a, b in zip(expected, found, strict=True))
    if max_bytes == 1 << 30:
        assert len(readings) == 2 * len(PROMPTS)  # once without, once for all with
