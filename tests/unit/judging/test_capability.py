"""Scorers of capability benchmarks: small cases here; known answers of the real data where SAFE_REASONING_DATA names it."""

import itertools
import json

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
from safe_reasoning.prompts.benchmarks import gpqa
from safe_reasoning.stats.rates import pass_at_k


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
    rows = [
        {
            "Question": f"Question {i}?",
            **{c: f"{c} {i}" for c in gpqa.CHOICES},
            "High-level domain": "Physics",
        }
        for i in range(200)
    ]
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


def test_an_unknown_scorer_is_refused():
    with pytest.raises(UserError, match="unknown scorer 'oracle'"):
        score_all(['{"scorer": "oracle"}'], ["x"])


def test_an_unsolved_task_counts_as_wrong_and_judges_leave_scored_tasks_alone():
    gold = json.dumps({"scorer": "math", "answer": "4"})
    prompt = {
        "prompt_id": "p",
        "prompt_set": "math",
        "role": "capability",
        "category": "",
        "text": "2+2",
        "request": "2+2",
        "gold": gold,
    }
    texts = ["two and two</think>\\boxed{4}", "two and two and two", "hm</think>no idea"]
    generations = [
        {"generation_id": f"g{i}", "prompt_id": "p", "prompt_set": "math", "sample": i, "text": text}
        for i, text in enumerate(texts)
    ]
    rows = score_generations({"p": prompt}, generations)
    assert [(row["value"], row["detail"]) for row in rows] == [
        (True, ""),
        (False, "no_think_end"),
        (False, "no_answer"),
    ]
    assert {row["judge"] for row in rows} == {"math"}
    assert judge_generations(LexicalJudge(), {prompt["prompt_id"]: prompt}, generations[:1]) == []


@given(
    st.lists(
        st.integers(1, 6).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), min_size=1, max_size=5
    ),
    st.integers(1, 3),
)
def test_pass_at_k_is_the_share_of_draws_that_hold_a_right_one(problems: list[tuple[int, int]], k: int):
    problems = [(c, max(n, k)) for c, n in problems]

    def share(correct: int, samples: int) -> float:
        draws = list(itertools.combinations([True] * correct + [False] * (samples - correct), k))
        return sum(any(draw) for draw in draws) / len(draws)

    correct, samples = zip(*problems, strict=True)
    assert pass_at_k(correct, samples, k) == pytest.approx(
        sum(share(c, n) for c, n in problems) / len(problems)
    )


def test_pass_at_k_needs_k_samples():
    with pytest.raises(ValueError, match="needs at least 3 samples"):
        pass_at_k([1], [2], 3)
