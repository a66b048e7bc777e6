"""Adapters of the text front end in stock PEFT: the same logits, three families, both scopes."""

import copy
import json

import pytest
import torch
from peft import PeftModel

from recmodel.adapter import load_adapter, save_adapter
from recmodel.mixture import Mixture, concatenated
from recmodel.training import initial_state, train_slice
from tests.recmodel import cast, text_cast

PROMPTS = cast.prompts("alice", "bob")
CATALOGUE = text_cast.catalogue()


@pytest.fixture(scope="module", params=text_cast.FAMILIES)
def family(request):
    return request.param


@pytest.fixture(scope="module")
def model(family):
    return text_cast.text_model(family)


def _stock(model, path, prompt) -> list[float]:
    """Ask stock PEFT over a stock attention, one text a target, by token ids alone."""
    lm = copy.deepcopy(model.lm)
    lm.set_attn_implementation("eager")
    peft = PeftModel.from_pretrained(lm, path).eval()
    found = []
    for target in prompt.suffixes:
        ids = model.wording.history(prompt.prefix, CATALOGUE)
        ids += model.wording.question(target.item, CATALOGUE)
        with torch.no_grad():
            logits = peft(input_ids=torch.tensor([ids])).logits[0, -1]
        found.append((logits[model.wording.yes] - logits[model.wording.no]).item())
    return found


@pytest.mark.parametrize("scope", ["suffix", "full"])
def test_a_trained_adapter_gives_the_same_logits_in_stock_peft(tmp_path, model, family, scope):
    config = text_cast.training(family, scope=scope, epochs=3)
    start = initial_state(model, config, 0)
    state = train_slice(model, config, 0, 0, PROMPTS, start, CATALOGUE)
    save_adapter(tmp_path / "a", state)
    for prompt in (PROMPTS[0], PROMPTS[2]):
        (ours,) = Mixture(model, {0: state}, scope).score([prompt], CATALOGUE)
        (base,) = Mixture(model, {}).score([prompt], CATALOGUE)
        assert _stock(model, tmp_path / "a", prompt) == pytest.approx(ours, abs=1e-5)
        assert abs(ours - base).max() > 1e-3


def test_suffix_scope_is_an_activated_lora(tmp_path, model, family):
    """Broken by a plain LoRA: it would act on the history too."""
    state = cast.adapter(model, 1, text_cast.training(family))
    save_adapter(tmp_path / "a", state)
    config = json.loads((tmp_path / "a" / "adapter_config.json").read_text())
    assert tuple(config["alora_invocation_tokens"]) == model.wording.opening
    assert load_adapter(tmp_path / "a").invocation == state.invocation
    assert not initial_state(model, text_cast.training(family, scope="full"), 0).invocation
    config["alora_invocation_tokens"] = None
    (tmp_path / "a" / "adapter_config.json").write_text(json.dumps(config))
    (ours,) = Mixture(model, {0: state}).score(PROMPTS[:1], CATALOGUE)
    assert _stock(model, tmp_path / "a", PROMPTS[0]) != pytest.approx(ours, abs=1e-2)


def test_equal_adapters_side_by_side_are_an_adapter_of_stock_peft(tmp_path, model, family):
    states = [cast.adapter(model, k, text_cast.training(family)) for k in range(2)]
    whole = concatenated(states)
    save_adapter(tmp_path / "a", whole)
    (ours,) = Mixture(model, {0: whole}).score(PROMPTS[:1], CATALOGUE)
    assert _stock(model, tmp_path / "a", PROMPTS[0]) == pytest.approx(ours, abs=1e-4)
    one, other = states[0], initial_state(model, text_cast.training(family, scope="full"), 0)
    with pytest.raises(ValueError, match="scope cannot be mixed"):
        concatenated([one, other])
