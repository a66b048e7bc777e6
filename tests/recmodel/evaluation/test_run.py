"""The whole of it, from records to figures, over the tiny base."""

import json

import pytest

from recmodel.catalogue import Catalogue
from recmodel.evaluation.data import DataSet, split_by_time
from recmodel.evaluation.options import EvaluationError, Options
from recmodel.evaluation.output import as_dict, give
from recmodel.evaluation.run import evaluate
from recmodel.prompts import Reaction
from tests.recmodel import cast
from tests.recmodel.evaluation import world

OPTIONS = Options(
    seeds=2,
    shards=(2, 3),
    methods=("item-rate", "factors", "own-stack", "one-adapter", "sisa", "ours-2", "ours-3"),
    ablate=("attention",),
)


@pytest.fixture(scope="module")
def steps():
    return []


@pytest.fixture(scope="module")
def result(steps):
    return evaluate(world.data_set(), cast.tiny_model(), OPTIONS, lambda *step: steps.append(step))


def test_every_method_has_a_row_with_all_figures(result):
    assert tuple(row.name for row in result.rows) == OPTIONS.methods
    for row in result.rows:
        assert row.figures.keys() == {"auc", "user_auc", "ndcg", "log_loss"}
        assert row.figures["auc"].low <= row.figures["auc"].value <= row.figures["auc"].high
        assert row.inference_per_1000 > 0
        assert (row.alone_auc is None) == (row.name in ("item-rate", "factors", "own-stack"))


def test_ours_is_compared_with_what_it_has_to_beat(result):
    titles = [comparison.title for comparison in result.comparisons]
    assert "best without language model" in titles[0]
    assert titles[1:] == [
        "ours, 2 shards - our stack without the model",
        "ours, 2 shards - one adapter on all data",
        "ours, 3 shards - 2 shards",
    ]
    rows = {row.name: row.figures["auc"].value for row in result.rows}
    assert result.comparisons[2].figures["auc"].value == pytest.approx(
        rows["ours-2"] - rows["one-adapter"]
    )


def test_an_ablation_has_a_table_of_its_own(result):
    rows = {row.title: row for row in result.ablations["attention"]}
    assert {"attention", "major", "average", "centroid", "each adapter alone, mean"} <= rows.keys()
    default = {row.name: row for row in result.rows}["ours-2"]
    assert rows["attention"].figures == default.figures
    assert rows["major"].figures != default.figures


def test_progress_counts_to_the_end(result, steps):
    done, total, what = steps[-1]
    # Item rate knows no chance and is asked once; the rest, and seven ablations, for both seeds.
    assert (done, total) == (1 + 2 * 6 + 2 * 7 - 1, 1 + 2 * 6 + 2 * 7)
    assert "each adapter alone" in what


def test_the_page_tells_everything_but_no_one(result, tmp_path):
    out = tmp_path / "results.md"
    give(result, command="manage.py evaluate --data FOLDER", to_json=None, out=out)
    page = out.read_text()
    assert "`manage.py evaluate --data FOLDER --seeds 2 --shards 2,3 --methods item-rate," in page
    assert "14 people, 60 items" in page
    for title in ("item rate", "SISA, 2 shards", "ours, 3 shards", "Varied: attention"):
        assert title in page
    assert "person-" not in page
    plots = {path.name for path in (tmp_path / "results").iterdir()}
    assert plots == {"auc.svg", "auc-and-erasure.svg", "ablation-attention.svg"}
    assert all(f"](results/{name})" in page for name in plots)


def test_the_same_figures_give_the_same_files(result, tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        give(result, command="x", to_json=None, out=tmp_path / name / "page.md")
    files = [path.relative_to(tmp_path / "one") for path in (tmp_path / "one").rglob("*.*")]
    assert len(files) == 4
    for file in files:
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()


def test_json_goes_to_a_file_or_alone_to_standard_output(result, tmp_path, capsys):
    give(result, command="x", to_json=str(tmp_path / "all.json"), out=None)
    assert "SISA" in capsys.readouterr().out
    give(result, command="x", to_json="-", out=None)
    printed = json.loads(capsys.readouterr().out)
    assert printed == json.loads((tmp_path / "all.json").read_text())
    assert printed == json.loads(json.dumps(as_dict(result)))
    assert printed["rows"][0]["name"] == "item-rate"


def test_a_figure_that_there_is_none_of_is_null_in_json(tmp_path):
    records = {name: mine[:4] for name, mine in world.records().items()}  # each is asked once
    data = DataSet("short", "drawn", cast.tiny_catalogue(), split_by_time(records))
    options = Options(methods=("item-rate",))
    found = evaluate(data, cast.tiny_model(), options, lambda *step: None)
    give(found, command="x", to_json=str(tmp_path / "all.json"), out=None)
    written = json.loads((tmp_path / "all.json").read_text(), parse_constant=pytest.fail)
    assert written["rows"][0]["figures"]["user_auc"]["value"] is None


def test_a_catalogue_too_small_for_a_plan_is_refused_in_a_line():
    few = cast.tiny_catalogue().ids[:3]
    vectors = cast.tiny_catalogue().vectors(few)
    records = {"a": [Reaction(few[n % 3], n % 2 == 0, f"{n:02}") for n in range(20)]}
    data = DataSet("few items", "drawn", Catalogue(few, vectors), split_by_time(records))
    with pytest.raises(EvaluationError, match=r"the catalogue has 3 items: .*import more"):
        evaluate(data, cast.tiny_model(), Options(methods=("base",)), lambda *step: None)


def test_answers_that_are_all_alike_are_refused():
    records = {
        name: [r._replace(liked=True) for r in mine] for name, mine in world.records().items()
    }
    data = DataSet("all liked", "all", cast.tiny_catalogue(), split_by_time(records))
    with pytest.raises(EvaluationError, match="are all alike: give a data set with likes"):
        evaluate(data, cast.tiny_model(), OPTIONS, lambda *step: None)
