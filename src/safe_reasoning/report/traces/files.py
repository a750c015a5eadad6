"""Where the rows of the trace reader lie in a run.

The rule that writes the page asks for the same files.
"""

from __future__ import annotations

from pathlib import Path

from safe_reasoning.config import Config
from safe_reasoning.training.recipe import INTERVENED, recipe_of


class Files:
    """The files of one model of a run.

    Args:
        run: the run's folder.
        config: of the run.
        model: of the configuration.
    """

    def __init__(self, run: Path, config: Config, model: str) -> None:
        self._run, self._config, self._model = run, config, model
        characterized = run / "characterize" / model
        self.analysed = config.characterize.analyses
        self.base = run / "models" / model / "base"
        self.csr, self.triggers = characterized / "csr.parquet", characterized / "triggers.json"
        self.interventions = characterized / "interventions.parquet"
        self.turning_points = run / "metrics" / model / "turning_points.csv"
        self.rollouts = self._judged("base/rollouts")

    def _judged(self, part: str) -> tuple[Path, Path]:
        verdicts = f"{part}.{self._config.evaluate.judge}.parquet"
        return (
            self._run / "generations" / self._model / f"{part}.parquet",
            self._run / "verdicts" / self._model / verdicts,
        )

    @property
    def evaluations(self) -> dict[str, tuple[Path, Path]]:
        """Generations and verdicts of each method, the base model's first, with the first seed."""
        seed = self._config.seeds[0]
        return {
            method: self._judged(f"{method}/seed{seed}/evaluation")
            for method in ("base", *self._config.methods_of(self._model))
        }

    @property
    def pairs(self) -> dict[Path, list[str]]:
        """Files of intervened pairs, each with the methods that learn from it."""
        found: dict[Path, list[str]] = {}
        for name in self._config.methods_of(self._model):
            method = self._config.methods[name]
            if INTERVENED in recipe_of(method).inputs.values():
                found.setdefault(
                    self._run / "pairs" / self._model / f"intervened_{method.detector}.parquet", []
                ).append(name)
        return found

    def all(self) -> list[Path]:
        """Every file."""
        judged = [self.rollouts, *self.evaluations.values()]
        analysed = [self.csr, self.triggers, self.interventions, self.turning_points]
        return [
            self.base / "training.json",
            *(analysed if self.analysed else []),
            *(path for both in judged for path in both),
            *self.pairs,
        ]


def prompt_files(run: Path, config: Config) -> list[Path]:
    """The prompts of the run."""
    return [run / "prompts" / f"{name}.parquet" for name in config.prompt_sets]
