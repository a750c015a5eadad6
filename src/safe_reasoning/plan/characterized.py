"""Which files of the characterization a model's methods or the report need."""

from __future__ import annotations

from safe_reasoning.config import Config
from safe_reasoning.control import policy
from safe_reasoning.pairs import demonstration
from safe_reasoning.training.recipe import INTERVENED, PREFIXES, patterns

INTERVENTIONS = "interventions.parquet"
_TRIGGERS = ["csr.parquet", "triggers.json"]


def characterized(config: Config, model: str) -> list[str]:
    """Files below `characterize/<model>` that the run makes: all for the analyses, else those that
    end in triggers where some method needs them.
    """
    if config.characterize.analyses:
        return [*_TRIGGERS, INTERVENTIONS]
    return _TRIGGERS if any(_needs_triggers(config, name) for name in config.methods_of(model)) else []


def _needs_triggers(config: Config, name: str) -> bool:
    method = config.methods[name]
    if {INTERVENED, PREFIXES} & set(patterns(method).values()):
        return True
    made = demonstration.needs_of(config, method.demonstrations) if method.demonstrations else ()
    edits = policy.needs_of(config, method.policy) if method.policy else ()
    return bool({"pairs", "triggers"} & {*made, *edits})
