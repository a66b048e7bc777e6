import json

import torch

from recmodel.canary import SHAPE, canary_digest, computed_model
from recmodel.determinism import canary, code_digest, configure, fingerprint


def test_configuring_twice_pins_the_same():
    configure(1)
    configure(1)
    assert torch.get_num_threads() == 1
    assert torch.are_deterministic_algorithms_enabled()


def test_the_canary_is_the_same_in_another_process(other_process):
    assert other_process["canary"] == canary()


def test_the_canary_leaves_the_global_generator_alone():
    before = torch.get_rng_state()
    canary_digest.__wrapped__()
    assert torch.equal(torch.get_rng_state(), before)


def test_the_canarys_weights_come_from_a_formula():
    torch.manual_seed(1)
    one = computed_model(SHAPE).digest
    torch.manual_seed(2)
    assert computed_model(SHAPE).digest == one


def test_the_fingerprint_is_json_and_names_what_matters(monkeypatch):
    monkeypatch.setenv("MKL_CBWR", "COMPATIBLE")
    found = json.loads(json.dumps(fingerprint()))
    assert found["canary"] == canary()
    assert found["code"] == code_digest()
    assert found["libraries"]["torch"] == torch.__version__
    assert found["environment"]["MKL_CBWR"] == "COMPATIBLE"
    assert found["threads"] == 1
    assert found["cpu"]["capability"]
