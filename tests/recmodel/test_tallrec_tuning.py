"""An adapter learns TALLRec's rows, few or all, and is measured in this and other domains."""

from dataclasses import replace

import pytest

from recmodel.scoring import score_prompts
from recmodel.tallrec import tuning
from recmodel.tallrec.frame import Frame
from recmodel.tallrec.prompts import prompts_of_rows
from recmodel.tallrec.rows import RowsError
from recmodel.template import TemplateError
from tests.recmodel import tallrec_cast as cast

TRAINING = replace(
    tuning.PAPER,
    learning_rate=1e-2,
    batch_prompts=8,
    epochs=4,
    target_modules=("k_proj", "q_proj", "v_proj", "up_proj", "down_proj"),
)
SETTING = tuning.Setting(cast.FRAME, TRAINING, (TRAINING.epochs,))
FEW = replace(SETTING, training=replace(TRAINING, epochs=1), epochs=(1,))


@pytest.fixture(scope="module")
def base():
    return cast.model()


def test_a_prompt_is_the_rows_own_words_in_the_frame(base):
    rows = cast.rows(5, seed=1)
    prompts, catalogue = prompts_of_rows(rows, cast.FRAME)
    for row, prompt in zip(rows, prompts, strict=True):
        ids = base.wording.history(prompt.prefix, catalogue)
        ids += base.wording.question(prompt.suffixes[0].item, catalogue)
        assert cast.tokenizer().decode(ids) == cast.FRAME.asked(row)
        assert cast.FRAME.asked(row).endswith(row.question + "\nAnswer:")
        assert prompt.suffixes[0].liked == row.liked


def test_an_answer_is_what_the_model_itself_says_next(base):
    (row,) = cast.rows(1, seed=1)
    prompts, catalogue = prompts_of_rows([row], cast.FRAME)
    ids = cast.tokenizer()(cast.FRAME.asked(row), return_tensors="pt")["input_ids"]
    own = base.lm(input_ids=ids, use_cache=False).logits[0, -1]
    yes, no = (cast.tokenizer()(word)["input_ids"] for word in (" Yes", " No"))
    (logits,) = score_prompts(base, prompts, catalogue)
    assert logits[0] == pytest.approx((own[yes] - own[no]).item(), abs=1e-5)


def test_what_rows_teach_beats_the_baselines_here_and_in_another_domain(base):
    tests = {"films": cast.rows(60, seed=3), "books": cast.rows(60, seed=4, kind="book")}
    told = []
    run, state = tuning.run(
        base, cast.rows(120, seed=1), cast.rows(40, seed=2), tests, SETTING, shots=96, seed=0,
        on_step=lambda done, total: told.append((done, total)),
    )  # fmt: skip
    assert (run.shots, run.seed, run.epochs) == (96, 0, 4)
    assert state.rank == 8
    assert run.valid > 0.95
    for scores in run.test.values():
        others = [scores[name] for name in scores if name != "tuned"]
        assert len(others) == 4
        assert scores["tuned"] > max(others) + 0.1
    assert told[-1] == (4 * 96, 4 * 96)


def test_the_bits_depend_on_the_rows_and_the_seed_not_on_their_order(base):
    rows = cast.rows(12, seed=1)
    one = tuning.tuned(base, rows, FEW, 5).digest
    assert tuning.tuned(base, rows[::-1], FEW, 5).digest == one
    assert tuning.tuned(base, rows, FEW, 6).digest != one
    assert tuning.tuned(base, rows[1:], FEW, 5).digest != one


def test_of_several_epochs_those_count_that_rank_the_valid_rows_best(base):
    several = replace(FEW, epochs=(1, 2))
    valid = cast.rows(30, seed=2)
    run, state = tuning.run(
        base, cast.rows(16, seed=1), valid, {"t": valid}, several, shots=None, seed=0
    )
    alone = {}
    for epochs in (1, 2):
        setting = replace(FEW, training=replace(TRAINING, epochs=epochs))
        alone[epochs] = tuning.tuned(base, cast.rows(16, seed=1), setting, 0)
    assert state.digest == alone[run.epochs].digest
    best = {e: tuning.auc(valid, tuning.answers(base, valid, FEW, s)) for e, s in alone.items()}
    assert run.valid == max(best.values()) == run.test["t"]["tuned"]


def test_a_row_over_the_cutoff_is_counted_in_tokens_and_not_repeated(base):
    short = replace(SETTING, cutoff=20)
    with pytest.raises(RowsError, match=r"takes \d+ tokens, the 1th of 2: the cutoff is 20") as e:
        tuning.tuned(base, cast.rows(2, seed=1), short, 0)
    assert "Garden" not in str(e.value)


def test_rows_of_one_answer_cannot_be_ranked():
    yes = [row for row in cast.rows(20, seed=1) if row.liked]
    with pytest.raises(RowsError, match="have one answer: AUC needs both"):
        tuning.auc(yes, [0.0] * len(yes))


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("{instruction}\nAnswer:", "{input} stands 0 times"),
        ("{instruction}{input}{input} A:", "{input} stands 2 times"),
        ("{input}{instruction} A:", "{input} comes before {instruction}"),
        ("{instruction}{input}\n", "no words come after {input}"),
    ],
)
def test_a_frame_that_cannot_ask_is_refused(tmp_path, text, fault):
    path = tmp_path / "frame.txt"
    path.write_text(text)
    with pytest.raises(TemplateError, match=fault):
        Frame.read(path)
    with pytest.raises(TemplateError, match="cannot be read"):
        Frame.read(tmp_path / "none.txt")
