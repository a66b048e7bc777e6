import copy
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from compliance.evidence import dsse, statement, verifier
from compliance.evidence.statement import CertificateError, certificate_issue, statement_bytes

SCHEMA = json.loads(
    Path(statement.__file__).with_name("erasure-v1.schema.json").read_text(encoding="utf-8")
)
VALIDATOR = Draft202012Validator(SCHEMA, format_checker=Draft202012Validator.FORMAT_CHECKER)


def paths(value, path=()):
    """Every place in a JSON value."""
    yield path
    entries = value.items() if isinstance(value, dict) else []
    entries = enumerate(value) if isinstance(value, list) else entries
    for name, inner in entries:
        yield from paths(inner, (*path, name))


def put(value, path, new):
    changed = copy.deepcopy(value)
    holder = changed
    for name in path[:-1]:
        holder = holder[name]
    holder[path[-1]] = new
    return changed


def verifier_accepts(predicate):
    try:
        verifier.check_form(predicate)
        verifier.check_digests(predicate)
    except verifier.Rejected:
        return False
    return True


def test_the_schema_is_a_schema():
    Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["$id"] == verifier.PREDICATE_TYPE


def test_the_statement_is_in_toto_v1(said, digest_of):
    assert set(said) == {"_type", "subject", "predicateType", "predicate"}
    assert said["_type"] == "https://in-toto.io/Statement/v1"
    assert said["predicateType"] == "https://lethe.dev/predicates/erasure/v1"


def test_its_subjects_are_the_new_release_and_the_new_adapters(said, hex_of):
    assert said["subject"] == [
        {"name": "release", "digest": {"sha256": hex_of("release new")}},
        {"name": "adapter/shard-2", "digest": {"sha256": hex_of("adapter 2 new")}},
    ]


def test_the_predicate_follows_the_published_schema(said):
    VALIDATOR.validate(said["predicate"])


def test_the_bytes_are_canonical(statement_text, said):
    assert statement_text == json.dumps(
        said, sort_keys=True, separators=(",", ":"), ensure_ascii=False
    ).encode("utf-8")


def test_issuing_twice_gives_the_same_bytes(content, key, certificate):
    assert certificate_issue(content, key) == certificate


def test_times_are_written_in_utc(content, key):
    berlin = datetime.fromisoformat("2026-02-11T10:30:00+01:00")

    assert statement_bytes(replace(content, issued_at=berlin), "") == statement_bytes(
        replace(content, issued_at=datetime(2026, 2, 11, 9, 30, tzinfo=UTC)), ""
    )


def test_a_naive_time_is_refused(content):
    with pytest.raises(ValueError, match="aware"):
        statement_bytes(replace(content, issued_at=datetime(2026, 2, 11)), "")


@pytest.mark.parametrize("value", [0.5, True, b"x", object()])
def test_what_json_cannot_spell_in_one_way_is_refused(content, value):
    with pytest.raises(TypeError, match="cannot hold"):
        statement_bytes(replace(content, issuer=value), "")


def test_what_the_verifier_would_reject_is_not_signed(content, key):
    wrong = replace(content.scope[0], erased=1, remaining=1)

    with pytest.raises(CertificateError, match="scope: store interactions: 1 remain"):
        certificate_issue(replace(content, scope=(wrong,)), key)


@pytest.mark.parametrize(
    "replay",
    [
        statement.Replay(result=statement.ReplayResult.NOT_RUN, trainer="train-1"),
        statement.Replay(
            result=statement.ReplayResult.DIFFERS,
            trainer="train-1",
            replayer="replay-1",
            environment="sha256:" + "0" * 64,
        ),
    ],
)
def test_a_certificate_can_say_that_no_identical_replay_took_place(content, key, pem, replay):
    shard = replace(content.model.shards[0], replay=replay)
    honest = replace(content, model=replace(content.model, shards=(shard,)))

    envelope = certificate_issue(honest, key)

    assert verifier.exit_code(verifier.verify(envelope, pem)) == 21
    predicate = json.loads(dsse.verify(envelope, verifier.PAYLOAD_TYPE, key.public_key()))[
        "predicate"
    ]
    VALIDATOR.validate(predicate)


def test_an_erasure_that_touched_no_adapter_is_certified(content, key, pem):
    proof = replace(content.model.proof_after, release=content.model.release_after)
    model = replace(
        content.model,
        shards=(),
        release_interim=None,
        release_before=content.model.release_after,
        proof_before=proof,
    )

    envelope = certificate_issue(replace(content, model=model), key)

    assert verifier.exit_code(verifier.verify(envelope, pem)) == 0


def test_an_erasure_before_any_model_is_certified(content, key, pem):
    envelope = certificate_issue(replace(content, model=None, derived=()), key)

    assert verifier.exit_code(verifier.verify(envelope, pem)) == 0
    said = json.loads(dsse.verify(envelope, verifier.PAYLOAD_TYPE, key.public_key()))
    VALIDATOR.validate(said["predicate"])
    assert [subject["name"] for subject in said["subject"]] == ["request"]


def test_a_shard_may_have_had_no_adapter_yet(content, key, pem):
    shard = replace(content.model.shards[0], adapter_before=None)
    model = replace(content.model, shards=(shard,), release_before=None, proof_before=None)

    envelope = certificate_issue(replace(content, model=model), key)

    assert verifier.exit_code(verifier.verify(envelope, pem)) == 0


