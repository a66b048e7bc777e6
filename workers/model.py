"""What jobs take from a plan, with the errors that jobs end by."""

from compliance.jobs.services import ImpossibleJobError
from compliance.provenance.models import Plan
from compliance.recommendations.errors import IncompleteReleaseError
from compliance.recommendations.loading import plan_base
from recmodel.front_end import FrontEnd
from recmodel.training import TrainingConfig


def training_config(plan: Plan) -> TrainingConfig:
    """Return the plan's hyper-parameters."""
    return TrainingConfig.from_dict(plan.config["training"])


def base_model(plan: Plan) -> FrontEnd:
    """Return the frozen base, or raise `ImpossibleJobError` if it is not the plan's."""
    try:
        return plan_base(plan)
    except IncompleteReleaseError as error:
        raise ImpossibleJobError(str(error)) from error
