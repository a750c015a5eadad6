"""Kinds of judges and cue detectors, found by name, and the configuration checked against them.

A kind is a module of `judges` or `detectors` with a `KIND` (see `base.Kind`) and a function that
opens it. Importing one is cheap: whatever is heavy is imported when it is opened.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Literal

from pydantic import ValidationError

from safe_reasoning.config import Config
from safe_reasoning.config.judges import Annotator
from safe_reasoning.core.errors import UserError, unknown_name
from safe_reasoning.core.validation import problems
from safe_reasoning.judging.base import Kind

FOLDER = Path(__file__).parent
Family = Literal["judges", "detectors"]
FAMILIES: tuple[Family, ...] = ("judges", "detectors")


def names(family: Family) -> list[str]:
    """Names of all kinds of judges or of cue detectors."""
    return sorted(path.stem for path in FOLDER.joinpath(family).glob("*.py") if path.stem != "__init__")


@cache
def judge_kind(kind: str) -> Kind:
    """The declaration of a kind of judge."""
    declared: Kind = importlib.import_module(f"safe_reasoning.judging.judges.{kind}").KIND
    return declared


@cache
def detector_kind(kind: str) -> Kind:
    """The declaration of a kind of cue detector."""
    declared: Kind = importlib.import_module(f"safe_reasoning.judging.detectors.{kind}").KIND
    return declared


def kind_named(family: Family, kind: str) -> Kind:
    """The declaration of a kind of either family."""
    return judge_kind(kind) if family == "judges" else detector_kind(kind)


def by_own_name(family: Family) -> list[str]:
    """Kinds without settings, which are used by their own name and need no entry in the
    configuration.
    """
    return [kind for kind in names(family) if kind_named(family, kind).settings is None]


def reading_detector(config: Config) -> str:
    """A cue detector that reads by rules and asks nobody.

    The one of the analyses where it is such a one, else the lexical one.
    """
    return config.detector if config.detector in by_own_name("detectors") else "lexical"


def kind_of_judge(name: str, config: Config) -> Kind:
    """The kind of the judge of that name."""
    return judge_kind(config.judges[name].kind if name in config.judges else name)


def kind_of_detector(name: str, config: Config) -> Kind:
    """The kind of the cue detector of that name."""
    return detector_kind(config.detectors[name].kind if name in config.detectors else name)


def audited_detectors(config: Config) -> list[str]:
    """The detectors of the cue rates that can be compared with labels of real reasonings."""
    return [name for name in config.evaluate.cue_rates if not kind_of_detector(name, config).nano_only]


def chat_of(name: str, config: Config) -> str | None:
    """The endpoint or model that a judge or detector asks.

    None for one that asks none, or weights of its own.
    """
    return _setting(name, "chat", config)


def weights_of(name: str, config: Config) -> str | None:
    """The id in config/sources.yaml of a judge's own weights; None for one without."""
    return (
        _setting(name, "source", config)
        if name in config.judges and kind_of_judge(name, config).has_weights
        else None
    )


def _setting(name: str, key: str, config: Config) -> str | None:
    """A setting of a judge or detector, None where its kind has no such setting, or no settings at
    all.
    """
    if name in config.judges:
        settings = settings_of("judges", name, config.judges[name])
    elif name in config.detectors:
        settings = settings_of("detectors", name, config.detectors[name])
    else:
        return None
    found: str | None = settings.model_dump().get(key)
    return found


def engines_of(config: Config, *asked: str) -> int:
    """Engines of a job that samples a model and asks these: one, and one for each of them here."""
    chats = {chat for name in asked if (chat := chat_of(name, config)) in config.models}
    return 1 + len(chats | {source for name in asked if (source := weights_of(name, config))})


def sharing_a_gpu(config: Config, *asked: str, copies: int = 0) -> Config:
    """The configuration of a job that samples one model and asks judges or detectors.

    Its engines, and copies of weights that it holds beside them, each take a part of the one GPU.
    """
    engines = engines_of(config, *asked) + copies
    return config.model_copy(update={"engine": config.engine.shared_by(engines)})


def rules_versions(used: Iterable[str], config: Config) -> dict[str, int]:
    """Versions of the rules of those judges and detectors that have one, by name."""
    found = {}
    for name in used:
        entry = config.judges.get(name) or config.detectors.get(name)
        kind = entry.kind if entry else name
        declared = [kind_named(family, kind) for family in FAMILIES if kind in names(family)]
        if version := max((each.rules_version for each in declared), default=0):
            found[name] = version
    return found


def modules_of(used: Iterable[str], config: Config) -> list[str]:
    """Modules of the kinds of those judges and detectors, as dotted names below the package."""
    entries = {**config.judges, **config.detectors}
    kinds = {entries[name].kind if name in entries else name for name in used}
    return [
        f"judging.{family}.{kind}" for family in FAMILIES for kind in sorted(kinds) if kind in names(family)
    ]


