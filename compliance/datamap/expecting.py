"""Whether what was found may stand where it was found: what the map says of the column."""

from collections.abc import Callable
from typing import Any, NamedTuple

from django.utils import timezone

from compliance.datamap.cells import Found, is_short
from compliance.datamap.columns import Category, Column, Erased
from compliance.datamap.needles import NEVER_STORED
from compliance.datamap.rules import RULES
from compliance.erasure.models import ErasureRequest
from compliance.erasure.states import ERASED_STATES
from compliance.records.models import ParkedInteraction, Restriction, Subject, Suppression
from compliance.records.suppression import suppression_tag


class Verdict(NamedTuple):
    expected: bool
    why: str


def verdict(found: Found, said: Column | None) -> Verdict:
    """Judge one find. `said` is the column's line in the map."""
    if said is None:
        return Verdict(False, "the column is not in the map")
    if found.needle.name == NEVER_STORED:
        return Verdict(False, "it may stand nowhere")
    if said.fate is None:
        if is_short(found.needle):
            return Verdict(True, "an identifier this short may be there by chance: look")
        return Verdict(False, "the map has nothing personal there")
    if _is_bare(found, said):
        return Verdict(False, f"the map has it {said.category} there")
    may = _MAY[said.fate.erased](found)
    if may:
        return Verdict(True, f"kept {said.fate.kept}")
    return Verdict(False, f"past its time: kept {said.fate.kept}")


def _is_bare(found: Found, said: Column) -> bool:
    """Tell whether an identifier stands in clear where it must be closed."""
    closed = said.category in (Category.SEALED, Category.KEYED)
    return closed and not found.needle.is_digest and not found.opened


def _before_erasure(found: Found) -> bool:
    """Whether none of these people's records have been erased, or all came back since.

    A row of the subject is as old as the first of its records since.
    """
    if found.place.table not in ("records_subject", "provenance_subjectleaf"):
        return True
    subjects = Subject.objects.filter(pk__in=found.rows)
    return not any(
        _erased_since(*each) for each in subjects.values_list("external_id", "created_at")
    )


def _erased_since(external_id: str, created_at: Any) -> bool:
    whole = Suppression.objects.filter(tag=suppression_tag(external_id), part=b"", since=None)
    return whole.filter(until__gte=created_at).exists()


def _request_runs(found: Found) -> bool:
    """Whether the requests behind these rows still need it."""
    if found.place.table == "erasure_erasurerequest":
        requests = ErasureRequest.objects.filter(pk__in=found.rows)
        return requests.count() == requests.open().count()
    return not _requests(found).filter(state__in=ERASED_STATES).exists()


def _requests(found: Found) -> Any:
    """Return the requests for which somebody is restricted: none of them may be approved."""
    restrictions = Restriction.objects.filter(pk__in=found.rows)
    if found.place.table == "records_parkedinteraction":
        parked = ParkedInteraction.objects.filter(pk__in=found.rows)
        restrictions = Restriction.objects.filter(pk__in=parked.values("restriction"))
    return ErasureRequest.objects.filter(pk__in=restrictions.values("request_id"))


def _in_time(found: Found) -> bool:
    """Whether retention would leave these rows as they are."""
    now = timezone.now()
    rules = [rule for rule in RULES if rule.table == found.place.table]
    return not any(rule.due(now).filter(pk__in=found.rows).exists() for rule in rules)


def _is_evidence(found: Found) -> bool:
    """Whether it is a digest: no identifier stays for ever."""
    return found.needle.is_digest


_MAY: dict[Erased, Callable[[Found], bool]] = {
    Erased.APPROVAL: _before_erasure,
    Erased.END: _request_runs,
    Erased.DELIVERY: _in_time,
    Erased.DONE: _in_time,
    Erased.RETENTION: _in_time,
    Erased.ADMIN: lambda found: True,
    Erased.NEVER: _is_evidence,
}
