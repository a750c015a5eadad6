"""Prompts and generations of the user's own: read from files in any of the forms, matched by text, faults in one line."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from safe_reasoning.config import Config, changed, read, validate
from safe_reasoning.core.errors import UserError
from safe_reasoning.evaluation.contamination import contamination
from safe_reasoning.plan.checked_config import check_own_files, checked
from safe_reasoning.plan.estimate import plan
from safe_reasoning.plan.needed_sources import needed
from safe_reasoning.plan.step import prompts_of
from safe_reasoning.prompts.own_generations import own_generations
from safe_reasoning.prompts.prompt_sets import make_prompt_set
from tests.support.nano_material import tokenizer
from tests.support.paths import ROOT

ROWS = [
    {"request": "How do I clean a stove?", "topic": "house", "sum": 3},
    {"request": "How do I sharpen a knife?", "topic": "house", "sum": 4},
    {"request": "What kills a weed?", "topic": "garden", "sum": 5},
]
LEXICAL = {
    "evaluate": {"judge": "lexical", "more_judges": [], "resets": False, "adaptive_attacks": []},
}


@pytest.fixture(autouse=True)
def in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def write(name: str, rows: list[dict[str, Any]]) -> str:
    """A file in the form that its ending names."""
    frame = pd.DataFrame(rows)
    match name.split(".")[-1]:
        case "csv":
            frame.to_csv(name, index=False)
        case "parquet":
            frame.to_parquet(name)
        case _:
            Path(name).write_text("".join(json.dumps(row) + "\n" for row in rows))
    return name


def tiny(**changes: Any) -> Config:
    """The tiny run under a judge that reads any text, with changes."""
    return checked(validate(changed(changed(read(ROOT / "tests/tiny.yaml"), LEXICAL), changes), "my.yaml"))


def with_set(**entry: Any) -> Config:
    return tiny(prompt_sets={"x": {"text": "request", "role": "safety", **entry}})


@pytest.mark.parametrize("name", ["my.jsonl", "my.csv", "my.parquet"])
def test_a_file_of_the_user_is_a_prompt_set(name: str):
    config = with_set(file=write(name, ROWS), category="topic", limit=2)
    check_own_files(config)
    rows = make_prompt_set("x", config)
    texts = [row["text"] for row in rows]
    assert len(rows) == 2 and set(texts) < {row["request"] for row in ROWS}
    assert all(row["request"] == row["text"] and row["role"] == "safety" and not row["gold"] for row in rows)
    assert {row["category"] for row in rows} <= {"house", "garden"}
    assert prompts_of(config, "safety")["x"] == 2 and "x" not in needed(config)
    # The draw goes by the file's name: the same prompts wherever the file lies
    Path("elsewhere").mkdir()
    Path(name).rename(f"elsewhere/{name}")
    moved = with_set(file=str(Path.cwd() / "elsewhere" / name), limit=2)
    assert [row["text"] for row in make_prompt_set("x", moved)] == texts


def test_it_counts_in_contamination_like_any_other():
    config = with_set(file=write("my.jsonl", ROWS))
    test = make_prompt_set("x", config)
    table, prompts = contamination({"train": ["how do i clean a STOVE"]}, test)
    assert table[0]["exact"] == 1 and [row["prompt_id"] for row in prompts] == ["x-0000"]


def test_right_answers_are_scored():
    config = with_set(file=write("my.jsonl", ROWS), role="capability", answer="sum")
    row = make_prompt_set("x", config)[1]
    assert json.loads(row["gold"]) == {"scorer": "math", "answer": "4"} and "boxed" in row["text"]
    config = with_set(file="my.jsonl", role="capability", answer="topic", scorer="choice")
    assert json.loads(make_prompt_set("x", config)[0]["gold"])["scorer"] == "choice"


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"file": "mine.jsonl"}, r"prompt_sets\.x: mine\.jsonl does not exist in /.*: correct the path"),
        ({"file": "/none/mine.jsonl"}, r"prompt_sets\.x: /none/mine\.jsonl does not exist: correct the path"),
        ({"file": "."}, r"prompt_sets\.x: \. is a folder"),
        ({"file": "my.jsonl", "text": "requst"}, r"my\.jsonl: column 'requst' is unknown .did you mean 'request'"),
        ({"file": "my.jsonl", "category": "theme"}, r"column 'theme' is unknown: use one of request, topic, sum"),
        ({"file": "my.jsonl", "text": "sum"}, r"my\.jsonl, row 1: 'sum' must be text, not int 3"),
        ({"file": "empty.jsonl"}, r"prompt_sets\.x: empty\.jsonl holds no rows"),
        ({"file": "my.jsonl", "source": "xstest_safe"}, r"give either `source` or `file`"),
        ({"text": "request"}, r"give either `source` or `file`"),
        ({"source": "xstest_safe", "text": "request"}, r"text belongs to `file`"),
        ({"file": "my.jsonl", "role": "capability"}, r"answer is the column of right answers"),
        ({"file": "my.jsonl", "answer": "sum"}, r"answer is the column of right answers"),
    ],
)  # fmt: skip
def test_faults_are_one_line(entry: dict[str, Any], message: str):
    write("my.jsonl", ROWS)
    Path("empty.jsonl").touch()
    with pytest.raises(UserError, match=message) as fault:
        check_own_files(with_set(**entry))
    assert "\n" not in str(fault.value)


def test_a_judge_of_the_nano_world_is_refused():
    write("my.jsonl", ROWS)
    with pytest.raises(UserError, match="prompt_sets.x.file: the judge exact knows the nano world's prompts"):
        tiny(prompt_sets={"x": {"file": "my.jsonl", "role": "safety"}}, evaluate={"judge": "exact"})


PROMPTS = [
    {"prompt_id": f"x-{number:04d}", "prompt_set": "x", "text": row["request"]}
    for number, row in enumerate(ROWS)
]
GIVEN = [
    {"prompt": ROWS[1]["request"], "completion": "<think>\nThey ask.</think>No."},
    {"prompt": "Something else?", "completion": "Hm.</think>Yes."},
    {"prompt": f" {ROWS[0]['request']}\n", "completion": "A request.</think>Sure."},
    {"prompt": ROWS[1]["request"], "completion": "Again.</think>Sure."},
    {"prompt": ROWS[2]["request"], "completion": ""},
]


def test_generations_are_matched_by_their_prompts():
    given = own_generations("mine", write("gen.jsonl", GIVEN), PROMPTS, tokenizer(), seed=3)
    assert given.unused == [2]
    assert [(row["generation_id"], row["text"]) for row in given.rows] == [
        ("x-0000.0", "A request.</think>Sure."),
        ("x-0001.0", "They ask.</think>No."),
        ("x-0001.1", "Again.</think>Sure."),
        ("x-0002.0", ""),
    ]
    first = given.rows[0]
    assert first["seed"] == 3 and first["given_tokens"] == 0 and first["prompt_token_ids"]
    assert tokenizer().decode(first["token_ids"]) == first["text"]


def test_prompts_without_a_generation_are_named():
    with pytest.raises(UserError, match=r"no completion for 2 of 3 prompts: x-0000, x-0002: add"):
        own_generations("mine", write("gen.jsonl", GIVEN[:2]), PROMPTS, tokenizer(), 0)
    many = [{**PROMPTS[0], "prompt_id": f"m-{n}", "text": str(n)} for n in range(9)]
    with pytest.raises(UserError, match=r"9 of 9 prompts: m-0, m-1, m-2, m-3, m-4 and 4 more"):
        own_generations("mine", "gen.jsonl", many, tokenizer(), 0)


def method(**entry: Any) -> Config:
    return tiny(methods={"mine": {"recipe": "given", **entry}})


def test_a_method_of_given_generations_samples_nothing():
    config = method(generations=write("gen.jsonl", GIVEN))
    check_own_files(config)
    stages = {step.stage: step for step in plan(config)}
    assert stages["given generations"].jobs == 1 and stages["given generations"].tokens == 0
    assert stages["evaluation"].jobs == len(config.methods) - 1 + 1
    assert "training mine" not in stages


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({}, "generations belongs to the recipe given"),
        (
            {"generations": "g.jsonl", "recipe": "ipo", "learning_rate": 1e-5},
            "generations belongs to the recipe",
        ),
        ({"generations": "{modl}.jsonl"}, "braces are for model and seed alone"),
        (
            {"generations": "{model}.{seed}.jsonl"},
            r"methods\.mine\.generations: nano\.0\.jsonl does not exist",
        ),
        ({"generations": "my.jsonl"}, r"methods\.mine\.generations: my\.jsonl: column 'prompt' is unknown"),
    ],
)
def test_faults_of_given_generations_are_one_line(entry: dict[str, Any], message: str):
    write("my.jsonl", ROWS)
    with pytest.raises(UserError, match=message) as fault:
        check_own_files(method(**entry))
    assert "\n" not in str(fault.value)


def test_no_method_starts_from_given_generations():
    write("gen.jsonl", GIVEN)
    other = {"recipe": "sft", "learning_rate": 1e-5, "start": "mine"}
    with pytest.raises(UserError, match=r"methods\.other\.start: mine has no weights of its own"):
        tiny(methods={"mine": {"recipe": "given", "generations": "gen.jsonl"}, "other": other})
