"""Measure what the mixture and the shared prefix cost and save in serving.

    python -m benchmarks.serving [--json]

K = 8 adapters of rank 8 on two bases: the embedded one (recmodel/shipped, all linear layers
adapted) and one of hidden size 1024 (2 layers, q and v adapted, random weights: speed does not
depend on them). Prompts have 64 records of history. One thread; CPU seconds; the contenders take
turns, and each figure is a ratio of their medians. What should agree is checked to agree first.
"""

import argparse
import copy
import json
import statistics
import tempfile
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from peft import PeftModel
from rich.console import Console
from rich.table import Table

from recmodel.adapter import AdapterState, save_adapter
from recmodel.base import BaseConfig, ItemTokenModel, load_base
from recmodel.catalogue import Catalogue
from recmodel.determinism import configure
from recmodel.gate import Gating
from recmodel.lora import attach
from recmodel.mixture import Mixture, concatenated
from recmodel.prefixes import PrefixCache
from recmodel.prompts import Prompt, Reaction
from recmodel.scoring import collate, score
from recmodel.training import TrainingConfig, initial_state
from recmodel.training_config import LINEAR_LAYERS

K, RANK, HISTORY, TARGETS, ROWS = 8, 8, 64, 32, 8
CANDIDATES = 100
ITEMS = 1000
ROUNDS = 7
TOLERANCE = 1e-4

# What is wanted of a figure; the others are printed beside them.
WANTED = {
    "mixture_over_single": ("<=", 1.10),
    "mixture_over_single_embedded": ("<=", 1.35),
    "mixture_vs_per_sample_merge": (">=", 10.0),
    "mixture_vs_output_ensemble": (">=", 5.6),
    "shared_prefix_speedup_100": (">=", 8.0),
}

Figures = dict[str, float]


class Setting:
    """A base with K adapters, and prompts to score."""

    def __init__(self, base: ItemTokenModel, targets: tuple[str, ...]) -> None:
        self.base = base
        self.adapters = {shard: _adapter(base, shard, targets) for shard in range(K)}
        self.rng = np.random.default_rng(1)
        vectors = self.rng.standard_normal((ITEMS, base.config.dimension)).astype(np.float32)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        self.catalogue = Catalogue([str(n) for n in range(ITEMS)], vectors)

    def prompts(self, rows: int, targets: int) -> list[Prompt]:
        return [self._prompt(str(row), targets) for row in range(rows)]

    def omega(self, rows: int) -> np.ndarray:
        """Return another omega for each row, [rows, K]."""
        return self.rng.dirichlet(np.ones(K), rows).astype(np.float32)

    def mixed(self, scope: str = "suffix") -> Mixture:
        return Mixture(self.base, self.adapters, scope)

    def single(self, shard: int, scope: str = "suffix") -> Mixture:
        return Mixture(self.base, {shard: self.adapters[shard]}, scope)

    def _prompt(self, subject: str, targets: int) -> Prompt:
        items = self.rng.permutation(ITEMS)[: HISTORY + targets]
        records = [Reaction(str(item), bool(self.rng.random() < 0.6), "") for item in items]
        return Prompt(subject, tuple(records[:HISTORY]), tuple(records[HISTORY:]))


def embedded() -> Setting:
    return Setting(load_base(), LINEAR_LAYERS)


def wide() -> Setting:
    torch.manual_seed(1)
    shape = BaseConfig("none", hidden=1024, layers=2, heads=16, intermediate=2816)
    return Setting(ItemTokenModel(shape).eval().requires_grad_(False), ("q_proj", "v_proj"))


def _adapter(base: ItemTokenModel, seed: int, targets: tuple[str, ...]) -> AdapterState:
    """Return an adapter whose B is drawn too, so that it changes the answers."""
    config = TrainingConfig(rank=RANK, alpha=RANK, target_modules=targets)
    state = initial_state(base, config, seed)
    generator = torch.Generator().manual_seed(seed)
    tensors = {
        name: torch.randn(tensor.shape, generator=generator) * 0.02
        if ".lora_B." in name
        else tensor
        for name, tensor in state.items()
    }
    return AdapterState(tensors, state.rank, state.alpha, state.target_modules)


