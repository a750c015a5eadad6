"""Which traces the KL curve is of."""

from safe_reasoning.evaluation.kl import harmful_reasonings
from tests.support.fakes import generation, ids, tokenizer

SETS = ("a", "b", "c")


def chosen(traces: int, seed: int) -> list[list[int]]:
    rows = [
        generation(
            f"{name}{number}.{sample}", f"I mix {name} {number} {sample}.\n</think>\nyes", f"{name}-{number}"
        )
        for name in SETS
        for number in range(20)
        for sample in range(2)
    ]
    verdicts = [
        {"generation_id": row["generation_id"], "part": "reasoning", "measure": "harmful", "value": True}
        for row in rows
    ]
    return [reasoning for _, reasoning in harmful_reasonings(rows, verdicts, tokenizer(), traces, seed)]


def test_traces_come_from_all_sets_one_per_prompt_and_are_drawn_with_the_seed():
    texts = [tokenizer().decode(reasoning) for reasoning in chosen(12, 0)]
    assert len(texts) == 12 == len({text.rsplit(" ", 1)[0] for text in texts})
    assert {text.split()[2] for text in texts} == set(SETS)  # not the first prompts of the files alone
    assert chosen(12, 0) == chosen(12, 0) != chosen(12, 1)
    assert all(text.endswith(" 0.\n") for text in texts)  # the first sample of each


def test_fewer_prompts_than_asked_for_are_all_taken():
    assert len(chosen(99, 0)) == 60 and ids("I mix a 0 0.\n") in chosen(99, 0)
