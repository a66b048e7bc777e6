import base64
import copy
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from compliance.evidence import verifier
from compliance.evidence.keys import public_pem
from compliance.evidence.verifier import CODES, exit_code, main, verify
from compliance.provenance import sparse_merkle
from tests.evidence.conftest import PEOPLE, manifest_proof

SOURCE = Path(verifier.__file__)


@pytest.fixture
def files(tmp_path, certificate, pem):
    """A certificate and its key on disk, as somebody receives them."""
    (tmp_path / "certificate.json").write_bytes(certificate)
    (tmp_path / "key.pem").write_bytes(pem)
    return tmp_path


def run(folder, *extra, certificate="certificate.json", key="key.pem"):
    return main([str(folder / certificate), "--key", str(folder / key), *map(str, extra)])


def failed(checks):
    return [check.name for check in checks if not check.passed]


# --- a true certificate ---------------------------------------------------------------------------


def test_a_true_certificate_passes_every_check(certificate, pem):
    checks = verify(certificate, pem)

    assert failed(checks) == []
    assert {check.name for check in checks} == set(CODES) - {
        "certificate-file",
        "adapter",
        "manifest",
        "release-manifest",
    }


def test_the_command_prints_each_check(files, capsys):
    assert run(files) == 0

    out = capsys.readouterr().out
    assert out.count("pass  ") == len(CODES) - 4
    assert out.endswith("VERIFIED\n")


def test_the_command_prints_json(files, capsys):
    assert run(files, "--json") == 0

    result = json.loads(capsys.readouterr().out)
    assert result["verified"] is True
    assert result["exit_code"] == 0
    assert result["checks"][3] == {
        "name": "signature",
        "passed": True,
        "code": 12,
        "detail": "the key signed exactly these bytes",
    }


def test_one_copied_file_is_all_it_takes(files, certificate):
    shutil.copy(SOURCE, files / "verifier.py")

    done = subprocess.run(
        [sys.executable, "-I", "verifier.py", "certificate.json", "--key", "key.pem"],
        cwd=files,
        capture_output=True,
        text=True,
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert "VERIFIED" in done.stdout


def test_without_cryptography_it_says_what_to_install(files):
    done = subprocess.run(  # -S: no site-packages
        [sys.executable, "-I", "-S", str(SOURCE), "certificate.json", "--key", "key.pem"],
        cwd=files,
        capture_output=True,
        text=True,
    )

    assert done.returncode == 1
    assert done.stderr == "verifier.py needs the cryptography package: pip install cryptography\n"


# --- the table of exit codes ----------------------------------------------------------------------


def test_every_code_is_distinct_and_documented(capsys):
    assert len(set(CODES.values())) == len(CODES)
    with pytest.raises(SystemExit) as stopped:
        main(["--help"])
    text = capsys.readouterr().out
    documented = {name: int(code) for code, name in re.findall(r"^ +(\d+)  ([a-z-]+):", text, re.M)}

    assert stopped.value.code == 0
    assert documented == CODES


def test_a_wrong_command_line_is_code_2(capsys):
    with pytest.raises(SystemExit) as stopped:
        main([])
    assert stopped.value.code == 2


# --- faults of the files and the envelope ---------------------------------------------------------


@pytest.mark.parametrize("name", ["missing.json", "."])
def test_a_certificate_that_cannot_be_read_is_code_3(files, capsys, name):
    assert run(files, certificate=name) == 3
    assert "cannot be read" in capsys.readouterr().out


def test_a_huge_certificate_is_code_3(files, capsys, monkeypatch):
    monkeypatch.setattr(verifier, "MAX_FILE_BYTES", 100)

    assert run(files) == 3
    assert "larger than 100 bytes" in capsys.readouterr().out


def test_a_missing_key_is_code_4(files, capsys):
    assert run(files, key="missing.pem") == 4
    assert "cannot be read" in capsys.readouterr().out


def test_another_kind_of_key_is_code_4(certificate):
    rsa = generate_private_key(65537, 2048).public_key()
    checks = verify(certificate, rsa.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))

    assert exit_code(checks) == 4
    assert "not an Ed25519 key" in checks[-1].detail