def medians(contenders: Mapping[str, Callable[[], object]]) -> Figures:
    """Return each contender's CPU seconds: medians over rounds in which they take turns."""
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    for number in range(ROUNDS + 1):
        for name, run in contenders.items():
            began = time.process_time()
            run()
            if number:  # the first round warms up
                seconds[name].append(time.process_time() - began)
    return {name: statistics.median(each) for name, each in seconds.items()}


def mixture_over_single(setting: Setting, name: str) -> Figures:
    """The mixed batch, another omega in every row, over the same batch through one adapter."""
    prompts, omega = setting.prompts(ROWS, TARGETS), setting.omega(ROWS)

    def ratio(scope: str, prefixes: PrefixCache | None = None) -> float:
        mixed, single = setting.mixed(scope), setting.single(0, scope)
        took = medians(
            {
                "mixed": lambda: mixed.score(prompts, setting.catalogue, omega, prefixes=prefixes),
                "single": lambda: single.score(prompts, setting.catalogue, prefixes=prefixes),
            }
        )
        return took["mixed"] / took["single"]

    return {
        name: ratio("suffix"),
        f"{name}_full_scope": ratio("full"),
        f"{name}_prefixes_kept": ratio("suffix", PrefixCache(setting.base, setting.catalogue)),
    }


def mixture_vs_merge(setting: Setting, rows: int, targets: int, name: str) -> Figures:
    """Merging for each row, by stock PEFT and by hand, over one mixed pass; in full scope."""
    prompts, omega = setting.prompts(rows, targets), setting.omega(rows)
    mixed = setting.mixed("full")
    contenders = {
        "mixed": lambda: np.stack(mixed.score(prompts, setting.catalogue, omega)),
        "stock": _stock_merge(setting, prompts, omega),
        "by_hand": _merge_by_hand(setting, prompts, omega),
    }
    expected = contenders["mixed"]()
    assert all(np.abs(run() - expected).max() < TOLERANCE for run in contenders.values())
    took = medians(contenders)
    return {
        f"mixture_vs_per_sample_merge{name}": took["stock"] / took["mixed"],
        f"mixture_vs_per_sample_merge_by_hand{name}": took["by_hand"] / took["mixed"],
    }


def _stock_merge(
    setting: Setting, prompts: Sequence[Prompt], omega: np.ndarray
) -> Callable[[], np.ndarray]:
    model = copy.deepcopy(setting.base)
    names = [str(shard) for shard in setting.adapters]
    with tempfile.TemporaryDirectory(prefix="lethe-bench-") as folder:
        for name, state in zip(names, setting.adapters.values(), strict=True):
            save_adapter(Path(folder) / name, state)
        peft = PeftModel.from_pretrained(model.lm, Path(folder) / names[0], adapter_name=names[0])
        for name in names[1:]:
            peft.load_adapter(Path(folder) / name, adapter_name=name)

    def row(place: int) -> np.ndarray:
        peft.add_weighted_adapter(names, omega[place].tolist(), "row", combination_type="cat")
        peft.set_adapter("row")
        logits = _alone(model, prompts[place], setting.catalogue)
        peft.delete_adapter("row")
        return logits

    return lambda: np.stack([row(place) for place in range(len(prompts))])


def _merge_by_hand(
    setting: Setting, prompts: Sequence[Prompt], omega: np.ndarray
) -> Callable[[], np.ndarray]:
    """Write W + B diag(omega) A into the layers of a copy, for each row anew."""
    model = copy.deepcopy(setting.base)
    merged, frozen = dict(model.lm.named_modules()), dict(setting.base.lm.named_modules())
    joined = concatenated(list(setting.adapters.values()))
    layers = []
    for name in joined:
        if ".lora_A." in name:
            layer = name.removeprefix("base_model.model.").removesuffix(".lora_A.weight")
            pair = joined[name.replace("_A.", "_B.")], joined[name]
            layers.append((merged[layer].weight.data, frozen[layer].weight, *pair))

    def row(place: int) -> np.ndarray:
        gate = torch.from_numpy(omega[place]).repeat_interleave(RANK)
        for out, weight, up, down in layers:
            torch.addmm(weight, up * gate, down, out=out)
        return _alone(model, prompts[place], setting.catalogue)

    return lambda: np.stack([row(place) for place in range(len(prompts))])


