"""What follows the base's device, checked without one; and the bits on a GPU where there is one."""

import threading

import pytest
import torch

from recmodel.canary import canary_digest
from recmodel.determinism import fingerprint
from recmodel.gate import Gating
from recmodel.lora import attach
from recmodel.mixture import Mixture
from recmodel.prefixes import PrefixCache
from recmodel.scoring import collate, score
from tests.recmodel import cast
from tests.recmodel.shard_process import trained
from tests.recmodel.side_by_side import train_side_by_side

PROMPTS = cast.prompts("alice", "bob")
META = torch.device("meta")

on_a_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")


@pytest.mark.parametrize("form", ["nd", "d"])
@pytest.mark.parametrize("scope", ["suffix", "full"])
def test_every_tensor_is_made_on_the_bases_device(catalogue, scope, form):
    """The meta device computes nothing, and refuses to be mixed with another."""
    model = cast.tiny_model()
    adapted = attach(model.to(META), cast.adapter(model, 0))
    gating = Gating(torch.ones(1, 4, device=META), scope, form)
    batch = collate(PROMPTS, catalogue).to(META)
    assert score(adapted, batch, gating).device == META
    assert batch.real.device == META
    if scope == "suffix":
        past = PrefixCache(model, catalogue).past(PROMPTS)
        assert score(adapted, batch, gating, past).device == META


def test_the_meta_device_notices_a_tensor_left_behind(catalogue):
    adapted = attach(cast.tiny_model().to(META), cast.adapter(cast.tiny_model(), 0))
    batch, left_behind = collate(PROMPTS, catalogue), Gating(torch.ones(1, 4))
    with pytest.raises(RuntimeError, match="meta"):
        score(adapted, batch, left_behind)


@on_a_gpu
def test_the_canary_repeats_on_a_gpu():
    assert canary_digest.__wrapped__("cuda") == fingerprint("cuda")["canary"]


@on_a_gpu
def test_shards_in_two_processes_on_one_gpu_have_the_bits_of_solo():
    assert train_side_by_side(0, 1, device="cuda") == [trained(0, "cuda"), trained(1, "cuda")]


@on_a_gpu
def test_shards_in_two_streams_have_the_bits_of_solo():
    found = {}

    def train(shard: int) -> None:
        with torch.cuda.stream(torch.cuda.Stream()):
            found[shard] = trained(shard, "cuda")

    threads = [threading.Thread(target=train, args=(shard,)) for shard in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {0: trained(0, "cuda"), 1: trained(1, "cuda")}


@on_a_gpu
def test_a_prompt_scores_the_same_bits_in_any_company_on_a_gpu(catalogue):
    model = cast.tiny_model().to("cuda")
    mixture = Mixture(model, {k: cast.adapter(model, k) for k in range(3)})
    together = mixture.score(PROMPTS, catalogue)
    for place, prompt in enumerate(PROMPTS):
        assert mixture.score([prompt], catalogue)[0].tobytes() == together[place].tobytes()