def test_a_private_key_is_code_4_and_its_owner_is_warned(certificate, key):
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    checks = verify(certificate, private)

    assert exit_code(checks) == 4
    assert "private key" in checks[-1].detail


@pytest.mark.parametrize("raw", [b"", b"\x00\xff\x80", b"hello", b"{}", b"[" * 100_000])
def test_what_is_no_envelope_is_code_10(pem, raw):
    assert exit_code(verify(raw, pem)) == 10


def test_another_payload_type_is_code_11(pem, said, signed):
    assert exit_code(verify(signed(said, "application/json"), pem)) == 11


def test_another_key_is_code_12(certificate, other_key):
    checks = verify(certificate, public_pem(other_key.public_key()))

    assert exit_code(checks) == 12
    assert [check.name for check in checks] == ["key", "envelope", "payload-type", "signature"]


def test_a_changed_payload_is_code_12_and_is_not_parsed(certificate, pem, said):
    said["predicate"]["issuer"] = "Somebody else"
    envelope = json.loads(certificate)
    envelope["payload"] = base64.b64encode(json.dumps(said).encode()).decode()
    checks = verify(json.dumps(envelope).encode(), pem)

    assert exit_code(checks) == 12
    assert checks[-1].name == "signature"


# --- faults of what is signed ---------------------------------------------------------------------


def at(*path):
    """A change of one place in the statement: `at(..., new)(said)`."""
    *names, last, new = path

    def change(said):
        holder = said
        for name in names:
            holder = holder[name]
        holder[last] = new(holder[last]) if callable(new) else new

    return change


SHARD = ("predicate", "model", "shards", 0)
REPLAY = (*SHARD, "replay")
REQUEST = ("predicate", "request")
BEFORE, AFTER = (("predicate", "model", name) for name in ("proof_before", "proof_after"))
ZERO, ONE = "sha256:" + "0" * 64, "sha256:" + "1" * 64


def drop(*path):
    *names, last = path

    def change(said):
        for name in names:
            said = said[name]
        del said[last]

    return change


def swap_releases(said):
    model = said["predicate"]["model"]
    model["release_before"] = model["release_after"]


def same_manifest(said):
    shard = said["predicate"]["model"]["shards"][0]
    shard["manifest_before"]["digest"] = shard["manifest_after"]["digest"]


def twice(entries):
    return [*entries, entries[0]]


def twice_and_short(entries):
    return [*entries, entries[0][1:]]


def prove_anew(when, *names):
    """A true proof about another tree, or about the same people."""

    def change(said):
        proof = asdict(manifest_proof(when, *names))
        proof["siblings"] = list(proof["siblings"])
        said["predicate"]["model"]["proof_before" if when == "old" else "proof_after"] = proof

    return change


still_there = prove_anew("new", *PEOPLE, "alice")
never_there = prove_anew("old", *PEOPLE)


def two_positions(said):
    """Each of the proofs holds by itself: the new one is about somebody else, who is not there."""
    proof = said["predicate"]["model"]["proof_after"]
    last = proof["position"][-1]
    proof["position"] = proof["position"][:-1] + ("0" if last != "0" else "1")


def came_back_from_nowhere(said):
    """Records were removed of somebody who was not there, and is now."""
    never_there(said)
    still_there(said)


def end_in(position, leaf, siblings):
    """Let another leaf stand at the end of Alice's path, under a root that fits."""

    def change(said):
        proof = said["predicate"]["model"]["proof_after"]
        other = (bytes.fromhex(position(proof["position"])), bytes.fromhex(leaf))
        beside = tuple(map(bytes.fromhex, siblings))
        root = sparse_merkle.root_shown(
            bytes.fromhex(proof["position"]), None, sparse_merkle.Proof(beside, other)
        )
        proof["root"], proof["siblings"] = f"sha256:{root.hex()}", siblings
        proof["other"] = {"position": other[0].hex(), "leaf": leaf}

    return change


