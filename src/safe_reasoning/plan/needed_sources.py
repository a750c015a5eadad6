"""Which sources a configuration needs, and whether all of them are pinned."""

from __future__ import annotations

from safe_reasoning.config import Config, HubModel
from safe_reasoning.config.judges import EmbeddingJudge, HarmBenchJudge, Judge, PhraseJudge, StrongRejectJudge, WildGuardJudge, XSTestJudge
from safe_reasoning.judge_audit import human_labels
from safe_reasoning.sources import table

# Prompt sources whose file has another id in config/sources.yaml.
FILE_OF = {"xstest_safe": "xstest", "star1_harmful": "star1", "harmbench_contextual": "harmbench"}


def texts_of(judge: Judge) -> list[str]:
    """Ids of the official words that a judge is asked with or looks for; none for our own words and for chat templates, which come with the weights."""
    match judge:
        case HarmBenchJudge():
            return ["harmbench_card_prompts" if judge.prompt == "model_card" else "harmbench_prompts"]
        case WildGuardJudge():
            return ["wildguard_prompt"]
        case StrongRejectJudge():
            return ["strongreject_rubric_system", "strongreject_rubric_user"]
        case XSTestJudge():
            return ["xstest_classes"]
        case PhraseJudge():
            return [judge.source]
    return []


def needed(config: Config) -> list[str]:
    """Ids of config/sources.yaml that the run reads: prompt sets, trace data sets, base models, released weights, judges' words, phrases and weights, human labels."""
    ids = [FILE_OF.get(entry.source, entry.source) for entry in config.prompt_sets.values()]
    ids += [method.traces for method in config.methods.values() if method.traces]
    ids += [model.source for model in config.models.values() if isinstance(model, HubModel)]
    ids += [source_id for method in config.methods.values() for source_id in method.weights.values()]
    ids += [source_id for judge in config.judges.values() for source_id in texts_of(judge)]
    ids += config.judge_sources
    if config.evaluate.audit or any(isinstance(judge, EmbeddingJudge) for judge in config.judges.values()):
        ids += human_labels.sources_of(config.data_mirror)
    known = table.table()
    return [source_id for source_id in dict.fromkeys(ids) if source_id in known]


def floating(config: Config) -> list[str]:
    """Those of them whose revision nobody has pinned. A run that goes by a mirror folder needs no revision: its files are what they are, and are hashed."""
    if table.mirror_folder(config.data_mirror) is not None:
        return []
    known = table.table()
    return [source_id for source_id in needed(config) if known[source_id].revision == table.FLOATING]


def absent(config: Config) -> list[str]:
    """Files of data sets and texts that the run needs and that its mirror folder lacks; none without a mirror."""
    folder = table.mirror_folder(config.data_mirror)
    if folder is None:
        return []
    entries = [table.source(source_id) for source_id in needed(config)]
    paths = [folder / str(entry.mirror_file) for entry in entries if entry.kind != "model"]
    return [str(path) for path in paths if not path.is_file()]
