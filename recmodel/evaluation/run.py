"""The evaluation from a data set to all figures."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence

from threadpoolctl import threadpool_limits

from recmodel.evaluation.ablations import ablation
from recmodel.evaluation.adapters import served
from recmodel.evaluation.bootstrap import Draws, Sampled
from recmodel.evaluation.data import DataSet, Floats, split_by_time
from recmodel.evaluation.methods import Method, Modelled, Simple
from recmodel.evaluation.metrics import Judged
from recmodel.evaluation.options import EvaluationError, Options
from recmodel.evaluation.result import Line, Result, comparisons, described, row
from recmodel.evaluation.tuning import tuned
from recmodel.evaluation.workshop import Priors, Workshop
from recmodel.front_end import FrontEnd
from recmodel.plan_calibrator import SmallCatalogueError

# Gets the steps done, the number of all steps, and what is at work.
OnProgress = Callable[[int, int, str], None]


def evaluate(data: DataSet, base: FrontEnd, options: Options, on_progress: OnProgress) -> Result:
    """Evaluate every chosen method on a data set.

    Raises EvaluationError when all that is asked has the same answer, a name is unknown, or the
    catalogue is too small for a plan.
    """
    liked = data.split.liked
    if len(set(liked.tolist())) < 2:
        raise EvaluationError(
            f"the {len(liked)} held-out records are all alike: give a data set with likes and"
            " dislikes, or another threshold for likes"
        )
    # One thread for all: seconds can be compared, and sums are split alike.
    try:
        with threadpool_limits(1):
            return _evaluated(data, base, options, on_progress)
    except SmallCatalogueError as error:
        raise EvaluationError(str(error)) from None


def _evaluated(data: DataSet, base: FrontEnd, options: Options, on_progress: OnProgress) -> Result:
    began = time.process_time()
    work = Work(data, base, options, on_progress)
    lines = work.table(options.chosen())
    varied = {name: work.table(ablation(name, options.shards[0])) for name in options.ablate}
    targets = len(data.split.liked)
    draws = Draws.of(len(data.split.questions), options.seeds)
    sampled = {line.name: Sampled.of(line.judged, draws) for line in lines}
    return Result(
        data=described(data),
        options=options,
        rows=[row(line, sampled[line.name], targets) for line in lines],
        comparisons=list(comparisons(lines, sampled, options.shards)),
        ablations={
            name: [row(line, Sampled.of(line.judged, draws), targets) for line in each]
            for name, each in varied.items()
        },
        seconds=time.process_time() - began,
    )


class Work:
    """Asks the methods, seed after seed, and tells how far it is."""

    def __init__(
        self, data: DataSet, base: FrontEnd, options: Options, on_progress: OnProgress
    ) -> None:
        self.data, self.options, self.on_progress = data, options, on_progress
        self.outer = data.split
        self.inner = split_by_time(data.split.known)
        priors = Priors(base, data.catalogue)
        self.shops = [Workshop(data, priors, seed) for seed in range(1, options.seeds + 1)]
        self.done = 0
        self.total = self._steps(options.chosen()) + sum(
            self._steps(ablation(name, options.shards[0])) for name in options.ablate
        )

    def table(self, chosen: Sequence[Method]) -> list[Line]:
        """Ask methods and return their lines."""
        lines = [Line(one.name, one.title, isinstance(one, Simple)) for one in chosen]
        for shop in self.shops:
            for line, method in zip(lines, chosen, strict=True):
                if not _asked_once(method) or shop is self.shops[0]:
                    self._tell(line.title)
                    shop.on_step = self._teller(line.title)
                    self._ask(line, method, shop)
                    self.done += 1
        return lines

    def _steps(self, chosen: Iterable[Method]) -> int:
        return sum(1 if _asked_once(method) else len(self.shops) for method in chosen)

    def _tell(self, what: str) -> None:
        self.on_progress(self.done, self.total, what)

    def _teller(self, title: str) -> Callable[[str], None]:
        return lambda step: self._tell(f"{title}: {step}")

    def _ask(self, line: Line, method: Method, shop: Workshop) -> None:
        if isinstance(method, Simple):
            self._ask_simple(line, method, self.shops.index(shop) + 1)
        else:
            self._ask_modelled(line, method, shop)

    def _ask_simple(self, line: Line, method: Simple, seed: int) -> None:
        fitted = tuned(method.settings(self.data.catalogue, seed), self.outer, self.inner)
        began = time.process_time()
        score = fitted.method.answers(self.outer.questions)
        line.inference.append(time.process_time() - began)
        line.judged.append(self._judged(score, fitted.chosen.platt.probability(score)))
        rounds = f", {fitted.chosen.rounds} rounds" if fitted.chosen.rounds > 1 else ""
        line.setting.append(f"{fitted.chosen.setting}{rounds}")
        line.training.append(fitted.training)
        # One model of everything: without one person it is fitted anew to all the others.
        line.erasure.append(fitted.training)
        line.tuning.append(fitted.tuning)

    def _ask_modelled(self, line: Line, method: Modelled, shop: Workshop) -> None:
        found = served(method.adapters, shop)
        line.judged.append(self._judged(found.probability, found.probability))
        if found.alone is not None:
            line.alone.append(self._judged(found.alone, found.probability))
        line.training.append(found.training)
        line.erasure.append(found.erasure)
        line.inference.append(found.inference)

    def _judged(self, score: Floats, probability: Floats) -> Judged:
        return Judged(score, probability, self.outer.liked, self.outer.users)


def _asked_once(method: Method) -> bool:
    return isinstance(method, Simple) and not method.seeded
