"""The parts of a plan that only the model module can load: base, encoder, catalogue."""

from functools import lru_cache

import numpy as np

from compliance.jobs.services import ImpossibleJobError
from compliance.provenance.models import Plan
from compliance.records.models import ItemEmbedding
from recmodel.base import ItemTokenModel, load_base
from recmodel.catalogue import Catalogue
from recmodel.training import TrainingConfig


def training_config(plan: Plan) -> TrainingConfig:
    """Return the plan's hyper-parameters."""
    return TrainingConfig.from_dict(plan.config["training"])


@lru_cache(maxsize=1)
def base_model(digest: str) -> ItemTokenModel:
    """Return the frozen base, or raise `ImpossibleJobError` if it is not the plan's."""
    model = load_base()
    if model.digest != digest:
        raise ImpossibleJobError(
            f"The base model here is {model.digest}, the plan's is {digest}. Install the version "
            "of Lethe that made the plan, or make a new plan with `manage.py train --new-plan`."
        )
    return model


def plan_catalogue(plan: Plan) -> Catalogue:
    """Return the embedded items, in the order of their external ids."""
    rows = list(
        ItemEmbedding.objects.filter(encoder=plan.config["encoder"]["digest"])
        .order_by("item__external_id")
        .values_list("item__external_id", "vector")
    )
    vectors = np.frombuffer(b"".join(bytes(vector) for _, vector in rows), dtype="<f4")
    return Catalogue([item for item, _ in rows], vectors.reshape(len(rows), -1))
