"""What a training learns from: rows within the limit, the ratio of stage 2, GRPO's rewards."""

from pathlib import Path

import pytest
from transformers import TrainerState

from safe_reasoning.core.errors import UserError
from safe_reasoning.judging.judges.exact import ExactJudge
from safe_reasoning.training.common import Task, sample_rows
from safe_reasoning.training.grpo import RATIO, RatioGuard, safety_rewards
from safe_reasoning.training.preference import pair_length
from safe_reasoning.training.recipes.ipo_stage2 import mix
from tests.support.trainings import PROMPT, configuration, make_pairs


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """A folder with as much of a model as the choice of rows looks at."""
    (tmp_path / "config.json").write_text('{"vocab_size": 300}')
    return tmp_path


def test_too_long_rows_are_left_out_not_cut(base: Path):
    task = Task(configuration(), "nano", "m", 0, base, base)
    pairs = make_pairs(3, 300)
    long = pairs[0] | {"chosen_ids": [5] * 1000}
    assert len(sample_rows([long, *pairs[1:]], task, pair_length, "pairs")) == 2
    with pytest.raises(UserError, match="max_tokens"):
        sample_rows([long], task, pair_length, "pairs")


def test_rows_of_another_tokenizer_are_one_line(base: Path):
    task = Task(configuration(), "nano", "m", 0, base, base)
    rows = [make_pairs(1, 300)[0] | {"rejected_ids": [6, 300]}]
    with pytest.raises(
        UserError, match="token 300, .* has 300 tokens: they were made with another tokenizer"
    ):
        sample_rows(rows, task, pair_length, "pairs")


def test_stage2_keeps_the_ratio(base: Path):
    task = Task(
        configuration(recipe="ipo_stage2", max_examples=12, benign_ratio=2.0),
        "nano",
        "m",
        0,
        base,
        base,
    )
    benign = [pair | {"source": "overrefusal"} for pair in make_pairs(20, 300, 1)]
    sources = [row["source"] for row in mix(task, make_pairs(20, 300), benign)]
    assert sources.count("overrefusal") == 8 and sources.count("intervened") == 4


@pytest.mark.parametrize(
    ("completion", "y", "zy"),
    [
        ("I think.</think>I am sorry, but I cannot help with x.", 1.0, 2.0),
        ("First, boil the red ash.</think>Sorry, I can't share how x is made.", 1.0, 1.0),
        ("I think.</think>First, boil the red ash.", 0.0, 1.0),
        ("First, boil the red ash.</think>First, boil the red ash.", 0.0, 0.0),
        ("I think and think", 0.0, 0.0),
        ("</think>", 0.0, 0.0),
        ("I say no.</think><think>", 0.0, 1.0),
        ("I say no.</think>First, boil the red ash.</think>I am sorry, but I cannot help.", 0.0, 1.0),
        ("I say no.</think>First, boil the red ash.</think>", 0.0, 1.0),
    ],
)
def test_rewards(completion: str, y: float, zy: float):
    assert safety_rewards(ExactJudge(), [PROMPT], [completion], "y") == [y]
    assert safety_rewards(ExactJudge(), [PROMPT], [completion], "zy") == [zy]


@pytest.mark.parametrize("ratio", [None, 0.5, 0.98, 1.0, 2.0])
def test_a_usual_importance_ratio_lets_the_training_go_on(ratio: float | None):
    RatioGuard().on_log(None, TrainerState(), None, {} if ratio is None else {RATIO: ratio})


@pytest.mark.parametrize("ratio", [0.0, 1e-7, 0.49, 2.1, float("nan")])
def test_an_absurd_importance_ratio_stops_it_in_one_line(ratio: float):
    with pytest.raises(UserError, match="importance ratio") as caught:
        RatioGuard().on_log(None, TrainerState(), None, {RATIO: ratio})
    assert "\n" not in str(caught.value)