own_leaf_as_another = end_in(lambda position: position, "1" * 64, [])
leaf_off_its_path = end_in(lambda position: "0" * 64, "1" * 64, ["2" * 64])


TAMPERED = [
    (13, at("_type", "https://in-toto.io/Statement/v0.1")),
    (13, at("subject", [])),
    (13, at("subject", [1])),
    (13, at("subject", 0, "name", None)),
    (13, at("subject", 0, "digest", {"md5": "0"})),
    (14, at("predicateType", "https://lethe.dev/predicates/erasure/v2")),
    (14, drop("predicateType")),
    (15, drop("predicate")),
    (15, at("predicate", "version", "2.0")),
    (15, at("predicate", "id", "A" * 36)),
    (15, at("predicate", "issuer", " ")),
    (15, at(*REQUEST, "id", "\ud800")),
    (15, at("predicate", "issued_at", "2026-02-30T00:00:00Z")),
    (15, at("predicate", "issued_at", "2026-02-11T09:30:00+00:00")),
    (15, at("predicate", "decision", "outcome", "refused")),
    (15, at("predicate", "decision", "ground", "17(3)(a)")),
    (15, at("predicate", "model", {})),
    (15, at(*REQUEST, "due_on", "2026-02-30")),
    (15, at(*SHARD, "shard", True)),
    (15, at(*SHARD, "manifest_after", "records", -1)),
    (15, at(*SHARD, "manifest_after", "records", 2**53)),
    (15, at(*REPLAY, "result", "probably")),
    (15, at("predicate", "scope", {})),
    (16, at(*SHARD, "adapter_after", "sha256:" + "A" * 64)),
    (16, at(*SHARD, "adapter_before", "md5:" + "a" * 32)),
    (16, at(*SHARD, "removed_commitments", 0, "0" * 64 + "\n")),
    (16, at("predicate", "subject", "commitment", "alice@example.org")),
    (17, at("predicate", "verification", "key_id", "0" * 64)),
    (18, at("predicate", "model", "release_after", ZERO)),
    (18, at(*SHARD, "adapter_after", ZERO)),
    (18, at("subject", lambda subjects: subjects[:1])),
    (18, at("subject", twice)),
    (18, at("subject", 0, "name", "\x1b[31mrelease")),
    (19, at("predicate", "scope", 0, "found", 3)),
    (19, at("predicate", "scope", 0, lambda row: {**row, "erased": 1, "remaining": 1})),
    (19, at("predicate", "scope", twice)),
    (20, at(*SHARD, "manifest_after", "records", 4)),
    (20, at(*SHARD, "removed_for_others", 1)),
    (20, at(*SHARD, "removed_commitments", [])),
    (20, at(*SHARD, "removed_commitments", twice)),
    (20, same_manifest),
    (21, at(*REPLAY, "result", "differs")),
    (21, at(*REPLAY, "result", "not-run")),
    (21, at(*REPLAY, "replayer", None)),
    (21, at(*REPLAY, "environment", None)),
    (21, at(*REPLAY, "replayer", "train-1")),
    (22, at("predicate", "model", "other_adapters", 0, "shard", 2)),
    (22, at("predicate", "model", "other_adapters", twice)),
    (23, at(*REQUEST, "received_at", "2026-02-10T12:00:01Z")),
    (23, at(*REQUEST, "decided_at", "2026-02-11T09:30:00Z")),
    (23, at(*REQUEST, "completed_at", "2026-02-11T09:30:00.000001Z")),
    (23, at(*REQUEST, "due_on", "2026-01-31")),
    (23, at("predicate", "derived", 0, "destroyed_at", "2026-01-30T00:00:00Z")),
    (23, at("predicate", "derived", 0, "destroyed_at", "2026-03-30T00:00:00Z")),
    (24, swap_releases),
    (15, at(*BEFORE, "siblings", None)),
    (15, drop(*AFTER, "other")),
    (16, at(*AFTER, "other", "leaf", "0" * 63)),
    (16, at(*BEFORE, "siblings", twice_and_short)),
    (25, at(*AFTER, None)),
    (25, at(*BEFORE, "release", ZERO)),
    (25, at(*AFTER, "release", ZERO)),
    (25, at(*BEFORE, "root", ZERO)),
    (25, at(*AFTER, "root", ZERO)),
    (25, at(*BEFORE, "leaf", "0" * 64)),
    (25, at(*BEFORE, "position", "0" * 64)),
    (25, at(*AFTER, "position", "0" * 64)),
    (25, at(*AFTER, "other", None)),
    (25, at(*AFTER, "other", "leaf", "0" * 64)),
    (25, at(*AFTER, "siblings", lambda siblings: siblings[1:])),
    (25, at(*AFTER, "siblings", lambda siblings: siblings[::-1])),
    (25, at(*AFTER, "siblings", ["0" * 64] * 257)),
    (25, two_positions),
    (25, still_there),
    (25, never_there),
    (25, came_back_from_nowhere),
    (25, own_leaf_as_another),
    (25, leaf_off_its_path),
]


