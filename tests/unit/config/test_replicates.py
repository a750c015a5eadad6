"""The replicates of the demo differ from it in their bases and in what is left out, in nothing else."""

from typing import Any

from safe_reasoning.config import load, read
from tests.support.paths import ROOT

DEMO, REPLICATES = (read(ROOT / f"config/{name}.yaml") for name in ("demo", "demo_replicates"))
METHODS = ["ipo", "dpo_natural", "sft_safe", "grpo_zy"]
# Keys of both whose values differ on purpose
OTHER = {
    "run",
    "seeds",
    "characterize.intervention_traces",
    "characterize.intervention_rounds",
    "evaluate.checkpoints",
}


def settings(raw: Any, place: str = "") -> dict[str, Any]:
    """The single values of a raw configuration by their place."""
    if not isinstance(raw, dict):
        return {place: raw}
    found: dict[str, Any] = {}
    for key, value in raw.items():
        found |= settings(value, f"{place}.{key}" if place else key)
    return found


def test_what_both_name_is_the_same_but_for_what_is_meant_to_differ():
    demo, replicates = settings(DEMO), settings(REPLICATES)
    assert {key for key in demo.keys() & replicates.keys() if demo[key] != replicates[key]} == OTHER
    assert set(REPLICATES["methods"]) == set(METHODS)
    assert REPLICATES["prompt_sets"] == DEMO["prompt_sets"]
    for name in METHODS:
        assert REPLICATES["methods"][name] == DEMO["methods"][name]


def test_what_one_alone_names_is_what_is_left_out():
    """A key that is left out takes its default, so it must be one that the demo does not need."""
    demo, replicates = (
        {key for key in settings(raw) if not key.startswith(("models.", "methods."))}
        for raw in (DEMO, REPLICATES)
    )
    assert demo - replicates == {"evaluate.more_judges"}
    assert replicates - demo == {"characterize.intervention_sets"}


def test_the_bases_are_the_demos_with_seeds_of_their_own():
    config, (own,) = load(ROOT / "config/demo_replicates.yaml"), DEMO["models"].values()
    assert REPLICATES["models"] == {f"base{seed}": {**own, "seed": seed} for seed in range(5)}
    assert config.replicates == list(config.models) and config.seeds == [0, 1, 2]
    assert config.world_seed == 0  # so base0 is the demo's own base
    assert load(ROOT / "config/demo.yaml").replicates == []