@torch.no_grad()
def _alone(model: ItemTokenModel, prompt: Prompt, catalogue: Catalogue) -> np.ndarray:
    return score(model, collate([prompt], catalogue))[0].numpy()


def mixture_vs_ensemble(setting: Setting, name: str) -> Figures:
    """K passes of one adapter each, their outputs to be averaged, over one mixed pass."""
    prompts, omega = setting.prompts(ROWS, TARGETS), setting.omega(ROWS)
    catalogue = setting.catalogue
    mixed, singles = setting.mixed(), [setting.single(shard) for shard in range(K)]

    def sharing_prefixes() -> None:
        kept = PrefixCache(setting.base, catalogue)
        for single in singles:
            single.score(prompts, catalogue, prefixes=kept)

    took = medians(
        {
            "mixed": lambda: mixed.score(prompts, catalogue, omega),
            "ensemble": lambda: [single.score(prompts, catalogue) for single in singles],
            "sharing": sharing_prefixes,
        }
    )
    key = "mixture_vs_output_ensemble"
    return {
        f"{key}{name}": took["ensemble"] / took["mixed"],
        f"{key}_sharing_prefixes{name}": took["sharing"] / took["mixed"],
    }


def shared_prefix(setting: Setting) -> Figures:
    """100 candidates of one subject: full prompts, 50 in a batch, over one reading for all."""
    (whole,) = setting.prompts(1, CANDIDATES)
    mixed, omega = setting.mixed(), setting.omega(1)
    prompts = [Prompt(whole.subject, whole.prefix, (target,)) for target in whole.suffixes]
    batches = [collate(prompts[start : start + 50], setting.catalogue) for start in (0, 50)]
    model = attach(setting.base, concatenated(list(setting.adapters.values())))
    gating = Gating(torch.from_numpy(omega).repeat_interleave(RANK, dim=1))
    items = [target.item for target in whole.suffixes]

    @torch.no_grad()
    def full() -> np.ndarray:
        scores = [score(model, batch, gating) for batch in batches]
        return torch.cat(scores)[:, 0].numpy()

    def shared() -> np.ndarray:
        return mixed.score_candidates(whole.prefix, items, setting.catalogue, omega)

    assert np.abs(full() - shared()).max() < TOLERANCE
    took = medians({"full": full, "shared": shared})
    return {"shared_prefix_speedup_100": took["full"] / took["shared"]}


def measure() -> Figures:
    """Return all figures."""
    small, large = embedded(), wide()
    return {
        **mixture_over_single(large, "mixture_over_single"),
        **mixture_over_single(small, "mixture_over_single_embedded"),
        # A sample as both papers have it: one history, one target.
        **mixture_vs_merge(small, 4 * ROWS, 1, ""),
        **mixture_vs_merge(small, ROWS, TARGETS, "_32_targets"),
        **mixture_vs_merge(large, ROWS, TARGETS, "_1024"),
        **mixture_vs_ensemble(small, ""),
        **mixture_vs_ensemble(large, "_1024"),
        **shared_prefix(small),
    }


def show(figures: Figures) -> None:
    """Print the figures as a table, those that are wanted with whether they are met."""
    table = Table("figure", "wanted", "measured", "")
    for name, figure in figures.items():
        sign, limit = WANTED.get(name, ("", 0.0))
        met = figure <= limit if sign == "<=" else figure >= limit
        verdict = ("met" if met else "[bold red]missed[/]") if sign else ""
        table.add_row(name, f"{sign} {limit:.2f}" if sign else "", f"{figure:.2f}", verdict)
    Console().print(table)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    arguments = parser.parse_args()
    warnings.filterwarnings("ignore")  # PEFT's, about what it was asked to do
    configure(1)
    figures = measure()
    if arguments.json:
        print(json.dumps({name: round(figure, 3) for name, figure in figures.items()}, indent=2))
    else:
        show(figures)


if __name__ == "__main__":
    main()