@pytest.mark.parametrize(("code", "tamper"), TAMPERED)
def test_a_tampered_certificate_ends_with_its_code(pem, said, signed, code, tamper):
    tamper(said)

    assert exit_code(verify(signed(said), pem)) == code


@pytest.mark.parametrize(
    "payload", [b"", b"[]", b"\xff", b'{"_type":1,"_type":1}', b'{"a":0.5}', b'{"a":1e999}']
)
def test_a_payload_that_is_no_statement_is_code_13(pem, signed, payload):
    assert exit_code(verify(signed(payload), pem)) == 13


def test_all_faults_are_shown_and_the_first_gives_the_code(pem, said, signed):
    at("predicate", "scope", 0, "found", 3)(said)
    swap_releases(said)
    checks = verify(signed(said), pem)

    assert failed(checks) == ["scope", "releases", "proofs"]
    assert exit_code(checks) == 19


def test_unknown_fields_are_ignored(pem, said, signed):
    said["predicate"]["note"] = said["note"] = {"anything": [1]}

    assert exit_code(verify(signed(said), pem)) == 0


def test_control_characters_do_not_reach_the_terminal(files, capsys, said, signed):
    at(*REQUEST, "time_zone", "\x1b[2JEurope/Berlin")(said)
    at("predicate", "decision", "ground", "\x1b[2J")(copied := copy.deepcopy(said))
    for statement in (said, copied):
        (files / "certificate.json").write_bytes(signed(statement))
        run(files)
    assert "\x1b" not in capsys.readouterr().out


def test_every_code_is_reached_by_a_test_here():
    text = Path(__file__).read_text(encoding="utf-8")
    reached = {code for code, _ in TAMPERED}
    reached |= {int(code) for code in re.findall(r"== (\d+)\b", text)}

    assert set(CODES.values()) <= reached


# --- adapters -------------------------------------------------------------------------------------

torch = pytest.importorskip("torch")
safetensors = pytest.importorskip("safetensors.torch")


@pytest.fixture
def adapter(files):
    """A PEFT folder with weights of several formats and shapes."""
    folder = files / "adapter"
    folder.mkdir()
    drawn = torch.Generator().manual_seed(0)
    tensors = {
        "layers.0.lora_A.weight": torch.randn(4, 3, generator=drawn),
        "layers.0.lora_B.weight": torch.randn(3, 4, generator=drawn).to(torch.bfloat16),
        "alpha é": torch.tensor(16, dtype=torch.int64),
        "empty": torch.zeros(0, 5, dtype=torch.float16),
        "mask": torch.tensor([True, False]),
    }
    safetensors.save_file(tensors, folder / "adapter_model.safetensors", metadata={"format": "pt"})
    return folder, tensors


def vouch_for(files, said, signed, name, digest):
    said["predicate"]["model"]["shards"][0][name] = digest
    if name == "adapter_after":
        said["subject"][1]["digest"]["sha256"] = digest.removeprefix("sha256:")
    (files / "certificate.json").write_bytes(signed(said))


