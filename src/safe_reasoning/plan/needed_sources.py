"""Which sources a configuration needs, and whether all of them are pinned."""

from __future__ import annotations

from safe_reasoning.config import Config, HubModel
from safe_reasoning.judge_audit import human_labels
from safe_reasoning.judging.kinds import judge_kind, judge_sources, settings_of
from safe_reasoning.prompts.prompt_sets import file_of
from safe_reasoning.sources import table


def needed(config: Config) -> list[str]:
    """Ids of config/sources.yaml that the run reads.

    Prompt sets, trace data sets, base models, released weights, judges' texts and weights, human
    labels.
    """
    ids = [file_of(entry.source) for entry in config.prompt_sets.values() if entry.source]
    ids += [method.traces for method in config.methods.values() if method.traces]
    ids += [model.source for model in config.models.values() if isinstance(model, HubModel)]
    ids += [source_id for method in config.methods.values() for source_id in method.weights.values()]
    for name, entry in config.judges.items():
        ids += judge_kind(entry.kind).reads(settings_of("judges", name, entry))
    ids += judge_sources(config)
    if config.evaluate.audit or any(judge_kind(entry.kind).fitted for entry in config.judges.values()):
        ids += human_labels.sources_of(config.data_mirror)
    known = table.table()
    return [source_id for source_id in dict.fromkeys(ids) if source_id in known]


def floating(config: Config) -> list[str]:
    """Those of them whose revision no one has pinned.

    A run that goes by a mirror folder needs no revision: its files are what they are, and are
    hashed.
    """
    if table.mirror_folder(config.data_mirror) is not None:
        return []
    known = table.table()
    return [source_id for source_id in needed(config) if known[source_id].revision == table.FLOATING]


def absent(config: Config) -> list[str]:
    """Files of data sets and texts that the run needs and that its mirror folder lacks.

    None without a mirror.
    """
    folder = table.mirror_folder(config.data_mirror)
    if folder is None:
        return []
    entries = [table.source(source_id) for source_id in needed(config)]
    paths = [folder / str(entry.mirror_file) for entry in entries if entry.kind != "model"]
    return [str(path) for path in paths if not path.is_file()]
