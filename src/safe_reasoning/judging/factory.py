"""The configured judge or cue detector, opened by name."""

from __future__ import annotations

import importlib
from typing import cast

from safe_reasoning.config import Config
from safe_reasoning.core.errors import UserError, unknown_name
from safe_reasoning.judging.base import CueDetector, CueMarker, Judge
from safe_reasoning.judging.kinds import by_own_name, settings_of


def get_judge(name: str, config: Config) -> Judge:
    """The judge of that name: a kind without settings, or an entry of the configuration's `judges`.

    Raises:
        UserError: An unknown name, or texts, weights or coefficients that are not there.
    """
    if name not in config.judges and name not in by_own_name("judges"):
        raise UserError(f"judge {unknown_name(name, [*by_own_name('judges'), *config.judges])}")
    entry = config.judges.get(name)
    kind, settings = (entry.kind, settings_of("judges", name, entry)) if entry else (name, None)
    judge: Judge = importlib.import_module(f"safe_reasoning.judging.judges.{kind}").open_judge(
        name, settings, config
    )
    return judge


def get_detector(name: str, config: Config) -> CueDetector:
    """The cue detector of that name.

    A kind without settings, or an entry of the configuration's `detectors`.
    """
    if name not in config.detectors and name not in by_own_name("detectors"):
        known = [*by_own_name("detectors"), *config.detectors]
        raise UserError(f"cue detector {unknown_name(name, known)}")
    entry = config.detectors.get(name)
    kind, settings = (entry.kind, settings_of("detectors", name, entry)) if entry else (name, None)
    detector: CueDetector = importlib.import_module(f"safe_reasoning.judging.detectors.{kind}").open_detector(
        name, settings, config
    )
    return detector


def get_marker(name: str, config: Config) -> CueMarker:
    """The cue detector of that name, which must mark every cue.

    Raises:
        UserError: As `get_detector`, or one that finds the first cue alone.
    """
    detector = get_detector(name, config)
    if not hasattr(detector, "every_cue"):
        raise UserError(f"cue detector {name} finds the first cue alone: name one that marks every cue")
    return cast("CueMarker", detector)
