"""Recommend items to a subject from the live release."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from compliance.provenance.examples import Reactions, reactions_of
from compliance.provenance.models import Serving
from compliance.recommendations.candidates import candidates
from compliance.recommendations.errors import ServingError, SwitchingError
from compliance.records.models import Item, Subject
from compliance.records.restricted import is_restricted

if TYPE_CHECKING:
    from compliance.recommendations.engine import Engine

ATTEMPTS = 4


@dataclass(frozen=True)
class Recommended:
    """An item with the probability that the subject likes it."""

    item: str
    title: str
    probability: float


@dataclass(frozen=True)
class Recommendations:
    """Items, the most probable first, with the release and the shards that chose them."""

    items: list[Recommended]
    release: str
    epoch: int
    shards: tuple[int, ...]
    mixture: str


def recommend(*, subject: str, limit: int) -> Recommendations:
    """Recommend up to `limit` items that the subject has not met.

    An unknown subject gets what a known one without history gets, and so does one who is
    restricted: nothing of theirs is looked at. An answer is given only if
    release and subject are at its end what they were at its start, so nothing that an approval
    has taken out of service meanwhile is in it. Raises `ServingError`.
    """
    for _ in range(ATTEMPTS):
        before = _moment(subject)
        try:
            answer: Recommendations | ServingError = _answer(subject, limit)
        except ServingError as error:
            answer = error
        if _moment(subject) == before:
            if isinstance(answer, ServingError):
                raise answer
            return answer
    raise SwitchingError


def _moment(subject: str) -> tuple[int, int | None, bool]:
    """Return what a request changes: the release epoch, the subject's row, its restriction."""
    epoch = Serving.objects.using("default").values_list("epoch", flat=True).get(pk=1)
    known = Subject.objects.filter(external_id=subject).values_list("pk", flat=True)
    return epoch, known.first(), is_restricted(subject)


def _answer(subject: str, limit: int) -> Recommendations:
    engine = _engine()
    # Whether that was so all along is asked at the end.
    records = Reactions([], []) if is_restricted(subject) else reactions_of(engine.plan, subject)
    history = engine.known(records.all)
    met = {record.item for record in records.all}
    items = candidates(engine.shelf, history, met=met)
    likely = engine.probabilities(history, items, records.placed)
    # Stable: among equals the order of the candidates decides.
    best = np.argsort(-likely, kind="stable")[:limit]
    return Recommendations(
        items=_titled([(items[place], float(likely[place])) for place in best]),
        release=engine.release,
        epoch=engine.epoch,
        shards=engine.shards,
        mixture=engine.plan.config["mixture"]["strategy"],
    )


def _engine() -> "Engine":
    # Imported at the first call: PyTorch takes seconds, and most commands never recommend.
    from compliance.recommendations.engine import live_engine

    return live_engine()


def _titled(best: list[tuple[str, float]]) -> list[Recommended]:
    """Add the titles; an item that has left the catalogue meanwhile is left out."""
    rows = Item.objects.filter(external_id__in=[item for item, _ in best])
    titles = dict(rows.values_list("external_id", "title"))
    return [
        Recommended(item=item, title=titles[item], probability=probability)
        for item, probability in best
        if item in titles
    ]
