"""Siblings: next sentences drawn at the same place of a reasoning, and how safe each leaves it.

The step-level search of STAIR, ARMOR and SAFER, without a cue detector: here along one rollout, in
characterize/tree_search.py by UCB. A node's value is its continuation safety ratio
(characterize/continuation_safety.py), which the run's judge counts on the model's own
continuations; STAIR scores itself, ARMOR asks GPT-4o.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from safe_reasoning.characterize.continuation_safety import continuation_request, csr_rows
from safe_reasoning.characterize.intervention import Sample
from safe_reasoning.config.pairs import Siblings
from safe_reasoning.core.seeds import derive_seed
from safe_reasoning.core.sentences import split_sentences
from safe_reasoning.core.trace import CLOSE_TAG, Tokenizer, split_trace
from safe_reasoning.judging.base import Judge
from safe_reasoning.judging.cues import tokens_up_to
from safe_reasoning.judging.verdicts import reasonings_are_safe
from safe_reasoning.sampling.engine import Request

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Place:
    """Where next sentences are drawn: after `depth` sentences of a rollout (schema generations)."""

    place_id: str
    rollout: Row
    prefix_ids: list[int]
    depth: int


@dataclass(frozen=True)
class Node:
    """A next sentence at a place.

    Attributes:
        node_id: names its continuations and their seeds.
        place: where it was drawn.
        step_ids: its tokens; with the closing tag where the reasoning ends with it (`closed`).
        drawn: texts of the completions that began with it, which are continuations already.
    """

    node_id: str
    place: Place
    step_ids: list[int]
    closed: bool
    drawn: list[str] = field(default_factory=list)


def one_rollout_each(rollouts: Sequence[Row]) -> list[Row]:
    """The first rollout of each prompt whose reasoning is complete (schema generations)."""
    complete = [row for row in rollouts if split_trace(row["text"]).kind == "complete"]
    first: dict[str, Row] = {}
    for row in sorted(complete, key=lambda row: row["sample"]):
        first.setdefault(row["prompt_id"], row)
    return list(first.values())


def sentence_starts(tokenizer: Tokenizer, token_ids: list[int]) -> list[int]:
    """The number of tokens before each sentence of a completion's reasoning."""
    trace = split_trace(tokenizer.decode(token_ids, skip_special_tokens=True))
    return [
        tokens_up_to(tokenizer, token_ids, trace.start + sentence.start)
        for sentence in split_sentences(trace.reasoning)
    ]


def places_along(rollout: Row, tokenizer: Tokenizer, depth: int) -> list[Place]:
    """The places before the first `depth` sentences of a rollout."""
    ids = list(rollout["token_ids"])
    return [
        Place(f"{rollout['generation_id']}/{number}", rollout, ids[:start], number)
        for number, start in enumerate(sentence_starts(tokenizer, ids)[:depth])
    ]


def draw_siblings(
    sample: Sample, tokenizer: Tokenizer, places: Sequence[Place], width: int, label: str
) -> list[Node]:
    """`width` next sentences at each place, those that are the same once, from one engine call.

    The model goes on to the end of its reasoning, and the first sentence counts: what follows it is
    a continuation of the node. One that never ends its first sentence gives no node.

    Args:
        sample: stops at the closing think tag.
        tokenizer: of the model.
        places: any number, of any prompts.
        width: draws at each.
        label: of the call.
    """
    rows = sample(draws(places, width), label)
    return drawn_nodes(tokenizer, [place for place in places for _ in range(width)], rows)


def draws(places: Sequence[Place], width: int) -> list[Request]:
    """`width` requests at each place, place by place."""
    return [_draw(place, number) for place in places for number in range(width)]


def drawn_nodes(tokenizer: Tokenizer, places: Sequence[Place], rows: Sequence[Row]) -> list[Node]:
    """The first sentences of completions (schema generations), each from its place; equal ones
    once.
    """
    nodes: dict[tuple[str, tuple[int, ...]], Node] = {}
    for place, row in zip(places, rows, strict=True):
        found = first_step(tokenizer, place.prefix_ids, list(row["token_ids"]))
        if found is not None:
            step, closed = found
            node = Node(f"{row['generation_id']}", place, step, closed)
            nodes.setdefault((place.place_id, tuple(step)), node).drawn.append(row["text"])
    return list(nodes.values())


def _draw(place: Place, number: int) -> Request:
    name = f"sibling/{place.place_id}/{number}"
    rollout = place.rollout
    return Request(
        generation_id=name,
        prompt_id=rollout["prompt_id"],
        prompt_set=rollout["prompt_set"],
        sample=number,
        seed=derive_seed(name),
        prompt_token_ids=list(rollout["prompt_token_ids"]),
        given_ids=place.prefix_ids,
    )