def test_the_digest_is_the_training_sides(adapter):
    digest = pytest.importorskip("recmodel.digest")
    folder, tensors = adapter

    assert verifier.adapter_digest(folder) == digest.tensor_digest(tensors)


@pytest.mark.parametrize("dtype", [name for name, _ in verifier.DTYPES.values()])
def test_every_number_format_has_the_training_sides_digest(tmp_path, dtype):
    digest = pytest.importorskip("recmodel.digest")
    tensors = {"w": torch.arange(6).reshape(2, 3).to(getattr(torch, dtype.removeprefix("torch.")))}
    safetensors.save_file(tensors, tmp_path / "w.safetensors")

    assert verifier.adapter_digest(tmp_path / "w.safetensors") == digest.tensor_digest(tensors)


def test_an_adapter_saved_by_the_training_side_has_its_digest(tmp_path):
    adapters = pytest.importorskip("recmodel.adapter")
    name = "base_model.model.model.layers.0.self_attn.q_proj.lora_"
    state = adapters.AdapterState(
        tensors={f"{name}B.weight": torch.ones(4, 2), f"{name}A.weight": torch.rand(2, 4)},
        rank=2,
        alpha=4.0,
        target_modules=("q_proj",),
    )

    said = adapters.save_adapter(tmp_path / "adapter", state)

    assert verifier.adapter_digest(tmp_path / "adapter") == said == state.digest


def test_the_digest_is_of_the_weights_not_of_the_file(adapter, tmp_path):
    folder, tensors = adapter
    other = tmp_path / "other.safetensors"
    safetensors.save_file(dict(reversed(tensors.items())), other, metadata={"by": "somebody"})

    assert other.read_bytes() != (folder / "adapter_model.safetensors").read_bytes()
    assert verifier.adapter_digest(other) == verifier.adapter_digest(folder)


def test_the_adapter_that_is_certified_passes(files, adapter, said, signed, capsys):
    vouch_for(files, said, signed, "adapter_after", verifier.adapter_digest(adapter[0]))

    assert run(files, "--adapter", adapter[0]) == 0
    assert run(files, "--adapter", adapter[0] / "adapter_model.safetensors") == 0
    assert "is the retrained adapter of shard 2" in capsys.readouterr().out


def test_an_unchanged_adapter_passes(files, adapter, said, signed, capsys):
    said["predicate"]["model"]["other_adapters"][0]["digest"] = verifier.adapter_digest(adapter[0])
    (files / "certificate.json").write_bytes(signed(said))

    assert run(files, "--adapter", adapter[0]) == 0
    assert "is the unchanged adapter of shard 0" in capsys.readouterr().out


def test_an_adapter_that_is_not_named_is_code_30(files, adapter):
    assert run(files, "--adapter", adapter[0]) == 30


def test_a_retired_adapter_is_code_30(files, adapter, said, signed, capsys):
    vouch_for(files, said, signed, "adapter_before", verifier.adapter_digest(adapter[0]))

    assert run(files, "--adapter", adapter[0]) == 30
    assert "retired by this erasure" in capsys.readouterr().out


def header_file(path, header, data=b""):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + data)


def tensor(dtype="F32", shape=(1,), offsets=(0, 4)):
    return {"dtype": dtype, "shape": list(shape), "data_offsets": list(offsets)}


