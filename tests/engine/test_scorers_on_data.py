"""Scorers against known answers: programs in the sandbox, and the real benchmarks where SAFE_REASONING_DATA names a mirror."""

import json
import os
import shutil
from pathlib import Path

import pytest

from safe_reasoning.judging.scorers.math_answer import score_math
from safe_reasoning.judging.scorers.score import score_all
from safe_reasoning.prompts.benchmarks import gsm8k, humaneval, math500
from safe_reasoning.prompts.readers import read
from safe_reasoning.stats.rates import pass_at_k

MIRROR = os.environ.get("SAFE_REASONING_DATA", "")
with_data = pytest.mark.skipif(not MIRROR, reason="SAFE_REASONING_DATA names no data mirror")
with_bubblewrap = pytest.mark.skipif(
    shutil.which("bwrap") is None, reason="bubblewrap is not installed (apt-get install bubblewrap)"
)


GOLD = {
    "scorer": "code",
    "prompt": "def add(a, b):\n    'Add.'\n",
    "entry_point": "add",
    "test": "def check(f):\n    assert f(1, 2) == 3\n",
}


@with_bubblewrap
def test_programs_are_scored_by_their_tests():
    right, wrong = (
        "```python\ndef add(a, b):\n    return a + b\n```",
        "```python\ndef add(a, b):\n    return a - b\n```",
    )
    outcomes = score_all([json.dumps(GOLD)] * 3, [right, wrong, "no code"])
    assert outcomes == [(True, ""), (False, "failed"), (False, "no_answer")]


@with_data
def test_math500_accepts_every_reference_and_every_reference_solution():
    rows = math500.prompts("test", MIRROR)
    answers = [json.loads(row["gold"])["answer"] for row in rows]
    assert sum(score_math(answer, f"Therefore \\boxed{{{answer}}}.")[0] is True for answer in answers) == 500
    solutions = [row["solution"] for row in read(Path(MIRROR) / "math500/test.jsonl")]
    assert (
        sum(
            score_math(answer, solution)[0] is True
            for answer, solution in zip(answers, solutions, strict=True)
        )
        == 500
    )


@with_data
def test_gsm8k_stored_verdicts_are_met():
    """The set's authors stored solutions of four systems with their verdicts: 286, 515, 458 and 742 right."""
    rows = read(Path(MIRROR) / "gsm8k/example_model_solutions.jsonl")
    right = dict.fromkeys(("6b_finetuning", "6b_verification", "175b_finetuning", "175b_verification"), 0)
    for row in rows:
        answer = row["ground_truth"].rsplit("A:", maxsplit=1)[-1].strip().replace(",", "")
        for system in right:
            solution = row[system]["solution"]
            stated = solution.rsplit("A:", maxsplit=1)[-1].strip() if "A:" in solution else ""
            value = score_math(answer, f"\\boxed{{{stated}}}")[0] is True if stated else False
            assert value == row[system]["is_correct"]
            right[system] += value
    assert sorted(right.values()) == [286, 458, 515, 742]


@with_data
def test_gsm8k_references_score_themselves():
    rows = gsm8k.prompts("test", MIRROR)
    answers = [json.loads(row["gold"])["answer"] for row in rows]
    assert len(answers) == 1319 and all(score_math(answer, f"\\boxed{{{answer}}}")[0] for answer in answers)


@with_data
@with_bubblewrap
def test_humaneval_reference_solutions_pass_and_the_example_samples_give_their_known_score():
    tasks = humaneval.prompts("test", MIRROR)
    raw = {row["task_id"]: row for row in read(Path(MIRROR) / "humaneval/HumanEval.jsonl.gz")}
    ordered = sorted(raw.values(), key=lambda row: int(row["task_id"].split("/")[1]))
    responses = [f"```python\n{row['prompt']}{row['canonical_solution']}```" for row in ordered]
    assert score_all([task["gold"] for task in tasks], responses) == [(True, "")] * 164
    # The authors' example: one problem, six samples, of which three are right; their harness prints pass@1 as 0.4999999999999999.
    (problem,) = read(Path(MIRROR) / "humaneval/example_problem.jsonl")
    samples = [
        f"```python\n{problem['prompt']}{row['completion']}\n```"
        for row in read(Path(MIRROR) / "humaneval/example_samples.jsonl")
    ]
    outcomes = score_all([json.dumps({**problem, "scorer": "code"})] * len(samples), samples)
    assert pass_at_k([sum(value is True for value, _ in outcomes)], [len(samples)], 1) == pytest.approx(
        0.4999999999999999
    )
