"""The suppression list: what was erased does not come back with an import or a restore.

An entry holds no identifier. `tag` is a keyed digest of the subject's; `part` one of the item or
the record that was erased, empty for all of them; `since` the start of the period that was erased,
null for any time. Records dated after `until` are welcome.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db.models.functions import Greatest

from compliance.keyring import Key, keyed_digest
from compliance.records.models import Suppression
from compliance.records.scope import EARLIEST, LATEST, Scope

DIGEST_LENGTH = 32
END = "entries"


def suppression_tag(external_id: str) -> bytes:
    """Return the keyed digest that stands for a subject in the suppression list."""
    return keyed_digest(Key.SUPPRESSION, external_id)


def suppress(external_id: str, scope: Scope, at: datetime) -> None:
    """Refuse from now on the records in `scope` that are dated up to `at`, and no others."""
    for part, since, until in _entries(external_id, scope, at):
        _keep(suppression_tag(external_id), part, since, until)


def suppression_list() -> Iterator[dict[str, Any]]:
    """Yield each entry as JSON has it, and last how many there are: a list that lacks that is none.

    To be kept where no restore reaches it.
    """
    entries = 0
    for entry in Suppression.objects.order_by("pk").iterator():
        entries += 1
        yield {
            "tag": bytes(entry.tag).hex(),
            "part": bytes(entry.part).hex(),
            "since": entry.since.isoformat() if entry.since else None,
            "until": entry.until.isoformat(),
        }
    yield {END: entries}


def suppression_take(lines: Iterable[Mapping[str, Any]]) -> int:
    """Add what such a list has and ours has not; return how many it has.

    Raises KeyError, TypeError or ValueError, and adds nothing, for what is no whole list.
    """
    *given, end = lines
    entries = [_entry(each) for each in given]
    if end != {END: len(entries)}:
        raise ValueError("The last line does not tell how many entries there are.")
    for entry in entries:
        _keep(*entry)
    return len(entries)


Entry = tuple[bytes, bytes, datetime | None, datetime]


def _entry(line: Mapping[str, Any]) -> Entry:
    """Return an entry of a list. What no database could give back is no entry."""
    since = line["since"]
    tag, part = bytes.fromhex(line["tag"]), bytes.fromhex(line["part"])
    if len(tag) != DIGEST_LENGTH or len(part) not in (0, DIGEST_LENGTH):
        raise ValueError("A tag or a part is no digest.")
    return tag, part, None if since is None else _moment(since), _moment(line["until"])


def _moment(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    if at.tzinfo is None or not EARLIEST <= at < LATEST:
        raise ValueError("A time has no offset from UTC, or is of no year that is kept.")
    return at


def _keep(tag: bytes, part: bytes, since: datetime | None, until: datetime) -> None:
    entry, created = Suppression.objects.get_or_create(
        tag=tag, part=part, since=since, defaults={"until": until}
    )
    if not created:
        Suppression.objects.filter(pk=entry.pk).update(until=Greatest("until", until))


@dataclass(frozen=True)
class Refusals:
    """What is refused of one subject: whole spans of time, and single items and records."""

    external_id: str
    spans: tuple[tuple[datetime | None, datetime], ...]
    parts: dict[bytes, datetime]

    def refuses(self, item: str, at: datetime) -> bool:
        """Tell whether the record of this item at this time is refused, for whatever reason."""
        in_span = any((since is None or since <= at) and at <= until for since, until in self.spans)
        return in_span or self.refuses_part(item, at)

    @property
    def is_whole(self) -> bool:
        """Tell whether everything of the subject was erased."""
        return any(since is None for since, _ in self.spans)

    def refuses_part(self, item: str, at: datetime) -> bool:
        """Tell whether the record of this item at this time is refused for its item or itself."""
        own = (_item_part(self.external_id, item), _record_part(self.external_id, item, at))
        return any(part in self.parts and at <= self.parts[part] for part in own)


def refusals(external_ids: Iterable[str]) -> Iterator[Refusals]:
    """Yield what is refused of those of these subjects that have an entry."""
    entries: dict[bytes, list[Suppression]] = {}
    for entry in Suppression.objects.all():
        entries.setdefault(bytes(entry.tag), []).append(entry)
    for external_id in external_ids if entries else ():
        if own := entries.get(suppression_tag(external_id)):
            yield Refusals(
                external_id,
                spans=tuple((each.since, each.until) for each in own if not each.part),
                parts={bytes(each.part): each.until for each in own if each.part},
            )


def _entries(
    external_id: str, scope: Scope, at: datetime
) -> Iterator[tuple[bytes, datetime | None, datetime]]:
    """Yield part, since and until of each entry that the scope needs."""
    for item in sorted(scope.items):
        yield _item_part(external_id, item), None, at
    for item, moment in sorted(scope.records):
        if moment <= at:
            yield _record_part(external_id, item, moment), None, moment
    if scope.period:
        since, until = scope.period
        if since <= at:
            yield b"", since, min(until, at)
    if scope.kind == "everything":
        yield b"", None, at


def _item_part(external_id: str, item: str) -> bytes:
    return keyed_digest(Key.SUPPRESSION, "item", external_id, item)


def _record_part(external_id: str, item: str, at: datetime) -> bytes:
    moment = at.astimezone(UTC).isoformat()
    return keyed_digest(Key.SUPPRESSION, "record", external_id, item, moment)
