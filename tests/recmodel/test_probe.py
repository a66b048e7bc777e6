"""What is found out about a base when it is loaded."""

import json

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import (
    BloomConfig,
    FalconConfig,
    Gemma2Config,
    JambaConfig,
    MambaConfig,
    MistralConfig,
    MptConfig,
    OPTConfig,
    T5Config,
)

from recmodel import tree
from recmodel.base import BrokenBaseError
from recmodel.gate import Gating
from recmodel.lora import attach
from recmodel.probe import (
    UnfitModelError,
    check_head,
    packing_fault,
    refuse_stateful,
    refuse_unfit,
)
from recmodel.scoring import score_prompts
from recmodel.template import Template
from recmodel.text import TextModel
from recmodel.text_base import load_text, probed
from recmodel.wording import Wording
from tests.recmodel import cast, text_cast

SMALL = text_cast.SIZES | {"vocab_size": 512}
CATALOGUE = text_cast.catalogue()


def _text(config, **options) -> TextModel:
    wording = Wording(Template.read(), text_cast.tokenizer("byte-level"))
    return TextModel(text_cast.lm(config, **options), wording)


@pytest.mark.parametrize("family", text_cast.FAMILIES)
def test_a_base_is_the_same_from_any_folder(tmp_path, family):
    one, other = (
        load_text(str(text_cast.save(tmp_path / name, family)), Template.read())
        for name in ("one", "other")
    )
    assert one.packs
    assert one.digest == other.digest
    assert one.dtype == torch.float32
    assert not any(parameter.requires_grad for parameter in one.parameters())


def test_a_base_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(BrokenBaseError, match=r"cannot be loaded by .*Name a folder"):
        load_text(str(tmp_path), Template.read())
    text_cast.save(tmp_path)
    (tmp_path / "model.safetensors").write_bytes(b"broken")
    with pytest.raises(BrokenBaseError, match="cannot be loaded by AutoModelForCausalLM"):
        load_text(str(tmp_path), Template.read())


def _without_a_tensor(folder):
    weights = load_file(folder / "model.safetensors")
    del weights["model.layers.1.self_attn.q_proj.weight"]
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})


def _as_pickle(folder):
    torch.save(load_file(folder / "model.safetensors"), folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()


def _width(folder, value):
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"hidden_size": value}))


def _with_code(folder):
    """Write what asks to be run; on a terminal transformers would offer to."""
    named = {"model_type": "own", "auto_map": {"AutoConfig": "own.Config"}}
    (folder / "config.json").write_text(json.dumps(named))
    (folder / "own.py").write_text("from pathlib import Path\nPath(__file__ + '.ran').touch()\n")


@pytest.mark.parametrize(
    ("damage", "fault"),
    [
        (_without_a_tensor, "lacks 1 tensors of its model, 'model.layers.1.self_attn.q_proj"),
        (_as_pickle, "cannot be loaded by AutoModelForCausalLM .*safetensors"),
        (_with_code, "cannot be loaded by AutoConfig"),
        (lambda it: (it / "tokenizer.json").write_text("[]"), "cannot be loaded by AutoTokenizer"),
        (lambda folder: _width(folder, "wide"), "cannot be loaded by AutoConfig"),
        (lambda folder: _width(folder, -4), "cannot be loaded by AutoConfig"),
    ],
)
def test_a_damaged_base_is_refused_and_none_of_it_is_run_or_made_up(
    tmp_path, monkeypatch, damage, fault
):
    monkeypatch.setattr("builtins.input", lambda *_: pytest.fail("asked whether to run code"))
    text_cast.save(tmp_path)
    damage(tmp_path)
    with pytest.raises(BrokenBaseError, match=fault):
        load_text(str(tmp_path), Template.read())
    assert not list(tmp_path.glob("*.ran"))


