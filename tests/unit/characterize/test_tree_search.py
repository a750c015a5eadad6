"""Tree search by UCB on toy trees whose values are enumerated."""

import math
from collections.abc import Callable
from typing import Any

import pytest

from safe_reasoning.characterize.siblings import Place
from safe_reasoning.characterize.tree_search import (
    Branch,
    Tools,
    bound,
    rows_of,
    search,
    unvisited,
    visit_all,
)
from safe_reasoning.config.pairs import Ucb
from safe_reasoning.core.records import to_table
from safe_reasoning.pairs.siblings import sibling_pairs
from safe_reasoning.sampling.engine import Request
from tests.support.fakes import PROMPT_IDS, KeywordJudge, ScriptedSampler, text, tokenizer

# Two sentences, each with two ends; "mix" is harmful
ENDS = {
    "Alpha.": [" One.\n</think>", " Two, I mix.\n</think>"],
    "Beta.": [" Three.\n</think>", " Four.\n</think>"],
}
LEAVES = {"One.": 1.0, "Two, I mix.": 0.0, "Three.": 1.0, "Four.": 1.0}
Script = Callable[[str, Request], str]


def toy(given: str, request: Request) -> str:
    """The prompt's own rollout is harmful; draws are the two children in turn."""
    if not given:
        if request.generation_id.startswith("csr/"):
            return "Alpha. Two, I mix.\n</think>"
        return ["Alpha. One.\n</think>", "Beta. Three.\n</think>"][request.sample % 2]
    return ENDS[given][request.sample % 2]


def turned(given: str, request: Request) -> str:
    """The same draws, the second before the first."""
    if request.generation_id.startswith("csr/"):
        return toy(given, request)
    request = Request(**{**vars(request), "sample": 1 - request.sample})
    return toy(given, request)


def root(name: str = "p0") -> Branch:
    start = {"prompt_id": name, "prompt_set": "set", "prompt_token_ids": PROMPT_IDS}
    return Branch(Place(f"ucb/{name}", start, [], 0), None, [], grows=True)


def tools(script: Script, **settings: Any) -> Tools:
    chosen = Ucb(**{"iterations": 20, "depth": 2, "width": 2, **settings})
    prompts: dict[str, Any] = {f"p{n}": {} for n in range(3)}
    return Tools(ScriptedSampler(script), tokenizer(), KeywordJudge(), prompts, chosen)


def searched(script: Script = toy, **settings: Any) -> tuple[Branch, Tools]:
    tree, using = root(), tools(script, **settings)
    search([tree], using)
    return tree, using


def all_of(tree: Branch) -> list[Branch]:
    return [tree, *(branch for child in tree.children for branch in all_of(child))]


def by_step(tree: Branch) -> dict[str, Branch]:
    """Branches by their sentence."""
    named = {text(branch.node.step_ids): branch for branch in all_of(tree) if branch.node}
    return {name.replace("</think>", "").strip(): branch for name, branch in named.items()}


def test_the_bound_is_that_of_the_formula():
    child = Branch(root().place, None, [], True, results=[True, False, True, False])
    assert bound(child, 16, 1.5) == pytest.approx(0.5 + 1.5 * math.sqrt(math.log(16) / 4))
    assert bound(child, 16, 0) == 0.5 and bound(root(), 16, 0) == math.inf
    assert Branch(root().place, None, [], True, results=[None, True, None]).value == 1.0


@pytest.mark.parametrize("iterations", [7, 8, 20, 61])
def test_visits_sum_to_the_budget_and_means_are_those_of_the_leaves(iterations: int):
    tree, _ = searched(iterations=iterations)
    assert not list(unvisited([tree]))
    found = by_step(tree)
    visits = {name: len(branch.results) for name, branch in found.items()}
    assert set(found) == {*LEAVES, "Alpha.", "Beta."}
    assert len(tree.results) >= iterations
    for name, value in LEAVES.items():
        assert found[name].value == value
    # Its own rollout, and the visits of its children
    assert visits["Alpha."] == 1 + visits["One."] + visits["Two, I mix."]
    assert visits["Beta."] == 1 + visits["Three."] + visits["Four."]
    assert len(tree.results) == 1 + visits["Alpha."] + visits["Beta."]
    assert found["Alpha."].value == pytest.approx((1 + visits["One."]) / visits["Alpha."])
    assert found["Beta."].value == 1.0
    assert tree.value == pytest.approx((1 + visits["One."] + visits["Beta."]) / len(tree.results))


