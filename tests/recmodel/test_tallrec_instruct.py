"""Instruction tuning makes a new base, and recommendation tuning goes on from it."""

import copy
import json
from dataclasses import replace

import pytest
import torch
from peft import PeftModel

from recmodel.adapter import load_adapter, save_adapter
from recmodel.lora import attach
from recmodel.tallrec import __main__ as cli
from recmodel.tallrec import instruct
from recmodel.tallrec.prompts import RowWording
from recmodel.tallrec.rows import Row, RowsError
from recmodel.text_base import load_text
from tests.recmodel import tallrec_cast as cast

ROWS = [
    Row("Say the word again.", word, f"{word} {word}.")
    for word in ("Garden", "Stones", "Blue", "Last", "The")
]
ROWS += [Row(f"Say nothing of {word}.", "", "Nothing.") for word in ("Garden", "Stones", "Blue")]
CONFIG = replace(instruct.PAPER, learning_rate=1e-2, batch_prompts=4, epochs=6, seed="5e" * 32)


def examples(rows=ROWS, cutoff=512):
    return instruct.examples_of(rows, cast.FRAME, cast.tokenizer(), cutoff)


@pytest.fixture(scope="module")
def learned():
    """The base, what it learned, and the loss of each epoch."""
    base = cast.model()
    return base, *instruct.instruct(base, examples()[0], CONFIG)


def test_the_loss_falls_and_the_base_stays_as_it_is(learned):
    base, state, losses = learned
    assert len(losses) == 6
    assert losses[-1] < losses[0] - 1
    assert base.digest == cast.model().digest
    assert instruct.instruct(base, examples()[0][::-1], CONFIG)[0].digest == state.digest


def test_passes_of_fewer_rows_learn_the_same(learned):
    base, _, losses = learned
    _, others = instruct.instruct(base, examples()[0], replace(CONFIG, pass_prompts=2))
    assert others == pytest.approx(losses, abs=1e-3)


def test_an_answer_is_learned_with_the_end_of_text_and_the_question_is_not():
    (example,), _ = examples([Row("Say a word.", "", "Garden")])
    tokenizer = cast.tokenizer()
    assert tokenizer.decode(example.ids[: example.asked]).endswith("Answer:")
    assert tokenizer.decode(example.ids[example.asked :]) == " Garden</s>"


def test_answers_are_cut_at_the_cutoff_and_questions_never():
    (whole, *_), none = examples()
    assert none == 0
    cut, left_out = examples(cutoff=whole.asked + 1)
    assert cut[0].ids == whole.ids[: whole.asked + 1]
    assert left_out + len(cut) == len(ROWS)
    with pytest.raises(RowsError, match="no row has room for an answer within 5 tokens"):
        examples(cutoff=5)


def test_merged_weights_are_the_adapters_and_what_stock_peft_merges(learned, tmp_path):
    base, state, _ = learned
    merged = copy.deepcopy(base)
    instruct.merge(merged, state)
    save_adapter(tmp_path / "adapter", state)
    stock = PeftModel.from_pretrained(copy.deepcopy(base.lm), tmp_path / "adapter")
    theirs = stock.merge_and_unload().state_dict()
    for name, weight in merged.lm.state_dict().items():
        assert torch.allclose(weight, theirs[name], atol=1e-6), name
    loss = instruct.answer_loss(merged, examples()[0])
    adapted = attach(base, state)
    with adapted.gate.at(instruct.whole(state)):
        assert loss.item() == pytest.approx(
            instruct.answer_loss(adapted, examples()[0]).item(), 1e-4
        )


def test_both_stages_run_from_the_command_line(tmp_path, capsys):
    base = cast.save(tmp_path / "base")
    (tmp_path / "alpaca.json").write_text(json.dumps([vars(row) for row in ROWS]))
    new = tmp_path / "new"
    options = ["--lr", "1e-2", "--batch", "4", "--rank", "4", "--targets", "q_proj", "o_proj"]
    alpaca = str(tmp_path / "alpaca.json")
    asked = ["instruct", "--base", str(base), "--rows", alpaca, "--out", str(new), "--json"]
    cli.main([*asked, "--epochs", "2", *options])
    told = json.loads(capsys.readouterr().out)
    assert told["losses"][1] < told["losses"][0]
    card = (new / "README.md").read_text()
    assert told["digest"] in card
    assert str(base) in card
    tuned = load_text(str(new), cast.FRAME.template, wording=RowWording)
    assert tuned.digest != cast.model().digest
    assert instruct.tensor_digest(tuned.lm.state_dict()) == told["digest"]

    files = {name: cast.write(tmp_path / name, cast.rows(24, n)) for n, name in enumerate("abc")}
    books = cast.write(tmp_path / "books", cast.rows(24, 9, "book"))
    asked = ["tune", "--base", str(new), "--train", str(files["a"]), "--valid", str(files["b"])]
    asked += ["--test", str(files["c"]), str(books), "--shots", "16", "all", "--seeds", "3"]
    cli.main([*asked, "--epochs", "1", "--json", "--save", str(tmp_path / "saved"), *options])
    runs = json.loads(capsys.readouterr().out)
    assert [run["shots"] for run in runs] == [16, 24]
    assert set(runs[0]["test"]) == {str(files["c"]), str(books)}
    saved = load_adapter(tmp_path / "saved" / "16-shots-seed-3")
    assert (saved.rank, saved.target_modules) == (4, ("o_proj", "q_proj"))


@pytest.mark.parametrize(
    ("wrong", "fault"),
    [
        ({"--base": "nowhere"}, "BrokenBaseError: The base 'nowhere'"),
        ({"--rows": "nowhere.json"}, "RowsError: nowhere.json cannot be read"),
        ({"--out": "."}, "FileExistsError: . is there already"),
        ({"--targets": "nothing"}, "must name linear layers"),
        ({"--lr": "7"}, "ConfigError: learning_rate is 7"),
        ({"--frame": "nowhere.txt"}, "TemplateError: the frame nowhere.txt cannot be read"),
    ],
)
def test_bad_input_ends_in_one_line(tmp_path, capsys, wrong, fault):
    (tmp_path / "rows.json").write_text(json.dumps([vars(row) for row in ROWS]))
    base = "none" if "--base" in wrong else str(cast.save(tmp_path / "base"))
    given = {"--base": base, "--rows": str(tmp_path / "rows.json"), "--out": str(tmp_path / "new")}
    words = [word for pair in (given | wrong).items() for word in pair]
    with pytest.raises(SystemExit) as caught:
        cli.main(["instruct", *words])
    assert fault in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("option", ["--rank", "--threads"])
def test_a_number_beyond_all_machines_is_refused(capsys, option):
    with pytest.raises(SystemExit):
        cli.main(["instruct", "--base", "b", "--rows", "r", "--out", "o", option, "9999999999"])
    assert f"argument {option}: '9999999999' is more than 4096" in capsys.readouterr().err
