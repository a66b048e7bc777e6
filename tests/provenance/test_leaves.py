"""Each placed subject's leaf: what it commits to, and that it follows places and erasures."""

import hmac
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from hashlib import sha256
from importlib import import_module
from unittest.mock import Mock

import pytest
from django.apps import apps
from django.db import connection

from compliance.canonical import json_digest
from compliance.keyring import Key, secret
from compliance.provenance import sparse_merkle
from compliance.provenance.leaves import branches_fill, manifest_proof, records_tree
from compliance.provenance.manifests import (
    leaf_of,
    record_commitment,
    slice_manifests,
    slice_manifests_of_records,
    subject_commitment,
    subject_position,
    subject_secret,
)
from compliance.provenance.models import Plan, Prompt, RecordPlace, SubjectLeaf, TreeBranch
from compliance.provenance.placement import place_new_records
from compliance.provenance.releases import live_release, release_publish
from compliance.records.models import Interaction, Subject
from tests.provenance.test_provenance_command import CONFIG, make_subject, named, place_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def plan() -> Plan:
    return Plan.objects.create(digest="sha256:" + "1" * 64, config=CONFIG, is_active=True)


@pytest.fixture
def cast(plan: Plan) -> dict[str, str]:
    """Somebody who taught, somebody put aside for validation, and somebody with two records."""
    names = (f"person-{number}" for number in range(100))
    trained = (name for name in names if place_of(plan, name)[0] is not None)
    taught, few = next(trained), next(trained)
    people = {"taught": taught, "validation": named(plan, validation=True), "few": few}
    for role, name in people.items():
        make_subject(name, 2 if role == "few" else 7)
    place_new_records(plan)
    return people


def leaf(name: str) -> SubjectLeaf:
    return SubjectLeaf.objects.get(subject__external_id=name)


def framed(*parts: str) -> bytes:
    """Each part after its length in 8 bytes, little-endian."""
    return b"".join(len(part.encode()).to_bytes(8, "little") + part.encode() for part in parts)


def test_the_published_vector():
    """docs/certificate.md shows these values; they depend on no key of this installation."""
    own = bytes(range(32))
    at = datetime(2024, 1, 31, 9, 30, tzinfo=timezone(timedelta(hours=1)))
    first = record_commitment(own, "i-1", at, Decimal("4.5"))
    second = record_commitment(own, "i-é", at + timedelta(microseconds=5), Decimal(2))
    assert first == hmac.digest(own, framed("i-1", "2024-01-31T08:30:00+00:00", "4.50"), "sha256")
    assert first.hex() == "d6651d7376409a56fe861ae9b5f8ff0d2576c1127b216d0680871299b2d99c70"
    assert second.hex() == "eafbd22846b20f85bde1e62727bbcdfc444ee65477ef254d77a139ab0216473c"
    assert (
        leaf_of([second, first]).hex()
        == "1c814b64ddd6043b8974fbbd7629fd5459173e26c3b8e244da829a135e368d0c"
    )
    assert subject_position(own).hex() == sha256(own).hexdigest()


def test_a_leaf_is_what_the_documentation_says(cast: dict[str, str]):
    name = cast["taught"]
    own = hmac.digest(secret(Key.COMMITMENT), framed("secret", name), "sha256")
    commitments = [
        hmac.digest(own, framed(item, at.isoformat(), f"{rating:.2f}"), "sha256")
        for item, at, rating in Interaction.objects.filter(subject__external_id=name).values_list(
            "item__external_id", "occurred_at", "rating"
        )
    ]
    found = leaf(name)
    assert bytes(found.position) == sha256(own).digest()
    assert bytes(found.leaf) == sha256(b"\x03" + b"".join(sorted(commitments))).digest()
    assert found.records == 7


def test_what_a_certificate_shows_of_a_subject_is_not_its_secret():
    assert subject_commitment("alice") != subject_secret("alice")
    assert sha256(subject_commitment("alice")).digest() != subject_position(subject_secret("alice"))


def test_everybody_who_is_placed_has_a_leaf(plan: Plan, cast: dict[str, str]):
    assert SubjectLeaf.objects.count() == 3
    for role, name in cast.items():
        found = leaf(name)
        assert (found.plan, found.shard, found.slice) == (plan, *place_of(plan, name))
        assert found.taught == (role != "few")
    assert records_tree(plan)["subjects"] == 3
    assert records_tree(plan)["records"] == 16


def test_a_slice_holds_the_leaves_of_those_who_taught_it(plan: Plan, cast: dict[str, str]):
    shard, slice_ = place_of(plan, cast["taught"])
    found = leaf(cast["taught"])
    own = sparse_merkle.root({bytes(found.position): bytes(found.leaf)})
    parts = slice_manifests(plan, shard)
    assert (parts[slice_].root, parts[slice_].records) == (f"sha256:{own.hex()}", 7)
    assert parts[1 - slice_].root == f"sha256:{sparse_merkle.EMPTY.hex()}"