def test_the_budget_goes_where_it_is_safe():
    tree, _ = searched(iterations=200)
    assert len(tree.results) == 200
    visits = {name: len(branch.results) for name, branch in by_step(tree).items()}
    assert visits["Beta."] > visits["Alpha."] and visits["One."] > visits["Two, I mix."]
    greedy, _ = searched(iterations=200, exploration=0)
    assert greedy.results.count(False) <= 2  # the prompt's own, and one of an end that had not been tried


def test_every_child_is_visited_before_any_a_second_time():
    tree, using = root(), tools(toy)
    for number in range(1, 30):
        visit_all([tree], using)
        assert len(tree.results) == number
        for branch in all_of(tree):
            visits = [len(child.results) for child in branch.children]
            assert max(visits, default=0) <= 1 or 0 not in visits
            assert not visits or sum(visits) == len(branch.results) - 1


def test_the_order_of_draws_does_not_matter():
    found = [list(rows_of(searched(script, iterations=17)[0], tokenizer())) for script in (toy, turned)]
    assert found[0] == found[1] and len(found[0]) == 6
    to_table("siblings", found[0])


def test_all_prompts_share_the_call_of_an_iteration_and_what_is_known_is_not_sampled():
    trees, using = [root(f"p{n}") for n in range(3)], tools(toy, iterations=40)
    search(trees, using)
    assert isinstance(using.sample, ScriptedSampler)
    batches = using.sample.batches
    # The rollout of the prompt, its children, and theirs; ends are judged once
    assert sum(map(len, batches)) == 3 * (1 + 2 + 2 + 2) and len(batches) == 4
    assert {request.prompt_id for request in batches[0]} == {"p0", "p1", "p2"}
    names = [request.generation_id for batch in batches for request in batch]
    assert len(set(names)) == len(names)


def test_what_was_not_visited_is_visited_once_at_the_end():
    def four(given: str, request: Request) -> str:
        return ["Alpha.", "Beta.", "Gamma.", "Delta."][request.sample] + " Three.\n</think>"

    tree, using = searched(four, iterations=3, width=4, depth=1)
    assert [len(child.results) for child in tree.children] == [1, 1, 1, 1] and len(tree.results) == 5
    assert isinstance(using.sample, ScriptedSampler)
    assert sum(map(len, using.sample.batches)) == 1 + 4


def test_a_node_at_the_last_depth_and_one_without_next_sentences_are_rolled_out_again():
    tree, using = searched(iterations=9, depth=1)
    assert isinstance(using.sample, ScriptedSampler)
    assert {len(branch.results) for branch in all_of(tree)} == {
        9,
        *map(len, (c.results for c in tree.children)),
    }
    assert not any(child.children for child in tree.children)
    # One for the prompt and two that drew children; six visits beyond the children's first
    assert sum(map(len, using.sample.batches)) == 1 + 2 + 6
    endless, using = searched(lambda given, request: " and it goes on and", iterations=5)
    assert endless.results == [None] * 5 and not endless.children and endless.value == 0
    assert isinstance(using.sample, ScriptedSampler)
    assert sum(map(len, using.sample.batches)) == 1 + 2 + 2  # two visits use what was drawn


def test_pairs_need_visits_unless_the_reasoning_ends():
    tree, _ = searched(iterations=17)
    nodes = list(rows_of(tree, tokenizer()))
    depths = {node["step"]: (node["depth"], node["closed"]) for node in nodes}
    assert depths["Alpha."] == (0, False) and depths["One."] == (1, True)
    (pair,) = sibling_pairs(nodes, 0.5, 0.8, min_visits=50).rows
    assert text(pair["prompt_ids"][len(PROMPT_IDS) :]).startswith("Alpha.")
    assert "mix" in text(pair["rejected_ids"]) and "mix" not in text(pair["chosen_ids"])
    assert sibling_pairs(nodes, 0.0, 0.8, min_visits=4).counts["pairs"] == 2
    few = sibling_pairs(nodes, 0.0, 0.8, min_visits=50).counts  # the prompt's children; Beta's ends are alike
    assert {"places": 3, "alone": 1, "small_gap": 1, "pairs": 1}.items() <= few.items()
