"""Scorers of capability benchmarks: small cases here; known answers of the real data where SAFE_REASONING_DATA names it."""

import itertools
import json
import os
import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safe_reasoning.core.errors import UserError
from safe_reasoning.judging.judges.lexical import LexicalJudge
from safe_reasoning.judging.scorers.choice import score_choice
from safe_reasoning.judging.scorers.math_answer import score_math
from safe_reasoning.judging.scorers.program import completed_function
from safe_reasoning.judging.scorers.score import score_all
from safe_reasoning.judging.verdicts import judge_generations, score_generations
from safe_reasoning.prompts.benchmarks import gpqa, gsm8k, humaneval, math500
from safe_reasoning.prompts.readers import read
from safe_reasoning.stats.rates import pass_at_k

MIRROR = os.environ.get("SAFE_REASONING_DATA", "")
with_data = pytest.mark.skipif(not MIRROR, reason="SAFE_REASONING_DATA names no data mirror")
with_bubblewrap = pytest.mark.skipif(shutil.which("bwrap") is None, reason="bubblewrap is not installed (apt-get install bubblewrap)")


@pytest.mark.parametrize(
    ("answer", "response", "outcome"),
    [
        ("204", "So the answer is \\boxed{204}.", (True, "")),
        ("204", "First 17, then \\boxed{204}", (True, "")),
        ("\\frac{1}{2}", "It is $\\boxed{0.5}$.", (True, "")),
        ("\\left( 3, \\frac{\\pi}{2} \\right)", "\\boxed{(3, \\pi/2)}", (True, "")),
        ("204", "\\boxed{205}", (False, "wrong")),
        ("204", "I give up.", (False, "no_answer")),
        ("204", "", (False, "no_answer")),
    ],
)
def test_mathematics(answer: str, response: str, outcome: tuple):
    assert score_math(answer, response) == outcome


@pytest.mark.parametrize(
    ("response", "outcome"),
    [
        ("Some thought.\nANSWER: C", (True, "")),
        ("ANSWER: A? No.\n**ANSWER: C**", (True, "")),
        ("answer: (c)", (True, "")),
        ("ANSWER: \\boxed{C}", (True, "")),
        ("The choice is \\boxed{\\text{C}}", (True, "")),
        ("ANSWER: B", (False, "wrong")),
        ("C seems right.", (False, "no_answer")),
        ("ANSWER: Carbon", (False, "no_answer")),
    ],
)
def test_choices(response: str, outcome: tuple):
    assert score_choice("C", response) == outcome


def test_gpqa_choices_are_permuted_by_the_question_alone():
    rows = [{"Question": f"Question {i}?", **{c: f"{c} {i}" for c in gpqa.CHOICES}, "High-level domain": "Physics"} for i in range(200)]
    made = [gpqa.row_of(row) for row in rows]
    assert made == [gpqa.row_of(row) for row in reversed(rows)][::-1]
    letters = [json.loads(row["gold"])["answer"] for row in made]
    assert all(30 <= letters.count(letter) <= 70 for letter in "ABCD")
    for row, source in zip(made, rows, strict=True):
        assert f"{json.loads(row['gold'])['answer']}) {source['Correct Answer']}" in row["text"]


def test_the_last_block_that_defines_the_function_is_taken():
    response = "First:\n```python\ndef add(a, b):\n    return a\n```\nBetter:\n```python\ndef add(a, b):\n    return a + b\n```\nUse it:\n```python\nadd(1, 2)\n```"
    assert completed_function(response, "add") == "def add(a, b):\n    return a + b\n"
    assert completed_function("def add(a, b): return a + b", "add") is not None
    assert completed_function("I would rather not.", "add") is None
    assert completed_function("```python\ndef add(a, b:\n```", "add") is not None  # it will fail its tests


GOLD = {
    "scorer": "code",
    "prompt": "def add(a, b):\n    'Add.'\n",
    "entry_point": "add",
    "test": "def check(f):\n    assert f(1, 2) == 3\n",
}


@with_bubblewrap
def test_programs_are_scored_by_their_tests():
    right, wrong = "```python\ndef add(a, b):\n    return a + b\n```", "```python\ndef add(a, b):\n    return a - b\n```"
    outcomes = score_all([json.dumps(GOLD)] * 3, [right, wrong, "no code"])
    assert outcomes == [(True, ""), (False, "failed"), (False, "no_answer")]


def test_an_unknown_scorer_is_refused():
    with pytest.raises(UserError, match="unknown scorer 'oracle'"):
        score_all(['{"scorer": "oracle"}'], ["x"])


def test_an_unsolved_task_counts_as_wrong_and_judges_leave_scored_tasks_alone():
    gold = json.dumps({"scorer": "math", "answer": "4"})
    prompt = {"prompt_id": "p", "prompt_set": "math", "role": "capability", "category": "", "text": "2+2", "request": "2+2", "gold": gold}
    texts = ["two and two</think>\\boxed{4}", "two and two and two", "hm</think>no idea"]
    generations = [
        {"generation_id": f"g{i}", "prompt_id": "p", "prompt_set": "math", "sample": i, "text": text} for i, text in enumerate(texts)
    ]
    rows = score_generations({"p": prompt}, generations)
    assert [(row["value"], row["detail"]) for row in rows] == [(True, ""), (False, "no_think_end"), (False, "no_answer")]
    assert {row["judge"] for row in rows} == {"math"}
    assert judge_generations(LexicalJudge(), {prompt["prompt_id"]: prompt}, generations[:1]) == []


@given(st.lists(st.integers(1, 6).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), min_size=1, max_size=5), st.integers(1, 3))
def test_pass_at_k_is_the_share_of_draws_that_hold_a_right_one(problems: list[tuple[int, int]], k: int):
    problems = [(c, max(n, k)) for c, n in problems]

    def share(correct: int, samples: int) -> float:
        draws = list(itertools.combinations([True] * correct + [False] * (samples - correct), k))
        return sum(any(draw) for draw in draws) / len(draws)

    correct, samples = zip(*problems, strict=True)
    assert pass_at_k(correct, samples, k) == pytest.approx(sum(share(c, n) for c, n in problems) / len(problems))


def test_pass_at_k_needs_k_samples():
    with pytest.raises(ValueError, match="needs at least 3 samples"):
        pass_at_k([1], [2], 3)


@with_data
def test_math500_accepts_every_reference_and_every_reference_solution():
    rows = math500.prompts("test", MIRROR)
    answers = [json.loads(row["gold"])["answer"] for row in rows]
    assert sum(score_math(answer, f"Therefore \\boxed{{{answer}}}.")[0] is True for answer in answers) == 500
    solutions = [row["solution"] for row in read(Path(MIRROR) / "math500/test.jsonl")]
    assert sum(score_math(answer, solution)[0] is True for answer, solution in zip(answers, solutions, strict=True)) == 500


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
    samples = [f"```python\n{problem['prompt']}{row['completion']}\n```" for row in read(Path(MIRROR) / "humaneval/example_samples.jsonl")]
    outcomes = score_all([json.dumps({**problem, "scorer": "code"})] * len(samples), samples)
    assert pass_at_k([sum(value is True for value, _ in outcomes)], [len(samples)], 1) == pytest.approx(0.4999999999999999)
