"""What must hold before a run starts: every source pinned, and a machine that the run fits.

And what is reported: the costs of endpoints.
"""

from __future__ import annotations

import shutil
from collections.abc import Collection

from safe_reasoning.config import Config
from safe_reasoning.judging.kinds import judge_sources
from safe_reasoning.plan.needed_sources import floating


def refusals(config: Config, outputs: Collection[str] | None = None) -> list[str]:
    """One line for each reason not to start; empty when there is none.

    Args:
        config: the run's.
        outputs: files in the run's folder that are still to be made; None: all.
    """
    lines = []
    if names := floating(config, outputs):
        lines.append(
            f"the revision of {', '.join(names)} is floating, so the run could not be repeated: run make "
            "lock-revisions on a connected machine, or name a mirror folder that has them (data_mirror)"
        )
    if judge_sources(config) or any(model.kind in ("hub", "folder") for model in config.models.values()):
        from safe_reasoning.plan.estimate import plan
        from safe_reasoning.plan.memory import judge_problems, problems
        from safe_reasoning.plan.step import totals
        from safe_reasoning.plan.training_steps import parameters_of
        from safe_reasoning.sources.table import parameters as parameters_of_source

        parameters = {model: parameters_of(config, model) for model in config.models}
        lines += judge_problems(
            config, {source: parameters_of_source(source) for source in judge_sources(config)}
        )
        there = config.plan.disk_gib or shutil.disk_usage(".").free / 2**30
        lines += problems(config, parameters, totals(plan(config)).disk_gib, there)
    return lines


def costs(config: Config) -> list[str]:
    """One line for each endpoint that the run asks: what it is expected to cost, and its budget."""
    if not config.endpoints:
        return []
    from safe_reasoning.plan.endpoints import expected
    from safe_reasoning.plan.estimate import plan

    return expected(config, plan(config))