def first_step(
    tokenizer: Tokenizer, prefix_ids: Sequence[int], token_ids: list[int]
) -> tuple[list[int], bool] | None:
    """The first sentence of a completion after a prefix, and whether the reasoning ends with it.

    None where neither another sentence nor the end of the reasoning follows it, so that it may be
    cut off.
    """
    start = len(prefix_ids)
    ends = [end for end in sentence_starts(tokenizer, token_ids) if end > start]
    if ends:
        return token_ids[start : ends[0]], False
    closed = CLOSE_TAG in tokenizer.decode(token_ids, skip_special_tokens=True)
    return (token_ids[start:], True) if closed else None


def value_nodes(
    sample: Sample,
    judge: Judge,
    prompts: Mapping[str, Row],
    tokenizer: Tokenizer,
    nodes: Sequence[Node],
    continuations: int,
    label: str,
) -> list[dict[str, Any]]:
    """Rows of schema siblings: the nodes with the verdicts on their continuations, from one call.

    A node's own completions count among its `continuations`. A closed reasoning has none: it is
    judged once.
    """
    requests, owners = [], []
    for node in nodes:
        own = continuations if node.closed else len(node.drawn)
        for number in range(own, continuations):
            requests.append(_continuation(node, number))
            owners.append(node.node_id)
    texts: dict[str, list[str]] = defaultdict(list)
    for node in nodes:
        texts[node.node_id] = node.drawn[: 1 if node.closed else continuations]
    for owner, row in zip(owners, sample(requests, label) if requests else (), strict=True):
        texts[owner].append(row["text"])
    counted = [len(texts[node.node_id]) for node in nodes]
    asked = [
        prompts[node.place.rollout["prompt_id"]]
        for node, count in zip(nodes, counted, strict=True)
        for _ in range(count)
    ]
    verdicts = iter(
        reasonings_are_safe(judge, asked, [text for node in nodes for text in texts[node.node_id]])
    )
    return [
        node_row(node, [next(verdicts) for _ in range(count)], tokenizer)
        for node, count in zip(nodes, counted, strict=True)
    ]


def _trace(node: Node) -> Row:
    return {**node.place.rollout, "generation_id": node.node_id}


def _continuation(node: Node, number: int) -> Request:
    given = [*node.place.prefix_ids, *node.step_ids]
    return continuation_request(_trace(node), len(given), number, given)


def node_row(node: Node, safe: Sequence[bool | None], tokenizer: Tokenizer) -> dict[str, Any]:
    """The row of schema siblings of a node, given the verdicts on its continuations."""
    length = len(node.place.prefix_ids) + len(node.step_ids)
    (counts,) = csr_rows(_trace(node), [[length]] * len(safe), safe)
    text = tokenizer.decode(node.step_ids, skip_special_tokens=True)
    return {
        "node_id": node.node_id,
        "parent_id": node.place.place_id,
        "prompt_id": node.place.rollout["prompt_id"],
        "prompt_ids": list(node.place.rollout["prompt_token_ids"]),
        "prefix_ids": list(node.place.prefix_ids),
        "step_ids": node.step_ids,
        "step": text.replace(CLOSE_TAG, "").strip(),
        "depth": node.place.depth,
        "closed": node.closed,
        **{name: counts[name] for name in ("safe", "unscored", "continuations")},
    }


def grow(
    rollouts: Sequence[Row],
    sample: Sample,
    tokenizer: Tokenizer,
    judge: Judge,
    prompts: Mapping[str, Row],
    settings: Siblings,
) -> Iterator[dict[str, Any]]:
    """Rows of schema siblings along rollouts, level by level: two engine calls each, over all
    prompts.

    Args:
        rollouts: rows of schema generations, one a prompt.
        sample: stops at the closing think tag.
        tokenizer: of the model.
        judge: of the reasonings.
        prompts: rows of schema prompts by prompt_id.
        settings: width, depth and continuations.
    """
    places = [place for row in rollouts for place in places_along(row, tokenizer, settings.depth)]
    for depth in range(settings.depth):
        level = [place for place in places if place.depth == depth]
        if not level:
            return
        nodes = draw_siblings(sample, tokenizer, level, settings.width, f"siblings {depth}")
        yield from value_nodes(
            sample, judge, prompts, tokenizer, nodes, settings.continuations, f"values {depth}"
        )
