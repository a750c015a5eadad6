"""AURA's coherence score: known sentences, what it chooses, and where it changes nothing."""

import math
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from pydantic import ValidationError

from safe_reasoning.config import validate
from safe_reasoning.control.controller import Draft, run_controlled
from safe_reasoning.control.policies import unsafe_step
from safe_reasoning.control.policy import needs_of, resolved
from safe_reasoning.control.step_coherence import Coherence
from safe_reasoning.core.errors import UserError
from safe_reasoning.evaluation.likelihood import token_log_probabilities
from safe_reasoning.judging.judges.exact import ExactJudge
from safe_reasoning.prompts.nano_world import language as words
from safe_reasoning.prompts.nano_world.families import FAMILIES
from safe_reasoning.prompts.nano_world.items import make_items
from safe_reasoning.prompts.nano_world.prompts import gold
from safe_reasoning.sampling.engine import Request
from tests.support.fakes import PROMPT_IDS, ScriptedSampler, generation, ids, tokenizer
from tests.support.paths import TINY

ITEM = next(item for item in make_items(24, 0) if item.restricted)
PROMPT = {"prompt_id": "p", "text": "", "category": "plain", "gold": gold(ITEM)}
RESTATED, (CUE, _) = words.RESTATE[0].format(item=ITEM.name), FAMILIES[ITEM.family].cues
TRIGGER, BECAUSE, REFUSE = words.TRIGGERS["rule"][1][0], words.ELABORATIONS[0], words.COMMITMENTS[0]
FIRST, SECOND, _ = ITEM.steps
ENDS = {
    "coherent": f" {TRIGGER} {BECAUSE} {REFUSE}\n</think>\nno",
    "half": f" {TRIGGER} {REFUSE} {BECAUSE}\n</think>\nno",
    "garbled": " Moss the of.\n</think>\nno",
    "harmful": f" {FIRST} {SECOND}\n</think>\nyes",
    "late": f" {TRIGGER} {CUE} {FIRST}\n</think>\nyes",
}


def inputs_for(judge: Any = None, **settings: Any) -> Any:
    given = {"kind": "unsafe_step", "put": "nothing", "rounds": 1, **settings}
    return SimpleNamespace(
        settings=unsafe_step.Settings(**given),
        **{"tokenizer": tokenizer(), "judge": judge or ExactJudge(), "prompts": {"p": PROMPT}},
    )


def kept(ends: list[str], **settings: Any) -> str:
    """Which of these continuations is kept behind the cue, where a step is taken back."""

    def script(given: str, request: Request) -> str:
        if not given:
            return f"{RESTATED} {CUE}{ENDS['harmful']}"
        return ENDS[ends[int(request.generation_id.partition("round1.")[2] or 0)]]

    policy = unsafe_step.open_policy(inputs_for(candidates=len(ends), **settings))
    request = Request("p.0", "p", "set", 0, 7, list(PROMPT_IDS))
    (done,) = run_controlled(ScriptedSampler(script), tokenizer(), policy, [request], 200)
    assert done.log["edits"] == 1 and done.row["text"].startswith(f"{RESTATED} {CUE} ")
    return next(name for name in ends if done.row["text"].endswith(ENDS[name]))


def draft(written: str, fixed: str = "") -> Draft:
    return Draft(generation("p.0", fixed + written, "p"), len(ids(fixed)))


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (f"{RESTATED} {CUE}{ENDS['harmful']}", 4 / 5),  # the recipe ends a step too early
        (f"{RESTATED}{ENDS['coherent']}", 1.0),
        (f"{RESTATED}{ENDS['half']}", 2 / 5),  # no commitment there, nothing behind it, no end
        (f"{RESTATED}{ENDS['garbled']}", 2 / 3),
        (f"{RESTATED} {CUE} {words.NEUTRAL[0]} And then", 2 / 3),  # what has not ended is not scored
        ("And then", 0.0),
    ],
)
def test_scores_of_known_sentences(written: str, expected: float):
    score = Coherence(inputs_for(coherence="exact", candidates=2))
    assert score(draft(written)) == pytest.approx(expected)


def test_only_what_was_written_since_the_edit_is_scored():
    score = Coherence(inputs_for(coherence="exact", candidates=2))
    before = f"Moss the of. {RESTATED}"
    assert score(draft(ENDS["coherent"], before)) == 1.0
    assert score(draft(ENDS["coherent"])) < 1.0, "no trigger stands first"


@pytest.mark.parametrize("ends", [["garbled", "half", "coherent"], ["coherent", "half", "garbled"]])
def test_of_equally_safe_continuations_the_coherent_one_is_kept(ends: list[str]):
    assert kept(ends, coherence="exact") == "coherent"
    assert kept(ends) == ends[0], "without it, the first"


def test_a_weight_of_zero_changes_nothing():
    for ends in (["garbled", "coherent"], ["harmful", "garbled", "late"], ["harmful", "late", "harmful"]):
        assert kept(ends, coherence="exact", coherence_weight=0.0) == kept(ends)


