from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from compliance.records.scope import EVERYTHING, MAX_ENTRIES, Scope, ScopeError

NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
SCOPES = {
    "everything": EVERYTHING,
    "items": Scope(items=frozenset({"cup", "čaj"})),
    "period": Scope(period=(NOON, NOON + HOUR)),
    "records": Scope(records=frozenset({("cup", NOON), ("cup", NOON + HOUR)})),
}


@pytest.mark.parametrize("kind", SCOPES)
def test_it_comes_back_from_json_and_knows_its_kind(kind):
    assert Scope.from_json(SCOPES[kind].to_json()) == SCOPES[kind]
    assert SCOPES[kind].kind == kind


@pytest.mark.parametrize(
    ("kind", "covered"),
    [
        ("everything", [True, True, True, True]),
        ("items", [True, True, True, False]),
        ("period", [False, True, True, True]),
        ("records", [False, True, False, False]),
    ],
)
def test_what_it_covers(kind, covered):
    records = [
        ("cup", NOON - HOUR),
        ("cup", NOON),
        ("cup", NOON + HOUR / 2),
        ("pot", NOON + HOUR),
    ]
    assert [SCOPES[kind].covers(*record) for record in records] == covered


def test_the_same_moment_in_another_zone_is_the_same():
    there = timezone(timedelta(hours=2))
    here = Scope(records=frozenset({("cup", NOON)}))
    assert Scope(records=frozenset({("cup", NOON.astimezone(there))})) == here
    assert here.to_json() == {"records": [["cup", "2024-05-01T12:00:00+00:00"]]}


@pytest.mark.parametrize(
    ("values", "fault"),
    [
        ({"items": {"cup"}, "period": (NOON, NOON)}, "give one of them"),
        ({"period": (NOON + HOUR, NOON)}, "before it begins"),
        ({"period": (NOON.replace(tzinfo=None), NOON)}, "offset"),
        ({"records": {("cup", NOON.replace(tzinfo=None))}}, "offset"),
        ({"period": (datetime(1, 1, 1, tzinfo=ZoneInfo("Europe/Berlin")), NOON)}, "years"),
        ({"period": (NOON, datetime.max.replace(tzinfo=UTC))}, "years"),
        ({"records": {("cup", datetime(1, 1, 1, tzinfo=UTC))}}, "years"),
        ({"items": {f"i{n}" for n in range(MAX_ENTRIES + 1)}}, "1,000 items or records at most"),
    ],
    ids=[
        "two",
        "backwards",
        "naive-period",
        "naive-record",
        "year-1",
        "year-9999",
        "year-1-record",
        "too-many",
    ],
)
def test_what_is_no_scope_is_refused(values, fault):
    with pytest.raises(ScopeError, match=fault):
        Scope(**{name: frozenset(v) if isinstance(v, set) else v for name, v in values.items()})
