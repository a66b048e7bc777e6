"""A subject's provenance as text."""

from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext_lazy
from rich.table import Table

from compliance.provenance.selectors import Learned, Learner, Record, SubjectProvenance
from compliance.records.terminal import rendered

SHOWN_AT_EACH_END = 5

LEARNED = {
    Learned.ALL: gettext_lazy("from all records of the subject"),
    Learned.PART: gettext_lazy("perhaps from a part of them"),
    Learned.NOT_YET: gettext_lazy("not yet"),
    Learned.NOTHING: gettext_lazy("nothing"),
}


def report(found: SubjectProvenance, *, all_records: bool) -> str:
    """Return the whole of it, with the first and last few records unless all are asked for."""
    parts: list[Any] = [*_place(found), "", _records(found, all_records)]
    if found.prompts:
        parts += ["", _prompts(found)]
    if found.adapters:
        parts += ["", _adapters(found)]
    return rendered(*parts)


def _place(found: SubjectProvenance) -> Iterable[str]:
    if not found.records:
        yield "The subject has no records: nothing has learned from it."
    elif found.slice is None:
        yield f"None of the subject's {len(found.records):,} records is placed yet."
        yield "They will be when `manage.py train` runs next; nothing has learned from them."
    elif found.is_validation:
        yield f"Validation subject, slice {found.slice}: no adapter learns from its records."
    else:
        yield f"Shard {found.shard}, slice {found.slice} (counted from 0), plan {found.plan[:19]}"
    if found.slice is not None and found.unplaced:
        yield f"{found.unplaced:,} of {len(found.records):,} records are not placed yet."
    if found.slice is not None and not found.prompts:
        yield "The subject has too few records for a prompt: nothing has learned from them."


def _records(found: SubjectProvenance, all_records: bool) -> Table:
    table = Table(title=f"{len(found.records):,} records in time order", title_justify="left")
    for heading in ("place", "time", "item", "rating", "in histories", "as target"):
        right = heading in {"place", "rating", "in histories", "as target"}
        table.add_column(heading, justify="right" if right else "left")
    for record in _shown(found.records, all_records):
        table.add_row(*(_cells(record) if record else ["…"] * len(table.columns)))
    return table


def _shown(records: tuple[Record, ...], all_records: bool) -> Iterable[Record | None]:
    """Return the records to show; None stands for those left out."""
    if all_records or len(records) <= 2 * SHOWN_AT_EACH_END + 1:
        return records
    return [*records[:SHOWN_AT_EACH_END], None, *records[-SHOWN_AT_EACH_END:]]


def _cells(record: Record) -> list[str]:
    return [
        "not yet" if record.place is None else str(record.place),
        record.occurred_at.isoformat(sep=" ", timespec="seconds"),
        f"{record.item}: {record.title}",
        f"{record.rating}",
        str(record.as_history),
        str(record.as_target),
    ]


def _prompts(found: SubjectProvenance) -> Table:
    table = Table(title=f"{len(found.prompts):,} prompts", title_justify="left")
    for heading in ("history: places", "records", "targets: places", "records"):
        table.add_column(heading, justify="right")
    for cover in found.prompts:
        history, targets = cover.target - cover.first, cover.end - cover.target
        table.add_row(
            _range(cover.first, cover.target),
            str(history),
            _range(cover.target, cover.end),
            str(targets),
        )
    return table


def _range(first: int, end: int) -> str:
    if end - first < 2:
        return str(first) if first < end else "none"
    return f"{first} to {end - 1}"


def _adapters(found: SubjectProvenance) -> Table:
    table = Table(title=f"Adapters of shard {found.shard}", title_justify="left")
    for heading in ("generation", "state", "learned", "weights", "served in releases", "now"):
        table.add_column(heading)
    for adapter in found.adapters:
        table.add_row(
            str(adapter.generation),
            adapter.state,
            str(LEARNED[adapter.learned]),
            adapter.digest[:19] or "none",
            ", ".join(map(str, adapter.releases)) or "none",
            _now(adapter),
        )
    return table


def _now(adapter: Learner) -> str:
    if adapter.is_live:
        return "served"
    if adapter.destroyed_at:
        return "destroyed"
    return "quarantined" if adapter.quarantined_at else "not served"