def test_a_leak_between_suffixes_is_found(monkeypatch):
    """Broken on purpose: attention in which a suffix sees the one before it."""
    model = text_cast.text_model("llama")
    monkeypatch.setattr(torch.Tensor, "triu", lambda self, _: torch.zeros_like(self))
    assert "apart" in packing_fault(model)


def test_grouped_queries_in_another_order_are_found(monkeypatch):
    model = text_cast.text_model("qwen2")
    real = tree._branches

    def mixed_up(query, key, value, keys, values, mask, size):
        return real(query.flip(1), key, value, keys, values, mask, size).flip(2)

    monkeypatch.setattr(tree, "_branches", mixed_up)
    assert "apart" in packing_fault(model)


WINDOWED = MistralConfig(**SMALL, num_key_value_heads=2, sliding_window=64)


def test_a_model_that_sees_a_window_runs_one_suffix_a_row():
    """Broken by packing: the window would be forgotten in long prompts."""
    model = probed(_text(WINDOWED))
    assert not model.packs
    prompts = cast.prompts("alice")
    found = score_prompts(model, prompts, CATALOGUE)
    for prompt, logits in zip(prompts, found, strict=True):
        for target, logit in zip(prompt.suffixes, logits, strict=True):
            ids = model.wording.history(prompt.prefix, CATALOGUE)
            ids += model.wording.question(target.item, CATALOGUE)
            own = model.lm(input_ids=torch.tensor([ids]), use_cache=False).logits[0, -1]
            assert logit == pytest.approx(
                (own[model.wording.yes] - own[model.wording.no]).item(), abs=2e-5
            )


def test_one_suffix_a_row_mixes_and_scores_the_same_bits_in_any_company():
    model = probed(_text(WINDOWED))
    config = text_cast.training("llama")
    adapted = attach(model, cast.adapter(model, 1, config))
    prompts = cast.prompts("alice", "bob")
    rows = [Gating(torch.rand(1, 4)) for _ in prompts]
    together = score_prompts(adapted, prompts, CATALOGUE, rows)
    for place, prompt in enumerate(prompts):
        (alone,) = score_prompts(adapted, [prompt], CATALOGUE, [rows[place]])
        assert alone.tobytes() == together[place].tobytes()
    assert not np.allclose(together[0], score_prompts(model, prompts, CATALOGUE)[0], atol=1e-3)


def test_learned_positions_are_no_obstacle():
    config = OPTConfig(
        vocab_size=512, hidden_size=64, num_hidden_layers=2, num_attention_heads=4, ffn_dim=96,
        word_embed_proj_dim=64, max_position_embeddings=1024, init_std=0.2, dropout=0.0,
    )  # fmt: skip
    model = probed(_text(config))
    (logits,) = score_prompts(model, cast.prompts("alice")[:1], CATALOGUE)
    assert np.isfinite(logits).all()


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        (BloomConfig(), "ALiBi"),
        (MptConfig(), "ALiBi"),
        (FalconConfig(alibi=True), "ALiBi"),
        (T5Config(), "encoder with a decoder"),
        (JambaConfig(), "running state"),
        (MambaConfig(), "running state"),
    ],
)
def test_what_cannot_share_a_prefix_is_refused_with_the_reason(config, reason):
    with pytest.raises(
        UnfitModelError, match=f"{config.model_type} cannot be the base: .*{reason}"
    ):
        refuse_unfit(config)


def test_a_stateful_model_that_its_configuration_does_not_give_away_is_refused():
    lm = text_cast.lm(
        MambaConfig(hidden_size=32, num_hidden_layers=1, vocab_size=64, state_size=4),
        attn_implementation=None,
    )
    with pytest.raises(UnfitModelError, match=r"mamba cannot be the base: .*running state"):
        refuse_stateful(lm)


def test_a_head_that_caps_logits_is_refused():
    config = Gemma2Config(**SMALL, num_key_value_heads=2, head_dim=16, final_logit_softcapping=0.1)
    with pytest.raises(UnfitModelError, match=r"head does more than one matrix product"):
        check_head(_text(config, attn_implementation="eager"))
