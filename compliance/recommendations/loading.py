"""From rows and files to the model in memory: base, catalogue, weights, and who answers."""

import json
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from django.db.models import Count, Max, Q

from compliance.provenance.artefacts import artefact_path
from compliance.provenance.models import Adapter, Checkpoint, Plan, RecordPlace
from compliance.provenance.validation import ValidationSubject, error_matrix, validation_subjects
from compliance.recommendations.errors import IncompleteReleaseError
from compliance.records.models import ItemEmbedding
from recmodel.adapter import AdapterState, load_adapter
from recmodel.attention import Attention
from recmodel.base import load_base
from recmodel.calibrator import Calibrator
from recmodel.catalogue import Catalogue
from recmodel.front_end import FrontEnd
from recmodel.mixture import Mixture
from recmodel.prompts import item_title
from recmodel.rates import Counts
from recmodel.recommender import Person, Recommender, Setting, evidence_of
from recmodel.taste import Embeddings
from recmodel.text_base import FAULTS, TEXT, load_named


@lru_cache(maxsize=1)
def _base(named: str) -> tuple[FrontEnd, str]:
    # With its digest, which is over all weights.
    given = json.loads(named)
    base = load_named(**given) if given else load_base()
    return base, base.digest


def plan_base(plan: Plan) -> FrontEnd:
    """Return the frozen base; raise `IncompleteReleaseError` unless it is the plan's."""
    wanted = plan.config["base"]["digest"]
    is_text = plan.config.get("front_end") == TEXT
    given = {name: plan.config[name] for name in ("base", "template")} if is_text else {}
    try:
        base, digest = _base(json.dumps(given, sort_keys=True))
    except FAULTS as error:
        raise IncompleteReleaseError(str(error)) from error
    if digest != wanted:
        raise IncompleteReleaseError(
            f"The base model here is {digest}, the plan's is {wanted}. Restore its files, or the "
            "version of Lethe that made the plan, or make a new plan with `manage.py train "
            "--new-plan`."
        )
    return base


def plan_catalogue(plan: Plan) -> Catalogue:
    """Return the items embedded by the plan's encoder, centred as the plan has it."""
    return catalogue_by(plan.config["encoder"]["digest"], plan.centre)


def catalogue_by(encoder: str, centre: Embeddings | None = None) -> Catalogue:
    """Return the items embedded by the encoder of this digest, in the order of their ids.

    With their titles, which the text front end reads; centred on `centre` [d], or on their mean.

    It is kept until there are more. Raise `IncompleteReleaseError` if there is none.
    """
    embedded = ItemEmbedding.objects.filter(encoder=encoder)
    kept_centre = None if centre is None else centre.tobytes()
    counted = embedded.aggregate(n=Count("pk"), last=Max("pk"))
    return _catalogue(encoder, kept_centre, *counted.values())


@lru_cache(maxsize=1)
def _catalogue(encoder: str, centre: bytes | None, count: int, newest: int | None) -> Catalogue:
    rows = list(
        ItemEmbedding.objects.filter(encoder=encoder)
        .order_by("item__external_id")
        .values_list("item__external_id", "vector", "item__title", "item__attributes")
    )
    if not rows:
        raise IncompleteReleaseError("No item has an embedding by the plan's encoder.")
    vectors = np.frombuffer(b"".join(bytes(vector) for _, vector, *_ in rows), dtype="<f4")
    titles = [item_title(title, attributes) for *_, title, attributes in rows]
    return Catalogue(
        [item for item, *_ in rows],
        vectors.reshape(len(rows), -1),
        titles,
        None if centre is None else np.frombuffer(centre, np.float32),
    )


def weights(digest: str, adapter: Adapter) -> AdapterState:
    """Read weights from the artefact store and make sure that they are what was recorded."""
    what = f"The weights {digest} of {adapter}"
    try:
        state = load_adapter(artefact_path(digest))
    except (OSError, ValueError, KeyError) as error:
        raise IncompleteReleaseError(
            f"{what} cannot be read from the artefact store. Restore it from a back-up, or train "
            "the shard again."
        ) from error
    if state.digest != digest:
        raise IncompleteReleaseError(f"{what} have been changed in the artefact store.")
    return state


def plan_setting(plan: Plan) -> Setting:
    """Return what the plan says about answering."""
    mixture = plan.config["mixture"]
    return Setting(
        attention=Attention(mixture["strategy"], mixture["neighbours"], mixture["tau"]),
        centre=plan.centre,
        calibrator=Calibrator.from_dict(plan.config["calibrator"]),
        key=plan.partition_key,
        centroids=plan.centroids,
    )


def plan_counts(plan: Plan) -> Counts:
    """Count the likes and reactions of each item among the placed records."""
    threshold = plan.config["like_threshold"]
    rows = (
        RecordPlace.objects.filter(plan=plan)
        .values_list("interaction__item__external_id")
        .annotate(likes=Count("pk", filter=Q(interaction__rating__gt=threshold)), all=Count("pk"))
    )
    counted = list(rows)
    return Counts.of(
        {item: likes for item, likes, _ in counted}, {item: total for item, _, total in counted}
    )


def recommender(plan: Plan, served: Sequence[Checkpoint], calibrator: Calibrator) -> Recommender:
    """Return who answers with these checkpoints, one a shard, as the database stands now."""
    base, catalogue, setting = plan_base(plan), plan_catalogue(plan), plan_setting(plan)
    digests = {checkpoint.adapter.shard: checkpoint.digest for checkpoint in served}
    adapters = {
        checkpoint.adapter.shard: weights(checkpoint.digest, checkpoint.adapter)
        for checkpoint in served
    }
    known, errors = error_matrix(
        [digests[shard] for shard in sorted(digests)], validation_subjects(plan)
    )
    return Recommender(
        mixture=Mixture(
            base, adapters, plan.config["training"]["scope"], plan.config["mixture"]["form"]
        ),
        setting=setting,
        evidence=evidence_of(persons(known), errors, catalogue, setting),
        counts=plan_counts(plan),
        catalogue=catalogue,
        calibrator=calibrator,
    )


def persons(subjects: Sequence[ValidationSubject]) -> list[Person]:
    """Return validation subjects as the model takes them."""
    return [Person(one.subject, one.prompts, one.records) for one in subjects]
