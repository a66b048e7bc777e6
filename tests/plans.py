"""What plans in tests say about answering, whatever the rest of them is."""

import numpy as np

from recmodel.calibrator import SCORES, Calibrator
from recmodel.partition import packed

CALIBRATOR = Calibrator(
    centre=(0.0,) * len(SCORES),
    scale=(1.0,) * len(SCORES),
    weights=(1.0, 0.5, 0.25, 0.125, 0.0625, 0.5),
    bias=0.125,
)
MIXTURE = {
    "form": "nd",
    "strategy": "attention",
    "neighbours": 3,
    "tau": 30.0,
    "prompts_per_subject": 2,
}
ANSWERING = {"mixture": MIXTURE, "calibrator": CALIBRATOR.to_dict()}


def centre(dimension: int = 384) -> str:
    """Return a mean embedding of zeros as a plan holds it."""
    return packed(np.zeros(dimension, np.float32))
