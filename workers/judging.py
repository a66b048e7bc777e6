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
from recmodel.catalogue import Catalogue
from recmodel.mixture import Mixture
from recmodel.recommender import prompt_errors_of
from workers.model import base_model
from workers.work import Work


def errors_fill(work: Work, plan: Plan, checkpoints: Iterable[Checkpoint]) -> None:
    """Find the errors of each checkpoint on the validation subjects that it has not met yet."""
    people, catalogue = validation_subjects(plan), plan_catalogue(plan)
    if not people:
        return
    base = base_model(plan)
    for checkpoint in checkpoints:
        missing = subjects_without_errors(checkpoint.digest, people)
        if not missing:
            continue
        adapter = checkpoint.adapter
        state = weights(checkpoint.digest, adapter)
        judge = Mixture(base, {adapter.shard: state}, plan.config["training"]["scope"])
        found = _errors(judge, missing, catalogue)
        with transaction.atomic():
            serving_lock()
            work.lease.prolong()
            errors_store(plan, checkpoint.digest, found)


def _errors(
    judge: Mixture, people: Sequence[ValidationSubject], catalogue: Catalogue
) -> list[tuple[ValidationSubject, Errors]]:
    errors = prompt_errors_of(judge, persons(people), catalogue)
    ends = np.cumsum([len(person.prompts) for person in people])
    return list(zip(people, np.split(errors, ends[:-1]), strict=True))
