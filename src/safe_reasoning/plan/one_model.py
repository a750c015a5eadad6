"""The configuration of an evaluation of one model, from the configuration of another run: its
prompt sets, judges and decoding, and none of its other stages.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from safe_reasoning.config import Config, FolderModel, NanoModel
from safe_reasoning.config.plan import EVALUATED, Role
from safe_reasoning.core.cli import progress
from safe_reasoning.core.errors import UserError
from safe_reasoning.core.model_folder import check_own
from safe_reasoning.judging.kinds import chat_of
from safe_reasoning.sources import hub, table

KEPT = ("world_seed", "seeds", "arithmetic", "data_mirror", "engine", "resources", "decoding", "report")
# Last parts of a path that name no model, only a point of its training
POINT = re.compile(r"seed\d+|base|final|model|checkpoint[s]?([-_]?\d+)?|\d+")


def found(model: str) -> dict[str, Any]:
    """A model of the user's, as an entry of `models`: a folder, or a repository of the hub, which
    config/sources.yaml knows or whose present commit is fetched.
    """
    if (folder := Path(model).expanduser()).exists() or not re.fullmatch(r"[\w.-]+(/[\w.-]+)?", model):
        check_own("MODEL", folder)
        return {"kind": "folder", "path": str(folder)}
    for source_id, entry in table.table().items():
        if entry.kind == "model" and model in (source_id, entry.repository):
            return {"kind": "hub", "source": source_id}
    if "/" not in model:
        raise UserError(f"MODEL: {model} is neither a folder nor a model of the hub: give owner/name")
    entry = table.Source(
        kind="model", repository=model, revision=table.FLOATING, parameters=1, licence="its own", gated=False
    )
    commit, _ = hub.resolve(model, entry)
    progress(f"{model} at {commit}, its present commit; to pin it, add it to config/sources.yaml")
    folder = hub.download_model(model, entry.model_copy(update={"revision": commit}))
    check_own("MODEL", folder)
    return {"kind": "folder", "path": str(folder)}


def name_of(model: str) -> str:
    """A name for a folder or repository: its last part, with those before it where that is only a
    point of a training.
    """
    parts = [part for part in model.split("/") if part not in ("", ".", "..")]
    taken = parts[-1:]
    while len(taken) < len(parts) and POINT.fullmatch(taken[0]):
        taken.insert(0, parts[-len(taken) - 1])
    return re.sub(r"[^a-z0-9]+", "_", "_".join(taken).lower()).strip("_") or "model"


def evaluation_of(
    config: Config, name: str, model: dict[str, Any], roles: Sequence[Role] = EVALUATED
) -> dict[str, Any]:
    """The raw configuration of the evaluation of a model (an entry of `models`) under that name, on
    the prompt sets with these roles.

    An attack's target that is a model of the other run becomes this model.

    Raises:
        UserError: A judge or an attacker that is a model of the other run.
    """
    whole = config.model_dump(mode="json")
    sets = {key: whole["prompt_sets"][key] for key in config.sets_of(*roles)}
    if (
        any((entry["source"] or "").startswith("nano_") for entry in sets.values())
        and model["kind"] == "folder"
    ):
        worlds = [m.items for m in config.models.values() if isinstance(m, NanoModel | FolderModel)]
        model = {**model, "items": next(filter(None, worlds), None)}
    for judge in config.all_judges:
        _not_of_the_run(f"judges.{judge}.chat", chat_of(judge, config), config)
    attacks = {
        entry["attack"]: dict(whole["attacks"][entry["attack"]]) for entry in sets.values() if entry["attack"]
    }
    for key, attack in attacks.items():
        attack |= {role: name for role in ("target", "template_of") if attack.get(role) in config.models}
        for role in ("attacker", "scorer"):
            _not_of_the_run(f"attacks.{key}.{role}", attack.get(role), config)
    return {
        **{key: whole[key] for key in KEPT if key in whole},
        "run": "_".join([name, "on", config.run, *(roles if len(roles) < len(EVALUATED) else ())]),
        "stages": "evaluation",
        "models": {name: model},
        "endpoints": whole["endpoints"],
        "attacks": attacks,
        "judges": {key: entry for key, entry in whole["judges"].items() if key in config.all_judges},
        "prompt_sets": sets,
        "methods": {},
        "evaluate": {key: whole["evaluate"][key] for key in ("judge", "more_judges", "bootstrap")},
        "plan": whole["plan"],
    }


def _not_of_the_run(key: str, chat: str | None, config: Config) -> None:
    if chat in config.models:
        raise UserError(
            f"{key}: {chat} is a model of {config.run}, which is not evaluated here: name an endpoint, or a "
            "judge with weights of its own"
        )
