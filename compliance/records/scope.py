"""What of a subject's records a request is about. Pure. A scope names personal data."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Self

MAX_ENTRIES = 1000
KINDS = ("everything", "items", "period", "records")
# Between them every moment is a time in every time zone: beyond, some cannot be shown.
EARLIEST, LATEST = datetime(2, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)


class ScopeError(ValueError):
    """The scope is none. The message says what is wrong with it and quotes nothing of it."""


@dataclass(frozen=True)
class Scope:
    """Everything, or certain items, or a period, or certain records: one of them.

    items: external ids. period: first and last moment, both part of it. records: the item's
    external id and the time of each.
    """

    items: frozenset[str] = frozenset()
    period: tuple[datetime, datetime] | None = None
    records: frozenset[tuple[str, datetime]] = frozenset()

    def __post_init__(self) -> None:
        if sum(map(bool, (self.items, self.period, self.records))) > 1:
            raise ScopeError("A scope is items, a period or records: give one of them.")
        if len(self.items) + len(self.records) > MAX_ENTRIES:
            raise ScopeError(f"A scope names {MAX_ENTRIES:,} items or records at most.")
        moments = [*(self.period or ()), *(at for _, at in self.records)]
        if any(at.tzinfo is None for at in moments):
            raise ScopeError("A time in a scope needs its offset from UTC.")
        if not all(EARLIEST <= at < LATEST for at in moments):
            raise ScopeError("A time in a scope must be in the years 2 to 9998.")
        if self.period and self.period[0] > self.period[1]:
            raise ScopeError("A period cannot end before it begins.")

    @property
    def kind(self) -> str:
        """Return which of `KINDS` it is."""
        given = (True, bool(self.items), self.period is not None, bool(self.records))
        return [name for name, is_it in zip(KINDS, given, strict=True) if is_it][-1]

    def covers(self, item: str, at: datetime) -> bool:
        """Tell whether the record of this item at this time is in the scope."""
        if self.items:
            return item in self.items
        if self.period:
            return self.period[0] <= at <= self.period[1]
        return (item, at) in self.records if self.records else True

    def includes(self, other: "Scope") -> bool:
        """Tell whether all that `other` can cover is covered by this one too."""
        if self in (EVERYTHING, other):
            return True
        if other.records:
            return all(self.covers(item, at) for item, at in other.records)
        if self.period and other.period:
            return self.covers("", other.period[0]) and self.covers("", other.period[1])
        return bool(other.items) and other.items <= self.items

    def to_json(self) -> dict[str, Any]:
        """Return JSON types, alike for equal scopes."""
        if self.items:
            return {"items": sorted(self.items)}
        if self.period:
            return {"period": [_text(at) for at in self.period]}
        if self.records:
            return {"records": sorted([item, _text(at)] for item, at in self.records)}
        return {}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Return the scope that `to_json` wrote."""
        period = value.get("period")
        return cls(
            items=frozenset(value.get("items", ())),
            period=(_moment(period[0]), _moment(period[1])) if period else None,
            records=frozenset((item, _moment(at)) for item, at in value.get("records", ())),
        )


EVERYTHING = Scope()


def _text(at: datetime) -> str:
    return at.astimezone(UTC).isoformat()


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