def test_requests_may_share_one_retraining(content, key, pem):
    shard = replace(
        content.model.shards[0],
        removed_for_others=4,
        added=1,
        manifest_before=statement.Manifest(digest="sha256:" + "1" * 64, records=8),
    )

    envelope = certificate_issue(
        replace(content, model=replace(content.model, shards=(shard,))), key
    )

    assert verifier.exit_code(verifier.verify(envelope, pem)) == 0


def moved(content):
    """Alice keeps a record, which moved from shard 2 to shard 3."""
    left = replace(
        content.model.shards[0],
        withdrawn=1,
        manifest_before=statement.Manifest(digest="sha256:" + "1" * 64, records=6),
    )
    joined = replace(
        left,
        shard=3,
        removed_commitments=(),
        withdrawn=0,
        added=1,
        manifest_before=statement.Manifest(digest="sha256:" + "3" * 64, records=2),
        adapter_after="sha256:" + "4" * 64,
    )
    others = tuple(other for other in content.model.other_adapters if other.shard != 3)
    model = replace(content.model, shards=(left, joined), other_adapters=others)
    return replace(content, model=model)


def test_a_partial_erasure_may_move_the_subject(content, key, pem):
    envelope = certificate_issue(moved(content), key)

    assert verifier.exit_code(verifier.verify(envelope, pem)) == 0
    said = json.loads(dsse.verify(envelope, verifier.PAYLOAD_TYPE, key.public_key()))
    VALIDATOR.validate(said["predicate"])


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"withdrawn": 0}, "0 withdrawn and 0 added do not make 3"),
        ({"removed_commitments": (), "withdrawn": 3}, "no record was removed or moved there"),
    ],
    ids=["withdrawn-records-count", "a-shard-without-change"],
)
def test_a_move_has_to_add_up(content, key, change, fault):
    left, joined = moved(content).model.shards
    model = replace(moved(content).model, shards=(replace(left, **change), joined))
    with pytest.raises(CertificateError, match=fault):
        certificate_issue(replace(content, model=model), key)


def test_some_record_must_have_been_removed(content, key):
    _, joined = moved(content).model.shards
    model = replace(moved(content).model, shards=(joined,))
    with pytest.raises(CertificateError, match="no record was removed from any"):
        certificate_issue(replace(content, model=model), key)


def test_the_first_certificates_are_still_valid(said, signed, pem):
    for holder, name in LACKING.items():
        place = said["predicate"]["model"]
        del (place["shards"][0] if holder == "shard" else place)[name]
    VALIDATOR.validate(said["predicate"])
    assert verifier.exit_code(verifier.verify(signed(said), pem)) == 0


def test_no_name_stands_in_a_certificate(statement_text):
    assert b"alice" not in statement_text.lower()


# What the first certificates did not say, in the model and in each of its shards.
LACKING = {"model": "exactness", "shard": "withdrawn"}


def test_schema_and_verifier_want_the_same_fields(said):
    predicate = said["predicate"]
    for path in paths(predicate):
        if not path or isinstance(path[-1], int) or path[-1] in LACKING.values():
            continue
        changed = copy.deepcopy(predicate)
        holder = changed
        for name in path[:-1]:
            holder = holder[name]
        del holder[path[-1]]
        optional = path[-1] in ("proof_before", "proof_after", "refused")
        assert VALIDATOR.is_valid(changed) == optional, path
        assert verifier_accepts(changed) == optional, path


VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from(["", " ", "x", "X", "identical", "sha256:" + "0" * 64, "0" * 64]),
    st.sampled_from(["0" * 64 + "\n", "0" * 63, "2026-02-28", "2026-02-11T09:30:00Z"]),
    st.text(st.characters(exclude_characters="\n"), max_size=5),
    st.just([]),
    st.just({}),
)


@given(data=st.data())
def test_schema_and_verifier_take_the_same_values(statement_text, data):
    predicate = json.loads(statement_text)["predicate"]
    places = [path for path in paths(predicate) if path]
    path, value = data.draw(st.sampled_from(places)), data.draw(VALUES)
    changed = put(predicate, path, value)

    # The schema also knows a few rules that the verifier has as checks of their own.
    if path[-1] in ("remaining", "removed_commitments") or path[-2:-1] == ("removed_commitments",):
        return
    assert VALIDATOR.is_valid(changed) == verifier_accepts(changed), (path, value)


def test_a_part_that_was_refused_stands_in_the_certificate_with_its_article(content, key):
    part = statement.Decision(ground="17(1)(b)", outcome="partly-erased", refused="17(3)(e)")
    said = json.loads(
        statement_bytes(replace(content, decision=part), dsse.key_id(key.public_key()))
    )
    assert said["predicate"]["decision"] == {
        "ground": "17(1)(b)",
        "outcome": "partly-erased",
        "refused": "17(3)(e)",
    }
    VALIDATOR.validate(said["predicate"])


@pytest.mark.parametrize("refused", ["17(1)(a)", "17(3)(f)", "because", ""])
def test_a_refusal_names_an_article(content, key, refused):
    part = statement.Decision(ground="17(1)(b)", outcome="partly-erased", refused=refused)
    with pytest.raises(CertificateError, match="refused"):
        certificate_issue(replace(content, decision=part), key)