@pytest.mark.parametrize(
    ("header", "data", "message"),
    [
        (b"", b"", "not JSON"),
        ([], b"", "header is not an object"),
        ({"w": 1}, b"", "not described by an object"),
        ({"w": tensor("F4")}, b"1234", "unknown number format"),
        ({"w": tensor(["F32"])}, b"1234", "unknown number format"),
        ({"w": tensor(shape=["1"])}, b"1234", "no valid shape"),
        ({"w": tensor(shape=[-1])}, b"1234", "no valid shape"),
        ({"w": tensor(offsets=[0])}, b"1234", "no valid shape"),
        ({"w": tensor(shape=[2])}, b"1234", "another size"),
        ({"w": tensor(shape=[2**53 - 1] * 400)}, b"1234", "another size"),
        ({"v": tensor(), "w": tensor()}, b"1234", "overlap or leave gaps"),
        ({"w": tensor(offsets=[4, 8])}, b"12345678", "overlap or leave gaps"),
        ({"w": tensor()}, b"12345", "do not fill the file"),
        ({"w": tensor()}, b"123", "do not fill the file"),
        ({"\ud800": tensor()}, b"1234", "half a character"),
        (b'{"w":1,"w":1}', b"", "stands twice"),
    ],
)
def test_a_malformed_adapter_is_code_30_with_the_reason(files, capsys, header, data, message):
    header_file(files / "bad.safetensors", header, data)

    assert run(files, "--adapter", files / "bad.safetensors") == 30
    assert message in capsys.readouterr().out


@pytest.mark.parametrize("data", [b"", b"short", b"\xff" * 8, b"\xff" * 100])
def test_what_is_no_safetensors_file_is_code_30(files, capsys, data):
    (files / "bad.safetensors").write_bytes(data)

    assert run(files, "--adapter", files / "bad.safetensors") == 30
    assert "not a safetensors file" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["missing", "."])
def test_a_missing_adapter_is_code_30(files, capsys, name):
    assert run(files, "--adapter", files / name) == 30
    assert "cannot be read" in capsys.readouterr().out


# --- manifests ------------------------------------------------------------------------------------


def test_the_certified_manifest_passes(files, new_manifest, capsys):
    (files / "manifest.json").write_text(json.dumps(new_manifest))

    assert run(files, "--manifest", files / "manifest.json") == 0
    assert "is the new manifest of shard 2" in capsys.readouterr().out


def certify_manifest(files, said, signed, slices, name="manifest_after"):
    said["predicate"]["model"]["shards"][0][name]["digest"] = verifier.manifest_digest(slices)
    (files / "certificate.json").write_bytes(signed(said))
    (files / "manifest.json").write_text(json.dumps(slices))


def test_a_manifest_with_an_erased_record_is_code_31(files, said, signed, hex_of, capsys):
    slices = [[[hex_of("bob"), sorted([hex_of("kept 1"), hex_of("alice 1"), hex_of("kept 3")])]]]
    certify_manifest(files, said, signed, slices)

    assert run(files, "--manifest", files / "manifest.json") == 31
    assert "certified as removed" in capsys.readouterr().out


def test_a_manifest_of_another_length_is_code_31(files, said, signed, hex_of, capsys):
    certify_manifest(files, said, signed, [[[hex_of("bob"), [hex_of("kept 1")]]]])

    assert run(files, "--manifest", files / "manifest.json") == 31
    assert "not the number certified" in capsys.readouterr().out


def test_the_manifest_from_before_is_code_31(files, said, signed, hex_of, capsys):
    certify_manifest(
        files, said, signed, [[[hex_of("bob"), [hex_of("alice 1")]]]], name="manifest_before"
    )

    assert run(files, "--manifest", files / "manifest.json") == 31
    assert "from before the erasure" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not JSON"),
        ("{}", "no array of arrays"),
        ("[1]", "no array of arrays"),
        ("[[1]]", "something else than positions with commitments"),
        ('[[["alice"]]]', "something else than positions with commitments"),
        ('[[["alice", []]]]', "the positions are not 64"),
        ("[[[1, []]]]", "the positions are not 64"),
        (json.dumps([[["0" * 64, ["alice"]]]]), "the commitments are not 64"),
        (json.dumps([[["0" * 64, ["1" * 64, "0" * 64]]]]), "commitments are not in ascending"),
        (json.dumps([[["0" * 64, ["0" * 64, "0" * 64]]]]), "commitments are not in ascending"),
        (json.dumps([[["1" * 64, []], ["0" * 64, []]]]), "positions are not in ascending"),
        (json.dumps([[["0" * 64, []], ["0" * 64, []]]]), "positions are not in ascending"),
        ("[[]]", "does not name"),
    ],
)
def test_a_malformed_manifest_is_code_31_with_the_reason(files, capsys, text, message):
    (files / "manifest.json").write_text(text)

    assert run(files, "--manifest", files / "manifest.json") == 31
    assert message in capsys.readouterr().out