def judge_sources(config: Config) -> list[str]:
    """Ids in config/sources.yaml of the weights that only judge."""
    return list(dict.fromkeys(source for name in config.judges if (source := weights_of(name, config))))


def settings_of(family: Family, name: str, entry: Annotator) -> Annotator:
    """The checked settings of an entry, every default filled in; a UserError names the key."""
    if entry.kind not in names(family) or (declared := kind_named(family, entry.kind).settings) is None:
        known = [kind for kind in names(family) if kind not in by_own_name(family)]
        raise UserError(f"{family}.{name}.kind: {unknown_name(entry.kind, known)}")
    try:
        return declared.model_validate(entry.model_dump())
    except ValidationError as error:
        line = problems(error, declared)[0]
        raise UserError(
            f"{family}.{name}.{line}. The keys are in workflow/schemas/config.schema.json"
        ) from None


def resolved(config: Config) -> Config:
    """The configuration with every judge and detector checked and its defaults filled in.

    Raises:
        UserError: An unknown kind, key, name, or a name with two meanings.
    """
    taken = {*by_own_name("judges"), *by_own_name("detectors")} & {*config.judges, *config.detectors}
    if taken := taken or set(config.judges) & set(config.detectors):
        raise UserError(f"judges, detectors: {min(taken)} has another meaning already: take another name")
    judges = {name: settings_of("judges", name, entry) for name, entry in config.judges.items()}
    detectors = {name: settings_of("detectors", name, entry) for name, entry in config.detectors.items()}
    config = config.model_copy(update={"judges": judges, "detectors": detectors})
    chats = [*config.endpoints, *config.models]
    for name in [*judges, *detectors]:
        if chat := chat_of(name, config):
            _known(f"{name}.chat", chat, chats)
            endpoint = config.endpoints.get(chat)
            least = kind_of_judge(name, config).reply_tokens if name in judges else 0
            if endpoint and endpoint.max_tokens < least:
                raise UserError(
                    f"{name}: its reply has several lines: give endpoints.{chat}.max_tokens {least} or more"
                )
    known = [*by_own_name("judges"), *judges]
    _known("evaluate.judge", config.evaluate.judge, known)
    for name in config.evaluate.more_judges:
        _known("evaluate.more_judges", name, known)
    for name in config.evaluate.audit:
        _known(
            "evaluate.audit", name, [judge for judge in known if not kind_of_judge(judge, config).nano_only]
        )
    if config.evaluate.resets and not config.evaluate.more_judges:
        raise UserError(
            "evaluate.resets: its table sets two readings side by side: name a judge of kind displayed in "
            "evaluate.more_judges"
        )
    if config.evaluate.bsa_judge:
        able = [judge for judge in known if "risk_named" in kind_of_judge(judge, config).criteria]
        _known("evaluate.bsa_judge", config.evaluate.bsa_judge, able)
        if not config.bsa_sets:
            raise UserError("evaluate.bsa_judge: no prompt set has source bsa and role safety: add one")
    if config.evaluate.paraphraser:
        _known("evaluate.paraphraser", config.evaluate.paraphraser, list(config.endpoints))
    known = [*by_own_name("detectors"), *detectors]
    _known("characterize.detector", config.detector, known)
    for name, method in config.methods.items():
        _known(f"methods.{name}.detector", method.detector, known)
    markers = [name for name in known if kind_of_detector(name, config).every_cue]
    for name in config.evaluate.cue_rates:
        _known("evaluate.cue_rates", name, markers)
    labelled = "cue_labels" if config.evaluate.cue_labels else "onset_labels"
    if getattr(config.evaluate, labelled) and not audited_detectors(config):
        raise UserError(
            f"evaluate.{labelled}: evaluate.cue_rates names no detector that reads English: name one there"
        )
    return config


def _known(key: str, name: str, known: list[str]) -> None:
    if name not in known:
        raise UserError(f"{key}: {unknown_name(name, known)}")


def schema() -> str:
    """The JSON schema of the configuration as text, with the settings of every kind."""
    whole = Config.model_json_schema()
    for family in ("judges", "detectors"):
        whole["properties"][family]["additionalProperties"] = {
            "anyOf": [_settings_schema(family, kind) for kind in names(family)]
        }
    whole["$defs"].pop("Annotator", None)
    return json.dumps(whole, indent=1, sort_keys=True) + "\n"


def _settings_schema(family: Family, kind: str) -> Mapping[str, Any]:
    declared = kind_named(family, kind).settings
    if not declared:
        return {"const": None, "description": f"{kind} has no settings"}
    shown = declared.model_json_schema()
    shown["properties"]["kind"]["description"] = f"module of safe_reasoning.judging.{family}"
    return shown
