"""How wrong checkpoints are about the validation subjects: the rows of the error matrix."""

from collections.abc import Iterable, Sequence

import numpy as np
from django.db import transaction

from compliance.provenance.models import Checkpoint, Plan
from compliance.provenance.releases import serving_lock
from compliance.provenance.validation import (
    ValidationSubject,
    errors_store,
    subjects_without_errors,
    validation_subjects,
)
from compliance.recommendations.loading import persons, plan_catalogue, weights
from recmodel.attention import Errors
from recmodel.mixture import Mixture
from recmodel.prefixes import PrefixCache
from recmodel.recommender import prompt_errors_of
from workers.model import base_model
from workers.work import Work

_kept: PrefixCache | None = None


def validation_prefixes(plan: Plan, people: Sequence[ValidationSubject]) -> PrefixCache:
    """Return what is kept of the validation prompts: the same for every checkpoint and release.

    Personal data, so it holds nothing but these people's prompts, and `prefixes_forget` ends it.
    """
    global _kept
    base, catalogue = base_model(plan), plan_catalogue(plan)
    try:
        if _kept is not None:
            _kept.check(base, catalogue)
    except ValueError:
        _kept = None
    _kept = _kept or PrefixCache(base, catalogue)
    _kept.keep_only(prompt for person in people for prompt in person.prompts)
    return _kept


def prefixes_forget() -> None:
    """Drop all that is kept of anybody. Called when a worker has nothing left to do."""
    global _kept
    _kept = None


def errors_fill(work: Work, plan: Plan, checkpoints: Iterable[Checkpoint]) -> None:
    """Find the errors of each checkpoint on the validation subjects that it has not met yet."""
    people = validation_subjects(plan)
    if not people:
        return
    base, prefixes = base_model(plan), validation_prefixes(plan, people)
    for checkpoint in checkpoints:
        missing = subjects_without_errors(checkpoint.digest, people)
        if not missing:
            continue
        adapter = checkpoint.adapter
        state = weights(checkpoint.digest, adapter)
        judge = Mixture(base, {adapter.shard: state}, plan.config["training"]["scope"])
        found = _errors(judge, missing, prefixes)
        with transaction.atomic():
            serving_lock()
            work.lease.prolong()
            errors_store(plan, checkpoint.digest, found)


def _errors(
    judge: Mixture, people: Sequence[ValidationSubject], prefixes: PrefixCache
) -> list[tuple[ValidationSubject, Errors]]:
    errors = prompt_errors_of(judge, persons(people), prefixes.catalogue, prefixes)
    ends = np.cumsum([len(person.prompts) for person in people])
    return list(zip(people, np.split(errors, ends[:-1]), strict=True))
