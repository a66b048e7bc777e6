"""The validation subjects, and how wrong each adapter is about them: the error matrix."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from django.db.models import Min

from compliance.canonical import json_digest
from compliance.provenance.examples import subjects_examples
from compliance.provenance.manifests import subject_commitment
from compliance.provenance.models import Checkpoint, ErrorRow, Plan, Prompt
from compliance.records.models import Subject
from recmodel.prompts import Prompt as Example
from recmodel.prompts import Reaction

Errors = npt.NDArray[np.int32]


@dataclass(frozen=True)
class ValidationSubject:
    """A subject whose records teach no adapter: its latest prompts, and all placed records.

    `key` is its row; `mark` changes whenever it is placed anew.
    """

    key: int
    mark: int
    subject: str
    prompts: tuple[Example, ...]
    records: tuple[Reaction, ...]


def validation_subjects(plan: Plan, *, every_prompt: bool = False) -> list[ValidationSubject]:
    """Return the validation subjects that have a prompt, in the order of their identifiers.

    Of each the latest `prompts_per_subject` prompts are taken, unless `every_prompt` is asked for:
    those who have many must not outweigh the rest, nor make every checkpoint's errors dear.
    """
    marks = _marks(plan)
    most = 0 if every_prompt else plan.config["mixture"]["prompts_per_subject"]
    found = [
        ValidationSubject(
            key=examples.subject_id,
            mark=marks[examples.subject_id],
            subject=examples.subject,
            prompts=tuple(examples.prompts[-most:]),
            records=tuple(examples.records),
        )
        for examples in subjects_examples(plan, None)
        if examples.prompts
    ]
    return sorted(found, key=lambda one: one.subject)


def subjects_without_errors(
    weights: str, people: Iterable[ValidationSubject]
) -> list[ValidationSubject]:
    """Return those whose errors under the weights of this digest are not known yet."""
    known = set(ErrorRow.objects.filter(weights=weights).values_list("subject_id", flat=True))
    return [person for person in people if person.key not in known]


def errors_store(
    plan: Plan, weights: str, found: Sequence[tuple[ValidationSubject, Errors]]
) -> None:
    """Keep errors under the weights of this digest, but for people placed anew or erased since.

    Weights that have gone out of service get none. The caller holds the serving lock.
    """
    if not Checkpoint.objects.clean().filter(digest=weights).exists():
        return
    marks = _marks(plan)
    ErrorRow.objects.bulk_create(
        [
            ErrorRow(weights=weights, subject_id=person.key, errors=errors.astype("<i4").tobytes())
            for person, errors in found
            if marks.get(person.key) == person.mark
        ],
        ignore_conflicts=True,  # another process may have found the same
    )


def error_matrix(
    weights: Sequence[str], people: Sequence[ValidationSubject]
) -> tuple[list[ValidationSubject], Errors]:
    """Return errors [K, V] of the weights on all prompts of the people known to each of them.

    People whose errors under some of the weights are missing are left out.
    """
    rows = ErrorRow.objects.filter(weights__in=set(weights))
    cells: Mapping[tuple[str, int], Any] = {
        (row.weights, row.subject_id): np.frombuffer(bytes(row.errors), "<i4") for row in rows
    }
    known = [p for p in people if all((digest, p.key) in cells for digest in weights)]
    matrix = [
        np.concatenate([np.empty(0, "<i4"), *(cells[digest, person.key] for person in known)])
        for digest in weights
    ]
    width = sum(len(person.prompts) for person in known)
    return known, np.array(matrix, np.int32).reshape(len(weights), width)


def error_digests(plan: Plan, weights: Sequence[str]) -> dict[str, str | None]:
    """Return a digest of each weights' row of the error matrix, subjects by their commitments.

    None where the errors on some validation subject are not known yet.
    """
    people = _marks(plan)
    commitments = _commitments(weights)
    rows: dict[str, dict[int, bytes]] = {digest: {} for digest in weights}
    known = ErrorRow.objects.filter(weights__in=set(weights))
    for digest, subject, errors in known.values_list("weights", "subject_id", "errors"):
        rows[digest][subject] = bytes(errors)
    return {
        digest: _digest(found, commitments) if people.keys() <= found.keys() else None
        for digest, found in rows.items()
    }


def _digest(errors: Mapping[int, bytes], commitments: Mapping[int, str]) -> str:
    return json_digest({commitments[subject]: row.hex() for subject, row in errors.items()})


def _commitments(weights: Sequence[str]) -> dict[int, str]:
    """Return the commitment of each subject with an error under some of the weights, by row id."""
    judged = ErrorRow.objects.filter(weights__in=set(weights)).values("subject_id")
    people = Subject.objects.filter(pk__in=judged).values_list("pk", "external_id")
    return {subject: subject_commitment(name).hex() for subject, name in people}


def _marks(plan: Plan) -> dict[int, int]:
    rows = Prompt.objects.filter(plan=plan, shard=None).values("subject_id")
    return dict(rows.annotate(mark=Min("pk")).values_list("subject_id", "mark"))