def test_stored_leaves_and_records_give_the_same_manifests(plan: Plan, cast: dict[str, str]):
    for shard in range(plan.shards):
        assert slice_manifests(plan, shard) == slice_manifests_of_records(plan, shard)


@pytest.mark.parametrize(
    "change", [{"rating": 1}, {"occurred_at": datetime(2023, 1, 1, tzinfo=UTC)}]
)
def test_a_record_that_changed_under_its_leaf_is_seen(
    plan: Plan, cast: dict[str, str], change: dict
):
    name = cast["taught"]
    first = Interaction.objects.filter(subject__external_id=name).first()
    Interaction.objects.filter(pk=first.pk).update(**change)
    shard = place_of(plan, name)[0]
    assert slice_manifests(plan, shard) != slice_manifests_of_records(plan, shard)


def test_new_records_make_a_new_leaf_at_the_same_position(plan: Plan, cast: dict[str, str]):
    before = {name: leaf(name) for name in cast.values()}
    make_subject(cast["few"], 3)
    place_new_records(plan)
    after = {name: leaf(name) for name in cast.values()}
    changed = {name for name in after if before[name].leaf != after[name].leaf}
    assert changed == {cast["few"]}
    assert (after[cast["few"]].records, after[cast["few"]].taught) == (5, True)
    assert {name: row.position for name, row in before.items()} == {
        name: row.position for name, row in after.items()
    }


@pytest.mark.parametrize("role", ["taught", "validation", "few"])
def test_an_erased_subject_was_never_in_the_tree(plan: Plan, cast: dict[str, str], role: str):
    whole = records_tree(plan)
    Subject.objects.get(external_id=cast[role]).delete()
    erased = records_tree(plan)
    assert erased["root"] != whole["root"]
    SubjectLeaf.objects.all().delete()
    RecordPlace.objects.all().delete()
    Prompt.objects.all().delete()
    place_new_records(plan)
    assert records_tree(plan) == erased


@pytest.mark.parametrize("role", ["taught", "validation", "few"])
def test_a_release_proves_presence_and_then_absence(plan: Plan, cast: dict[str, str], role: str):
    name, release = cast[role], release_publish(plan=plan)
    present = manifest_proof(release, name)
    assert present["release"] == release.digest == json_digest(release.manifest)
    assert present["root"] == release.manifest["records"]["root"]
    assert present["leaf"] == bytes(leaf(name).leaf).hex()
    Subject.objects.get(external_id=name).delete()
    assert manifest_proof(release, name) is None, "The release's tree is not there any more."
    after = release_publish(plan=plan)
    assert after.digest != release.digest
    assert live_release()[0] == after
    absent = manifest_proof(after, name)
    assert (absent["leaf"], absent["position"]) == (None, present["position"])
    assert name not in str(present) + str(absent)


def test_a_release_from_before_there_were_trees_proves_nothing(plan: Plan, cast: dict[str, str]):
    release = release_publish(plan=plan)
    del release.manifest["records"]
    assert manifest_proof(release, cast["taught"]) is None


def test_the_migration_gives_leaves_to_who_is_placed(plan: Plan, cast: dict[str, str]):
    fields = ("subject_id", "plan_id", "shard", "slice", "position", "leaf", "records", "taught")
    expected = list(SubjectLeaf.objects.order_by("pk").values_list(*fields))
    SubjectLeaf.objects.all().delete()
    migration = import_module("compliance.provenance.migrations.0005_subject_leaf")
    migration.leaves_fill(apps, Mock(connection=connection))
    assert list(SubjectLeaf.objects.order_by("pk").values_list(*fields)) == expected


def whole_tree(plan: Plan) -> str:
    rows = SubjectLeaf.objects.filter(plan=plan).values_list("position", "leaf")
    leaves = {bytes(position): bytes(content) for position, content in rows}
    return f"sha256:{sparse_merkle.root(leaves).hex()}"


def change_by_hand(cast: dict[str, str]) -> None:
    SubjectLeaf.objects.filter(subject__external_id=cast["taught"]).update(leaf=b"x" * 32)


def move_by_hand(cast: dict[str, str]) -> None:
    SubjectLeaf.objects.filter(subject__external_id=cast["taught"]).update(position=b"y" * 32)


def leave(cast: dict[str, str]) -> None:
    Subject.objects.get(external_id=cast["few"]).delete()


def join(cast: dict[str, str]) -> None:
    make_subject("newcomer", 7)
    place_new_records(Plan.objects.get())


@pytest.mark.parametrize("change", [change_by_hand, move_by_hand, leave, join])
def test_a_stored_branch_never_outlives_its_leaves(plan: Plan, cast: dict[str, str], change):
    branches_fill(plan)
    assert TreeBranch.objects.count() == 256
    assert records_tree(plan)["root"] == whole_tree(plan)
    before = whole_tree(plan)
    change(cast)
    assert TreeBranch.objects.count() < 256
    assert records_tree(plan)["root"] == whole_tree(plan) != before
    branches_fill(plan)
    assert records_tree(plan)["root"] == whole_tree(plan)
