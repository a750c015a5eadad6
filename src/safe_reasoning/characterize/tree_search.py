"""Tree search by upper confidence bound (UCB) over next sentences, after STAIR (arXiv 2502.02384).

A visit goes down from the prompt by the highest bound. A node's first visit rolls it out, its
second draws next sentences (its children) and goes on to one of them; at the end every child that
was not visited is visited once. Its value is the sum of the verdicts on the visits through it, by
their number. STAIR scores itself; here the run's judge does.

A child was drawn by a whole completion that begins with it, so its first visit is sampled already.
All trees take a visit at a time together: one engine call and one call of the judge for all.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from safe_reasoning.characterize.continuation_safety import continuation_request
from safe_reasoning.characterize.intervention import Sample
from safe_reasoning.characterize.siblings import Node, Place, drawn_nodes, draws, node_row
from safe_reasoning.config.pairs import Ucb
from safe_reasoning.core.seeds import derive_seed
from safe_reasoning.core.trace import Tokenizer
from safe_reasoning.judging.base import Judge
from safe_reasoning.judging.verdicts import reasonings_are_safe
from safe_reasoning.sampling.chat_template import prompt_ids
from safe_reasoning.sampling.engine import Request

Row = Mapping[str, Any]


@dataclass
class Branch:
    """A node of a tree that is being searched, the prompt itself for the root.

    Attributes:
        place: after its sentence: where next ones are drawn. Its place_id names the node.
        node: its sentence, None for the root.
        waiting: texts of completions that begin with it and have not been visited.
        grows: whether next sentences can be drawn: not where the reasoning has ended, at the last
            depth, or where no draw ended its sentence.
        children: in an order that knows nothing of the order in which they were drawn.
        results: verdict on each visit through it (safe?), None where unscored.
    """

    place: Place
    node: Node | None
    waiting: list[str]
    grows: bool
    children: list[Branch] = field(default_factory=list)
    results: list[bool | None] = field(default_factory=list)

    @property
    def value(self) -> float:
        """Share of safe visits among the scored ones; 0 where none was scored."""
        scored = [result for result in self.results if result is not None]
        return sum(scored) / len(scored) if scored else 0.0


@dataclass(frozen=True)
class Tools:
    """What a search samples and judges with.

    Attributes:
        sample: stops at the closing think tag.
        tokenizer: of the model.
        judge: of the reasonings.
        prompts: rows of schema prompts by prompt_id.
        settings: of the search.
    """

    sample: Sample
    tokenizer: Tokenizer
    judge: Judge
    prompts: Mapping[str, Row]
    settings: Ucb


def root_of(prompt: Row, tokenizer: Any) -> Branch:
    """The tree of a prompt (row of schema prompts) before any visit."""
    start = {name: prompt[name] for name in ("prompt_id", "prompt_set")}
    start["prompt_token_ids"] = prompt_ids(tokenizer, prompt["text"])
    return Branch(Place(f"ucb/{prompt['prompt_id']}", start, [], 0), None, [], grows=True)


def bound(branch: Branch, parent_visits: int, exploration: float) -> float:
    """Upper confidence bound of a child: infinite before its first visit."""
    visits = len(branch.results)
    if not visits:
        return math.inf
    return branch.value + exploration * math.sqrt(math.log(parent_visits) / visits)


def descend(root: Branch, exploration: float) -> list[Branch]:
    """The branches from the root down to one without children, by the highest bound.

    Of equals the first child is taken.
    """
    path = [root]
    while path[-1].children:
        visits = len(path[-1].results)
        path.append(max(path[-1].children, key=lambda child: bound(child, visits, exploration)))
    return path


def visit_all(trees: Sequence[Branch], tools: Tools) -> None:
    """One visit of each tree."""
    paths = [descend(tree, tools.settings.exploration) for tree in trees]
    growing = [path for path in paths if _expands(path[-1])]
    places = [path[-1].place for path in growing for _ in range(tools.settings.width)]
    ends = [path[-1] for path in paths if not _expands(path[-1])]
    unsampled = [branch for branch in ends if not branch.waiting and not _is_known(branch)]
    requests = draws([path[-1].place for path in growing], tools.settings.width)
    requests += [_continuation(branch) for branch in unsampled]
    rows = tools.sample(requests, "tree search") if requests else []
    for number, path in enumerate(growing):
        drawn = slice(number * tools.settings.width, (number + 1) * tools.settings.width)
        expand(path[-1], places[drawn], rows[drawn], tools)
        path += path[-1].children[:1]
    for branch, row in zip(unsampled, rows[len(places) :], strict=True):
        branch.waiting.append(row["text"])
    judge_visits(paths, tools)


def _expands(branch: Branch) -> bool:
    """Whether a visit draws next sentences: from the second one on."""
    return branch.grows and bool(branch.results)


def _is_known(branch: Branch) -> bool:
    """Whether a visit can only end as the one before: the reasoning is over."""
    return branch.node is not None and branch.node.closed and bool(branch.results)


def _continuation(branch: Branch) -> Request:
    given = branch.place.prefix_ids
    trace = {**branch.place.rollout, "generation_id": branch.place.place_id}
    return continuation_request(trace, len(given), len(branch.results), given)


def expand(branch: Branch, places: Sequence[Place], rows: Sequence[Row], tools: Tools) -> None:
    """Give a branch its children, the different first sentences of completions drawn after it.

    Without any, it stays a leaf, and the completions are rollouts of its own.
    """
    found = drawn_nodes(tools.tokenizer, places, rows)
    if not found:
        branch.grows = False
        branch.waiting += [row["text"] for row in rows]
    for number, node in enumerate(sorted(found, key=lambda node: derive_seed(*node.step_ids))):
        name, depth = f"{branch.place.place_id}/{number}", branch.place.depth + 1
        ids = [*branch.place.prefix_ids, *node.step_ids]
        child = Branch(
            Place(name, branch.place.rollout, ids, depth),
            replace(node, node_id=name),
            list(node.drawn),
            grows=not node.closed and depth < tools.settings.depth,
        )
        branch.children.append(child)


def judge_visits(paths: Sequence[Sequence[Branch]], tools: Tools) -> None:
    """Judge one waiting completion at the end of each path, and add the verdict all the way up."""
    new = [path for path in paths if not _is_known(path[-1])]
    verdicts = reasonings_are_safe(
        tools.judge,
        [tools.prompts[path[-1].place.rollout["prompt_id"]] for path in new],
        [path[-1].waiting.pop(0) for path in new],
    )
    found = {id(path[-1]): verdict for path, verdict in zip(new, verdicts, strict=True)}
    for path in paths:
        last = path[-1]
        verdict = found[id(last)] if id(last) in found else last.results[0]
        for branch in path:
            branch.results.append(verdict)


def unvisited(path: list[Branch]) -> Iterator[list[Branch]]:
    """Paths to all branches below the end of a path that had no visit."""
    for child in path[-1].children:
        if not child.results:
            yield [*path, child]
        yield from unvisited([*path, child])


def search(trees: Sequence[Branch], tools: Tools) -> None:
    """All visits of trees, `iterations` of each and one of each branch that is left."""
    for _ in range(tools.settings.iterations):
        visit_all(trees, tools)
    judge_visits([path for tree in trees for path in unvisited([tree])], tools)


def rows_of(tree: Branch, tokenizer: Tokenizer) -> Iterator[dict[str, Any]]:
    """Rows of schema siblings of a tree, without its root; `continuations` are visits."""
    for child in tree.children:
        if child.node is not None:
            yield node_row(child.node, child.results, tokenizer)
        yield from rows_of(child, tokenizer)
