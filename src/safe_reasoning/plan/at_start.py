"""What later jobs need and a start can see: sources, tokens, keys, the sandbox."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import PurePath
from typing import Any

from safe_reasoning.config import Config, GgufModel
from safe_reasoning.core.errors import UserError
from safe_reasoning.judging.kinds import chat_of
from safe_reasoning.plan.needed_sources import absent, absent_gguf, files_judged_by, made
from safe_reasoning.prompts.benchmark import benchmarks, splits
from safe_reasoning.sources import table


@dataclass(frozen=True)
class Found:
    """One line for each reason not to start, and for each thing worth knowing.

    Attributes:
        refusals: reasons.
        remarks: what else is reported.
        out_of_reach: sources (and models of GGUF files) that no host reached gives.
    """

    refusals: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    out_of_reach: list[str] = field(default_factory=list)


def look(config: Config, outputs: Collection[str] | None = None, *, sandboxed_here: bool = True) -> Found:
    """Everything that a job hours from now would stop for.

    Args:
        config: the run's.
        outputs: files in the run's folder that are still to be made; None: all.
        sandboxed_here: whether programs that a model wrote run on this machine and outside an
            image, so that their sandbox can be tried.
    """
    found = sources(config, outputs)
    refusals = [*keys(config, outputs), *found.refusals]
    if sandboxed_here and made(["verdicts/*"], outputs) and _runs_programs(config):
        from safe_reasoning.judging.scorers.sandbox import check_sandbox

        try:
            check_sandbox()
        except UserError as error:
            refusals.append(str(error))
    return replace(found, refusals=refusals)


def to_be_made(jobs: Iterable[Any], folder: str) -> list[str]:
    """Files in a run's folder, relative to it, that Snakemake's jobs write."""
    files = [PurePath(str(file)) for job in jobs for file in job.output]
    return [str(file.relative_to(folder)) for file in files if file.is_relative_to(folder)]


def keys(config: Config, outputs: Collection[str] | None = None) -> list[str]:
    """One line for each endpoint that jobs ask and whose key is not set."""
    return [
        f"endpoints.{name}: {entry.key_variable} is not set: put the key of {entry.model} there"
        for name, entry in config.endpoints.items()
        if (patterns := _asked(name, config))
        and made(patterns, outputs)
        and not os.environ.get(entry.key_variable)
    ]


def _asked(endpoint: str, config: Config) -> list[str]:
    """Patterns of the files in the run's folder whose jobs ask an endpoint."""
    judges = [*config.all_judges, *config.evaluate.audit, config.evaluate.bsa_judge]
    asked = {name for name in judges if name and chat_of(name, config) == endpoint}
    patterns = [pattern for name in sorted(asked) for pattern in files_judged_by(name, config)]
    detectors = [config.detector, *config.evaluate.cue_rates]
    detectors += [method.detector for method in config.methods.values()]
    if any(chat_of(name, config) == endpoint for name in detectors):
        patterns += ["characterize/*", "pairs/*"]
    for name, entry in config.prompt_sets.items():
        if entry.attack and endpoint in config.attacks[entry.attack].chats:
            patterns.append(f"attacks/{name}.parquet")
    return patterns


def _runs_programs(config: Config) -> bool:
    """Whether a prompt set of the evaluation has programs to run."""
    modules = [splits()[entry.source][0] for entry in config.prompt_sets.values() if entry.source in splits()]
    return any(benchmarks()[module].programs for module in modules)


def sources(config: Config, outputs: Collection[str] | None = None) -> Found:
    """Sources that are not at hand, by host: each host is tried once, and all of them are named."""
    known = table.table()
    lacking = [name for name in absent(config, outputs) if known[name].revision != table.FLOATING]
    files = absent_gguf(config, outputs)
    if not (lacking or files):
        return Found()
    from safe_reasoning.sources.at_hand import why_unreachable

    found = Found()
    for host in ("hub", "github", "pypi"):
        ids = [name for name in lacking if known[name].host == host]
        models = [name for name, model in files.items() if host in model.hosts]
        if not (ids or models):
            continue
        called = {"hub": "model hub", "pypi": "package index"}.get(host, host)
        packages = [known[name].repository for name in ids] + [files[name].first_package for name in models]
        reason = why_unreachable(host, packages[0])
        if reason is None:
            names = _in_words(ids, models, files)
            found.remarks.append(f"not on this machine, fetched from the {called}: {names}")
            files = {name: model for name, model in files.items() if name not in models}
            if host == "hub":
                found.refusals.extend(_closed(ids))
            continue
        # What a later host has too is left to that one
        models = [name for name in models if files[name].hosts[-1] == host]
        if not (ids or models):
            continue
        found.out_of_reach.extend([*ids, *models])
        names = _in_words(ids, models, files)
        found.refusals.append(
            f"not on this machine: {names}, and the {called} cannot be reached ({reason}): "
            f"connect, or name a folder that has them in data_mirror or {table.MIRROR_VARIABLE} (make "
            "mirror OUT=folder writes one on a connected machine)"
        )
    return found


def _in_words(ids: list[str], models: list[str], files: Mapping[str, GgufModel]) -> str:
    """Sources and models of GGUF files, for a message."""
    of_models = [f"the {'package' if files[name].package else 'file'} of {name}" for name in models]
    return ", ".join([*ids, *of_models])


def _closed(names: list[str]) -> list[str]:
    """One line for each gated source that is to be fetched without a token."""
    from huggingface_hub import get_token

    from safe_reasoning.sources.hub import how_to_ask

    entries = {} if get_token() else {name: table.source(name) for name in names}
    return [f"{name} is gated: {how_to_ask(entry)}" for name, entry in entries.items() if entry.gated]