def test_a_missing_manifest_is_code_31(files):
    assert run(files, "--manifest", files / "missing.json") == 31


# --- the trees of the releases --------------------------------------------------------------------


def verdict(pem, envelope):
    [check] = [check for check in verify(envelope, pem) if check.name == "proofs"]
    return check.passed, check.detail


def test_presence_and_absence_are_told(pem, certificate):
    assert verdict(pem, certificate) == (
        True,
        "present in the old release's tree; absent from the new release's tree; "
        "the old leaf is made of the records removed and of no others",
    )


def test_a_leaf_of_more_than_the_removed_records_is_not_called_theirs(pem, said, signed):
    """As after an erasure of a part, if the rest is gone too by now."""
    proof = said["predicate"]["model"]["proof_before"]
    proof["leaf"] = "0" * 64
    proof["root"] = verifier.root_shown(proof)

    passed, detail = verdict(pem, signed(said))

    assert passed
    assert "made of" not in detail


def test_an_erasure_of_nothing_leaves_the_leaf_and_says_so(pem, said, signed):
    still_there(said)
    said["predicate"]["model"]["shards"] = []
    said["subject"] = said["subject"][:1]

    passed, detail = verdict(pem, signed(said))

    assert passed
    assert detail.endswith("present in the new release's tree, with the same leaf")


@pytest.mark.parametrize("names", [("bob", "dora"), ("grace",), ()], ids=["end", "one", "empty"])
def test_every_kind_of_absence_is_taken(pem, said, signed, names):
    prove_anew("new", *names)(said)

    assert verdict(pem, signed(said))[0]


def test_somebody_who_taught_nothing_may_have_been_unknown(pem, said, signed):
    never_there(said)
    said["predicate"]["model"]["shards"] = []
    said["subject"] = said["subject"][:1]

    checks = verify(signed(said), pem)

    assert failed(checks) == []
    assert "absent from the old release's tree" in checks[-1].detail


def test_a_leaf_of_other_records_may_stand_in_its_place(pem, said, signed):
    """Who comes back, or asked for some records only, has another leaf."""
    proof = said["predicate"]["model"]["proof_after"]
    proof |= {"leaf": "1" * 64, "other": None, "siblings": []}
    proof["root"] = verifier.root_shown(proof)

    assert verdict(pem, signed(said)) == (
        True,
        "present in the old release's tree; present in the new release's tree; "
        "the old leaf is made of the records removed and of no others",
    )


def test_a_certificate_from_before_there_were_proofs_passes(pem, said, signed):
    for name in ("proof_before", "proof_after"):
        del said["predicate"]["model"][name]

    assert failed(verify(signed(said), pem)) == []
    assert "holds no proofs" in verdict(pem, signed(said))[1]


def test_the_first_release_with_a_tree_has_no_proof_before(pem, said, signed):
    said["predicate"]["model"]["proof_before"] = None

    assert verdict(pem, signed(said)) == (
        True,
        "absent from the new release's tree; the old release had none",
    )


@given(
    leaves=st.dictionaries(
        st.binary(min_size=32, max_size=32), st.binary(min_size=32, max_size=32), max_size=20
    )
)
def test_verifier_and_issuer_agree_on_every_root(leaves):
    assert verifier.tree_root(list(leaves.items())) == sparse_merkle.root(leaves)


