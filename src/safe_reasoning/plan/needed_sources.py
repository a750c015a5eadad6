"""Which sources a configuration needs, and which of them are pinned and at hand."""

from __future__ import annotations

import fnmatch
from collections.abc import Collection, Iterable, Iterator

from safe_reasoning.config import Config, GgufModel, HubModel
from safe_reasoning.judge_audit import human_labels, onset_labels
from safe_reasoning.judging.kinds import judge_kind, judge_sources, settings_of
from safe_reasoning.prompts.prompt_sets import file_of
from safe_reasoning.sources import table


def needed(config: Config) -> list[str]:
    """Ids of config/sources.yaml that the run reads.

    Prompt sets, trace data sets, base models, released weights, judges' texts and weights, human
    labels.
    """
    known = table.table()
    return [source_id for source_id in dict.fromkeys(name for name, _ in _read(config)) if source_id in known]


def _read(config: Config) -> Iterator[tuple[str, list[str]]]:
    """Each id, with patterns of the files in the run's folder whose jobs read it."""
    labels = ["audit/*", "metrics/judge_audit.csv", "judges/*"]
    for name, entry in config.prompt_sets.items():
        if entry.source:
            yield file_of(entry.source), [f"prompts/{name}.parquet", f"attacks/{name}.parquet"]
    for name, method in config.methods.items():
        if method.traces:
            yield method.traces, [f"pairs/*/traces_{method.traces}.parquet", "metrics/contamination.csv"]
        for model, source_id in method.weights.items():
            yield source_id, [f"models/{model}/{name}/*"]
    for name, model_entry in config.models.items():
        if isinstance(model_entry, HubModel):
            yield model_entry.source, [f"models/{name}/base/*"]
    for name, judge in config.judges.items():
        for text in judge_kind(judge.kind).reads(settings_of("judges", name, judge)):
            yield text, files_judged_by(name, config)
    for source_id in judge_sources(config):
        yield source_id, [f"judge_models/{source_id}/*"]
    if config.evaluate.audit or any(judge_kind(entry.kind).fitted for entry in config.judges.values()):
        yield from ((source_id, labels) for source_id in human_labels.sources_of(config.data_mirror))
    if config.evaluate.onset_labels:
        yield from ((source_id, ["metrics/onset_audit.csv"]) for source_id in onset_labels.SOURCES)


def files_judged_by(name: str, config: Config) -> list[str]:
    """Patterns of the files in the run's folder whose jobs ask a judge."""
    whole_run = ["characterize/*", "pairs/*", "models/*"] if name == config.evaluate.judge else []
    return [f"verdicts/*.{name}.parquet", f"audit/{name}.csv", *whole_run]


def made(patterns: Iterable[str], outputs: Collection[str] | None) -> bool:
    """Whether a file of the patterns is among the outputs; None: all files are."""
    return outputs is None or any(fnmatch.filter(outputs, pattern) for pattern in patterns)


def _still_read(config: Config, outputs: Collection[str] | None) -> list[str]:
    """Those that jobs read which make the outputs."""
    read = {source_id for source_id, patterns in _read(config) if made(patterns, outputs)}
    return [name for name in needed(config) if name in read]


def floating(config: Config, outputs: Collection[str] | None = None) -> list[str]:
    """Those that jobs read and whose revision no one has pinned (arguments as of `absent`).

    What a mirror folder holds needs no revision: its files are what they are, and are hashed.
    """
    known = table.table()
    return [
        source_id
        for source_id in _still_read(config, outputs)
        if known[source_id].revision == table.FLOATING
        and table.in_mirror(source_id, config.data_mirror) is None
    ]


def absent(config: Config, outputs: Collection[str] | None = None) -> list[str]:
    """Those that jobs read and that are neither in the mirror nor in a cache.

    Args:
        config: the run's.
        outputs: files in the run's folder that are still to be made; None: all.
    """
    from safe_reasoning.sources.at_hand import at_hand

    return [name for name in _still_read(config, outputs) if not at_hand(name, config.data_mirror)]


def absent_gguf(config: Config, outputs: Collection[str] | None = None) -> dict[str, GgufModel]:
    """Models that are to be converted and whose package or GGUF file is not on this machine (as
    `absent`).
    """
    from safe_reasoning.models.gguf_file import at_hand

    return {
        name: model
        for name, model in config.models.items()
        if isinstance(model, GgufModel)
        and made([f"models/{name}/converted/*"], outputs)
        and at_hand(model, config.data_mirror) is None
    }
