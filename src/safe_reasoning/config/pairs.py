"""Configuration of preference pairs."""

from __future__ import annotations

from pydantic import Field

from safe_reasoning.config.section import Section, later


class Pairs(Section):
    """Paper section 3, steps 1 to 6."""

    max_rounds: int = Field(1, ge=1, description="interventions before a pair is given up")
    append_response: bool = Field(
        False, description="whether both sides go on to the response (the paper does not say)"
    )
    overrefusal_samples: int = Field(2, ge=1, description="completions per benign prompt")


class Ucb(Section):
    """Tree search by upper confidence bound, one tree a prompt (methods with `search: ucb`)."""

    iterations: int = Field(200, ge=1, description="visits of each tree, one completion judged in each")
    exploration: float = Field(1.5, ge=0, description="c in value + c sqrt(ln(visits of parent) / visits)")
    depth: int = Field(7, ge=1, description="sentences from the root to the deepest nodes")
    width: int = Field(4, ge=2, description="next sentences drawn when a node is expanded")
    min_visits: int = Field(4, ge=1, description="visits of a node in a pair, unless reasoning ends with it")


class Siblings(Section):
    """Next sentences drawn along a reasoning, and the pairs of them (recipes dpo_tree...)."""

    width: int = Field(4, ge=2, description="next sentences drawn at each place")
    depth: int = Field(6, ge=1, description="places: before the first sentences of a reasoning")
    continuations: int = Field(8, ge=1, description="continuations behind the value of each")
    min_gap: float = Field(
        0.5, ge=0, le=1, description="the chosen one's value is higher than the rejected one's by more"
    )
    min_chosen: float = Field(0.8, ge=0, le=1, description="least value of the chosen one")
    ucb: Ucb = later(Ucb(), "siblings of a tree search instead of along one rollout")