def release_files(said):
    """What `manage.py prove_manifest` writes, and a certificate about it."""
    document = {}
    for when in ("before", "after"):
        proof = said["predicate"]["model"][f"proof_{when}"]
        text = json.dumps({"records": {"root": proof["root"]}, "temperature": 0.5})
        digest = "sha256:" + hashlib.sha256(text.encode()).hexdigest()
        said["predicate"]["model"][f"release_{when}"] = proof["release"] = digest
        document[when] = {"proof": copy.deepcopy(proof), "manifest": text}
    said["subject"][0]["digest"]["sha256"] = digest.removeprefix("sha256:")
    return document


def check_releases(files, said, signed, document):
    (files / "certificate.json").write_bytes(signed(said))
    (files / "releases.json").write_text(json.dumps(document))
    return run(files, "--releases", files / "releases.json")


def test_the_certified_releases_pass(files, said, signed, capsys):
    assert check_releases(files, said, signed, release_files(said)) == 0
    assert "each release (before and after) has the tree" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (at("before", "manifest", lambda text: text + " "), "another digest than the release"),
        (at("after", "manifest", "{"), "is not JSON"),
        (at("after", "manifest", None), "is not JSON"),
        (at("after", "proof", "leaf", "0" * 64), "differ in the proof of the release after"),
        (drop("before", "proof"), "differ in the proof of the release before"),
        (lambda document: document.clear(), "no proof in common"),
    ],
    ids=["text", "no-json", "no-text", "proof", "no-proof", "nothing"],
)
def test_other_releases_are_code_32(files, said, signed, capsys, change, message):
    document = release_files(said)
    change(document)

    assert check_releases(files, said, signed, document) == 32
    assert message in capsys.readouterr().out


def test_a_release_with_another_tree_is_code_32(files, said, signed, capsys):
    document = release_files(said)
    never_there(said)
    said["predicate"]["model"]["shards"] = []
    said["subject"] = said["subject"][:1]
    proof = said["predicate"]["model"]["proof_before"]
    proof["release"] = said["predicate"]["model"]["release_before"]
    document["before"]["proof"] = proof

    assert check_releases(files, said, signed, document) == 32
    assert "another tree than its proof" in capsys.readouterr().out


# --- nothing makes it fall over -------------------------------------------------------------------

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=8,
)


@given(raw=st.binary(max_size=300), key_bytes=st.binary(max_size=100))
def test_any_bytes_give_a_failed_check(pem, raw, key_bytes):
    assert exit_code(verify(raw, pem)) == 10
    assert exit_code(verify(raw, key_bytes)) == 4
    assert exit_code(verify(raw, b"-----BEGIN PUBLIC KEY-----\n" + key_bytes)) == 4


@given(document=anything)
def test_any_json_gives_a_failed_check(pem, signed, document):
    text = json.dumps(document).encode()

    assert exit_code(verify(text, pem)) == 10
    assert exit_code(verify(signed(text), pem)) == 13


@given(data=st.data())
def test_any_value_anywhere_in_a_signed_statement_gives_checks(pem, statement_text, signed, data):
    said = json.loads(statement_text)
    places = []

    def walk(holder):
        names = holder if isinstance(holder, dict) else range(len(holder))
        for name in names:
            places.append((holder, name))
            if isinstance(holder[name], dict | list):
                walk(holder[name])

    walk(said)
    holder, name = data.draw(st.sampled_from(places))
    holder[name] = data.draw(anything)

    checks = verify(signed(said), pem)
    assert exit_code(checks) in {0, *CODES.values()}
    assert all(check.detail.isascii() and check.detail.isprintable() for check in checks)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(max_size=200), header=anything)
def test_any_adapter_or_manifest_gives_a_failed_check(files, data, header):
    path = files / "any"
    path.write_bytes(data)
    assert run(files, "--adapter", path) == 30
    assert run(files, "--manifest", path) == 31
    header_file(path, {"w": header}, data)
    assert run(files, "--adapter", path) == 30


def test_a_name_that_is_not_text_is_no_traceback(files):
    done = subprocess.run(
        [sys.executable, str(SOURCE), os.fsencode(files) + b"/\xff.json", "--key", "key.pem"],
        capture_output=True,
        text=True,
    )

    assert (done.returncode, done.stderr) == (3, "")