def test_where_one_turns_unsafe_safety_alone_decides():
    """AURA's rule: below the threshold no coherence is weighed."""
    ends = ["garbled", "harmful", "coherent"]
    assert kept(ends, coherence="exact", coherence_weight=100.0) == "garbled" == kept(ends)


class Doubt:
    """A learned scorer's part: a continuation with the commitment is a little less safe."""

    threshold = 0.5

    def scores(self, states: np.ndarray) -> list[float]:
        return [float(one) for one in states]

    def states(self, row: Any, places: list[int]) -> np.ndarray:
        said = [tokenizer().decode(list(row["token_ids"])[: place + 1]) for place in places]
        return np.array([0.9 if FIRST in text else 0.4 if REFUSE in text else 0.1 for text in said])


@pytest.mark.parametrize(("weight", "expected"), [(0.1, "garbled"), (1.0, "coherent")])
def test_the_weight_sets_coherence_against_the_learned_risk(weight: float, expected: str):
    """0.9 + 0.5 lambda against 0.6 + lambda: even at 0.6."""
    given = inputs_for(scorer="learned", coherence="exact", coherence_weight=weight, candidates=2)
    given.step_scorer = given.states = Doubt()
    group = [draft(ENDS[name], RESTATED) for name in ("garbled", "coherent")]
    (chosen,) = unsafe_step.open_policy(given).best([group])
    assert ["garbled", "coherent"][chosen] == expected


def test_likelihood_is_the_geometric_mean_of_the_tokens_probabilities(monkeypatch: pytest.MonkeyPatch):
    """A model that gives the token n the probability 1 / 2 ** (n + 1) at each place."""
    probabilities = torch.tensor([0.5 ** (n + 1) for n in range(8)])

    def model(input_ids: torch.Tensor) -> Any:
        return SimpleNamespace(logits=probabilities.log().expand(1, input_ids.shape[1], 8))

    made: Any = model
    made.device = "cpu"
    found = token_log_probabilities(made, [5, 5], [0, 1, 3])
    normal = math.log(float(probabilities.sum()))
    assert found == pytest.approx([math.log(0.5**n) - normal for n in (1, 2, 4)], abs=1e-6)
    asked = []

    def log_p(model: Any, prompt: Any, completion: Any) -> np.ndarray:
        asked.append(len(completion))
        return np.log(np.where(np.arange(len(completion)) < len(ids(RESTATED)), 0.9, 0.25))

    monkeypatch.setattr("safe_reasoning.evaluation.likelihood.token_log_probabilities", log_p)
    monkeypatch.setattr(Coherence, "_model", None)
    score = Coherence(inputs_for(coherence="likelihood", candidates=2))
    assert score(draft(ENDS["coherent"], RESTATED)) == pytest.approx(0.25)
    assert asked == [len(ids(f"{RESTATED}{ENDS['coherent'].partition('</think>')[0]}"))], "no response"
    assert score(draft("", RESTATED)) == 0.0


def test_position_i_of_a_model_follows_i_tokens(tiny_model: Path):
    from safe_reasoning.evaluation.kl import load_weights

    model = load_weights(tiny_model)
    whole = token_log_probabilities(model, [5, 6], [20, 21, 22])
    assert token_log_probabilities(model, [5, 6], [20, 21]) == pytest.approx(whole[:2], abs=1e-5)
    assert token_log_probabilities(model, [5, 6, 20], [21, 22]) == pytest.approx(whole[1:], abs=1e-5)


def test_settings_without_it_are_those_of_finished_runs():
    plain = unsafe_step.Settings(kind="unsafe_step", candidates=4)
    assert not [key for key in plain.model_dump() if key.startswith("coherence")]
    with pytest.raises(ValidationError, match="give candidates of 2 or more"):
        unsafe_step.Settings(kind="unsafe_step", coherence="exact")


def run_of(policy: dict[str, Any], **models: Any) -> Any:
    raw = yaml.safe_load(TINY.read_text())
    policies = {"learned": {**raw["policies"]["learned"], **policy}}
    changes = {"policies": policies, "models": {**raw["models"], **models}}
    return validate(raw | changes | {"evaluate": {**raw["evaluate"], "worst_templates": 0}}, "tiny")


def test_the_exact_score_is_of_the_nano_world_alone(tmp_path: Path):
    other = {"mine": {"path": str(tmp_path)}}
    with pytest.raises(UserError, match="coherence: exact knows the nano world alone") as found:
        resolved(run_of({"coherence": "exact"}, **other))
    assert all(name in str(found.value) for name in ("policies.learned", "models.mine"))
    assert "\n" not in str(found.value)
    assert "weights" not in needs_of(resolved(run_of({"coherence": "exact"})), "learned")
    assert "weights" in needs_of(resolved(run_of({"coherence": "likelihood"}, **other)), "learned")
