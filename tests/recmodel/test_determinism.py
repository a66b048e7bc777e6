import json
from pathlib import Path

import torch

from recmodel import determinism
from recmodel.canary import SHAPE, canary_digest, computed_model
from recmodel.determinism import canary, code_digest, configure, differences, fingerprint


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


def test_what_cannot_change_is_looked_up_once(monkeypatch):
    """Every job takes a fingerprint or two, and the libraries' versions take their time."""
    expected = fingerprint()
    for holder, name in ((determinism, "version"), (Path, "read_text"), (Path, "read_bytes")):
        monkeypatch.setattr(holder, name, None)
    assert fingerprint() == expected


def test_what_a_caller_does_to_a_fingerprint_is_its_own():
    fingerprint()["libraries"]["torch"] = "0"
    fingerprint()["cpu"].clear()
    assert fingerprint()["libraries"]["torch"] == torch.__version__
    assert fingerprint()["cpu"]["capability"]


def test_it_tells_how_the_base_computes():
    here, there = fingerprint(), fingerprint("cpu", torch.bfloat16, packs=False)
    assert here["dtype"] == "float32"
    assert differences(here, there) == ["attention", "dtype"]


def test_equal_fingerprints_have_no_differences():
    assert differences(fingerprint(), json.loads(json.dumps(fingerprint()))) == []


def test_differences_are_named_the_canary_first():
    one, other = fingerprint(), fingerprint()
    other["canary"] = "sha256:0"
    other["libraries"]["torch"] = "0"
    other["threads"] = 2
    other["gpu"] = {"name": "a GPU"}
    expected = ["canary", "gpu", "libraries.torch", "threads"]
    assert differences(one, other) == differences(other, one) == expected


def test_what_one_of_them_lacks_is_a_difference():
    one, other = fingerprint(), fingerprint()
    del other["canary"], other["flags"]["tf32"]
    other["environment"]["MKL_CBWR"] = "COMPATIBLE"
    assert differences(one, other) == ["canary", "environment.MKL_CBWR", "flags.tf32"]
    assert differences({"gpu": None}, {}) == ["gpu"]
