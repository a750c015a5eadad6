"""Files that were asked for by name, looked at before Snakemake looks for a rule.

A mistyped figure or judge is then one line that names the closest, at a dry run too.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePath

from safe_reasoning.config import Config
from safe_reasoning.core.errors import UserError, unknown_name
from safe_reasoning.judging.kinds import by_own_name
from safe_reasoning.report.contents import of_run

OF_MODELS = ("models", "generations", "verdicts", "characterize", "control")
OF_METHODS = ("models", "generations", "verdicts", "control")


def check_targets(targets: Iterable[str], config: Config) -> None:
    """A UserError for a target in the run's folder with a name that the configuration lacks."""
    folder = PurePath("results") / config.run
    for target in targets:
        if not PurePath(target).is_relative_to(folder):
            continue  # a rule, or a file of another run
        for what, name, known in _names(PurePath(target).relative_to(folder).parts, config):
            if name not in known:
                raise UserError(f"{target}: {what} {unknown_name(name, known)}")


def _names(parts: tuple[str, ...], config: Config) -> Iterable[tuple[str, str, list[str]]]:
    """What kind of name each part of a path is, the name, and the known ones."""
    if len(parts) < 2:
        return
    first, second, last = parts[0], parts[1], parts[-1]
    items = of_run(config)
    if first in ("figures", "tables") and len(parts) == 2:
        drawn = [item.name for item in items if item.is_figure == (first == "figures")]
        yield first[:-1], last.split(".")[0], [*drawn, *(["claims"] if first == "tables" else [])]
    if first in ("prompts", "attacks") and len(parts) == 2:
        yield "prompt set", last.split(".")[0], list(config.prompt_sets)
    if first in OF_MODELS and len(parts) > 2:
        yield "model", second, list(config.models)
    if first in OF_METHODS and len(parts) > 3 and parts[3].startswith("seed"):
        known = config.methods_of(second) if second in config.models else list(config.methods)
        yield "method", parts[2], ["base", *known]
    if first == "verdicts" and last.count(".") == 2:
        yield "judge", last.split(".")[1], [*by_own_name("judges"), *config.judges]
