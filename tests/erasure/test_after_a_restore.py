"""What was erased since the back-up stands again after a restore, and is erased again."""

import json
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction

from compliance.erasure.models import Channel, ErasureRequest, Ground
from compliance.erasure.services import request_receive
from compliance.erasure.services.receiving import Origin
from compliance.erasure.states import State
from compliance.jobs.models import OutboxMessage
from compliance.records.models import Interaction, Item, Restriction, Subject, Suppression
from compliance.records.scope import EVERYTHING, Scope
from compliance.records.services import records_erase
from compliance.sealing import seal
from tests.approving import approve

pytestmark = pytest.mark.django_db
BEFORE, ERASED, AFTER = (datetime(year, 6, 1, tzinfo=UTC) for year in (2024, 2025, 2026))


def stands(subject: str, *records: tuple[str, datetime]) -> None:
    row, _ = Subject.objects.get_or_create(
        external_id=subject, defaults={"contact": seal(f"{subject}@example.org")}
    )
    for item, at in records:
        thing, _ = Item.objects.get_or_create(external_id=item, defaults={"title": item})
        Interaction.objects.create(subject=row, item=thing, rating=4, occurred_at=at)


def restored_after(
    folder: Path, subject: str, scope: Scope = EVERYTHING, *, known: int = 0
) -> Path:
    """Erase, keep the list, and take both back as the restore of an older dump does."""
    out, path = StringIO(), folder / "list"
    with transaction.atomic():
        records_erase(external_id=subject, scope=scope, at=ERASED)
        call_command("suppression", stdout=out)
        transaction.set_rollback(True)
    path.write_text(out.getvalue())
    assert Suppression.objects.count() == known
    return path


def take(path: Path) -> str:
    out = StringIO()
    call_command("suppression", take=path, stdout=out)
    return out.getvalue()


def test_a_person_who_was_erased_is_in_review_again_and_nothing_is_learned(tmp_path: Path) -> None:
    stands("alice", ("a", BEFORE))
    stands("bob", ("a", BEFORE))
    assert "1 requests filed" in take(restored_after(tmp_path, "alice"))
    request = ErasureRequest.objects.get()
    assert (request.status, request.source) == (State.IN_REVIEW, "restore")
    assert Restriction.objects.get().request_id == request.pk
    approve(request)
    assert list(Subject.objects.values_list("external_id", flat=True)) == ["bob"]


def test_a_person_who_was_erased_is_not_written_to(tmp_path: Path) -> None:
    stands("alice", ("a", BEFORE))
    take(restored_after(tmp_path, "alice"))
    approve(ErasureRequest.objects.get())
    assert not OutboxMessage.objects.exists()


def test_an_address_alone_goes_too(tmp_path: Path) -> None:
    stands("alice")
    take(restored_after(tmp_path, "alice"))
    approve(ErasureRequest.objects.get())
    assert not Subject.objects.exists()


def test_what_came_after_the_erasure_stays(tmp_path: Path) -> None:
    stands("alice", ("a", BEFORE), ("b", AFTER))
    take(restored_after(tmp_path, "alice"))
    approve(ErasureRequest.objects.get())
    assert [each.item.external_id for each in Interaction.objects.all()] == ["b"]


def test_only_the_records_that_were_erased_go_again(tmp_path: Path) -> None:
    stands("alice", ("a", BEFORE), ("b", BEFORE))
    take(restored_after(tmp_path, "alice", Scope(items=frozenset({"b"}))))
    approve(ErasureRequest.objects.get())
    assert [each.item.external_id for each in Interaction.objects.all()] == ["a"]


def test_taken_twice_it_is_one_request(tmp_path: Path) -> None:
    stands("alice", ("a", BEFORE))
    path = restored_after(tmp_path, "alice")
    take(path)
    assert "0 requests filed" in take(path)
    assert (ErasureRequest.objects.count(), Suppression.objects.count()) == (1, 1)


def test_what_an_open_request_does_not_ask_for_is_asked_for_by_another(tmp_path: Path) -> None:
    stands("alice", ("a", BEFORE), ("b", BEFORE))
    first = restored_after(tmp_path, "alice", Scope(items=frozenset({"a"})))
    take(first)
    second = restored_after(tmp_path, "alice", Scope(items=frozenset({"a", "b"})), known=1)
    assert "1 requests filed" in take(second)
    for request in ErasureRequest.objects.all():
        approve(request)
    assert not Interaction.objects.exists()


def test_a_request_of_a_client_that_calls_itself_so_stands_for_nothing(tmp_path: Path) -> None:
    stands("alice", ("a", BEFORE))
    request_receive(
        subject="alice",
        channel=Channel.API,
        ground=Ground.CONSENT_WITHDRAWN,
        actor="client:1",
        origin=Origin(source="restore"),
    )
    assert "1 requests filed" in take(restored_after(tmp_path, "alice"))


def test_an_older_list_takes_nothing_back(tmp_path: Path) -> None:
    stands("alice", ("a", BEFORE))
    path = restored_after(tmp_path, "alice")
    records_erase(external_id="alice", scope=EVERYTHING, at=AFTER)
    take(path)
    assert Suppression.objects.get().until == AFTER


def test_nobody_is_named_in_the_list(tmp_path: Path) -> None:
    stands("alice-4711", ("a", BEFORE))
    assert "alice" not in restored_after(tmp_path, "alice-4711").read_text()


def is_refused(path: Path) -> bool:
    """Whether a list is refused, and nothing of it taken."""
    with pytest.raises(CommandError, match="no suppression list"):
        take(path)
    return not Suppression.objects.exists() and not ErasureRequest.objects.exists()


@pytest.mark.parametrize("text", ["{", "[]", '{"tag": "zz"}', '{"tag": "00"}', "7", "[" * 99_999])
def test_what_is_no_list_is_refused_as_a_whole(text: str, tmp_path: Path) -> None:
    stands("alice", ("a", BEFORE))
    path = restored_after(tmp_path, "alice")
    path.write_text(path.read_text() + text)
    assert is_refused(path)
    with pytest.raises(CommandError, match="cannot be read"):
        take(tmp_path / "none")


@pytest.mark.parametrize("lines", [0, 1, 2])
def test_a_list_that_ends_after_a_whole_line_is_cut_off(lines: int, tmp_path: Path) -> None:
    stands("alice", ("a", BEFORE), ("b", BEFORE))
    path = restored_after(tmp_path, "alice", Scope(items=frozenset({"a", "b"})))
    whole = path.read_text().splitlines(keepends=True)
    assert len(whole) == 3
    path.write_text("".join(whole[:lines]))
    assert is_refused(path)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("tag", ""),
        ("tag", "00" * 31),
        ("part", "00" * 33),
        ("since", "2025-06-01T00:00:00"),
        ("since", "0001-01-01T00:00:00+14:00"),
        ("since", False),
        ("until", "2025-06-01T00:00:00"),
        ("until", "9999-12-31T23:59:59-12:00"),
        ("until", None),
    ],
)
def test_an_entry_that_nobody_has_written_is_refused(
    name: str, value: object, tmp_path: Path
) -> None:
    path = restored_after(tmp_path, "alice")
    entry, end = map(json.loads, path.read_text().splitlines())
    path.write_text("\n".join(map(json.dumps, (entry | {name: value}, end))))
    assert is_refused(path)
