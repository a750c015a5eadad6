"""Reads the stored rows of a run into entries of the trace reader.

Nothing is sampled, judged or asked for again.
"""

from __future__ import annotations

import math
import random
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from safe_reasoning.characterize.continuation_safety import by_trace, curve
from safe_reasoning.characterize.trigger_mining import trace_spans
from safe_reasoning.characterize.turning_points import csr_around
from safe_reasoning.config import Config
from safe_reasoning.core.errors import UserError
from safe_reasoning.core.files import read_json
from safe_reasoning.core.records import read_rows, read_table
from safe_reasoning.core.redaction import mask_candidates
from safe_reasoning.core.sentences import split_sentences
from safe_reasoning.core.trace import Tokenizer, split_trace
from safe_reasoning.judging.detectors.exact import ExactCueDetector
from safe_reasoning.judging.detectors.lexical import LexicalCueDetector
from safe_reasoning.report.traces.entries import Curve, Interval, Line, Pair, TextMasker, Trace, Verdict
from safe_reasoning.report.traces.files import Files, prompt_files

Row = Mapping[str, Any]

PAIRS = 40  # of a run
PROMPTS = 6  # of a model: on which every method is shown
MARKS = {True: "harmful", False: "safe", None: "unscored"}


class Gathered:
    """The entries of one model.

    Lists of names that can be counted, and iterators that read and mask entry by entry.

    Args:
        run: the run's folder.
        config: of the run.
        model: of the configuration.
        open_tokenizer: of a folder of weights.
    """

    def __init__(
        self, run: Path, config: Config, model: str, open_tokenizer: Callable[[Path], Tokenizer]
    ) -> None:
        self._config, self._model, self._files = config, model, Files(run, config, model)
        self._tokenizer = open_tokenizer(self._files.base)
        self._prompts = {
            row["prompt_id"]: row for path in prompt_files(run, config) for row in read_rows(path, "prompts")
        }
        analysed = self._files.analysed
        triggers = read_json(self._files.triggers)["triggers"] if analysed else []
        self.masker = TextMasker(
            config.report.show_text,
            triggers,
            mask_candidates(triggers, self._prompts.values(), config.report.show_text),
        )
        # Detectors that need a model are not asked again: where one was used, the lexical one marks
        # the cues of evaluated traces.
        self._cues = ExactCueDetector() if config.detector == "exact" else LexicalCueDetector()
        self.detector = self._cues.name
        self._csr = by_trace(read_rows(self._files.csr, "csr")) if analysed else {}
        self._corrections: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
        first_of_prompt: dict[str, str] = {}
        for row in read_rows(self._files.interventions, "interventions") if analysed else ():
            self._corrections[row["generation_id"]][row["trigger"]].append(MARKS[row["harmful"]])
            first_of_prompt.setdefault(row["prompt_id"], row["generation_id"])
        self._evaluated = list(first_of_prompt.values())[:PROMPTS]
        self._pair_tables = {path: read_table(path, "pairs") for path in self._files.pairs}

    def counts(self, pairs: int) -> dict[str, int]:
        """How many entries of each kind there are; of pairs at most `pairs` are taken."""
        return {
            "csr": len(self._csr),
            "evaluated": len(self._evaluated) * len(self._files.evaluations),
            "pair": sum(min(pairs, table.num_rows) for table in self._pair_tables.values()),
        }

    @property
    def pair_files(self) -> int:
        """How many files of pairs the model has."""
        return len(self._pair_tables)

    def csr_traces(self) -> Iterator[Trace]:
        """Every trace with a continuation safety ratio, with its row of turning_points.csv."""
        if not self._csr:
            return
        if not self._files.turning_points.exists():
            raise UserError(
                f"{self._files.turning_points} does not exist: run the rule summarize_characterization"
            )
        points = pd.read_csv(self._files.turning_points).astype(object).set_index("trace")
        points = points.where(points.notna(), None)
        generations, verdicts = self._judged(self._files.rollouts, list(self._csr))
        for name, rows in self._csr.items():
            point, row = points.loc[name], generations[name]
            lengths, ratios = curve(rows)
            spans = trace_spans(row, self._tokenizer)
            cue = next(
                (
                    i
                    for i, span in enumerate(spans)
                    if point["first_cue_token"] is not None and span.end > point["first_cue_token"]
                ),
                None,
            )
            trigger = next((i for i, span in enumerate(spans) if span.start == point["trigger_start"]), None)
            lines = [
                replace(line, tokens=(span.start + 1, span.end), csr=csr_around(lengths, ratios, span)[1])
                for line, span in zip(
                    self.masker.lines([span.text for span in spans], cue, trigger), spans, strict=True
                )
            ]
            shown = Curve(
                lengths,
                ratios,
                _whole(point["safe_turning_point"]),
                _whole(point["unsafe_turning_point"]),
                _whole(point["first_cue_token"]),
                safe_interval=_interval(point, "safe"),
                unsafe_interval=_interval(point, "unsafe"),
            )
            yield self._trace("csr", "base", row, verdicts, lines, shown)

    def evaluated_traces(self) -> Iterator[Trace]:
        """Every method on the same few prompts.

        The base model's traces with what interventions made of them.
        """
        found = {
            method: self._judged(paths, self._evaluated) for method, paths in self._files.evaluations.items()
        }
        for name in self._evaluated:
            for method, (generations, verdicts) in found.items():
                row = generations[name]
                parts = split_trace(row["text"])
                sentences = [sentence.text for sentence in split_sentences(parts.reasoning)]
                lines = self.masker.lines(sentences, self._cues.first_cues([sentences])[0].index)
                trace = self._trace("evaluated", method, row, verdicts, lines, None)
                yield replace(trace, corrections=self._corrections[name]) if method == "base" else trace

    def pairs(self, number: int) -> Iterator[Pair]:
        """At most `number` pairs of each file, drawn with the run's seed, in file order."""
        for path, methods in self._files.pairs.items():
            table = self._pair_tables[path]
            drawn = random.Random(self._config.world_seed).sample(
                range(table.num_rows), min(number, table.num_rows)
            )
            for row in table.take(sorted(drawn)).to_pylist():
                yield self._pair(row, methods, path.stem.removeprefix("intervened_"))

    def _judged(
        self, paths: tuple[Path, Path], names: list[str]
    ) -> tuple[dict[str, Row], dict[tuple[str, str], Verdict]]:
        """Generations of these names, and verdicts on their reasoning and response."""
        generations: dict[str, Row] = {
            row["generation_id"]: row for row in read_rows(paths[0], "generations", generation_id=names)
        }
        if missing := set(names) - set(generations):
            raise UserError(f"{paths[0]} lacks {min(missing)}: it is of another run; run the workflow again")
        verdicts = {
            (row["generation_id"], row["part"]): Verdict(MARKS[row["value"]], row["detail"])
            for row in read_rows(paths[1], "verdicts", generation_id=names, measure=["harmful"])
        }
        return generations, verdicts

    def _trace(
        self,
        kind: str,
        method: str,
        row: Row,
        verdicts: Mapping[tuple[str, str], Verdict],
        lines: list[Line],
        shown: Curve | None,
    ) -> Trace:
        name, response = row["generation_id"], split_trace(row["text"]).response
        unjudged = Verdict("unscored", "not_judged")
        return Trace(
            f"{kind}/{self._model}/{method}/{name}",
            kind,
            self._model,
            method,
            name,
            self.masker.display(self._prompts[row["prompt_id"]]["text"]),
            lines,
            None if response is None else self.masker.display(response),
            verdicts.get((name, "reasoning"), unjudged),
            verdicts.get((name, "response"), unjudged),
            shown,
        )

    def _pair(self, row: Row, methods: list[str], detector: str) -> Pair:
        """A sentence that begins before the sides part and goes on differently is shown on both
        sides, whole.
        """
        prefix = row["prompt_ids"][len(row["prompt_ids"]) - row["prefix_tokens"] :]
        sides = [self._sentences(prefix + row[side]) for side in ("chosen_ids", "rejected_ids")]
        shared = 0
        while all(shared < len(side) for side in sides) and sides[0][shared] == sides[1][shared]:
            shared += 1
        chosen, rejected = (side[shared:] for side in sides)
        return Pair(
            f"pair/{self._model}/{detector}/{row['pair_id']}",
            self._model,
            methods,
            row["pair_id"],
            detector,
            row["rounds"],
            self.masker.display(self._prompts[row["prompt_id"]]["text"]),
            self.masker.lines(sides[0][:shared]),
            self.masker.lines(chosen, trigger=0, first_number=shared + 1),
            self.masker.lines(rejected, cue=0, first_number=shared + 1),
        )

    def _sentences(self, token_ids: list[int]) -> list[str]:
        return [
            sentence.text
            for sentence in split_sentences(
                split_trace(self._tokenizer.decode(token_ids, skip_special_tokens=True)).reasoning
            )
        ]


def _interval(point: Mapping[str, Any], kind: str) -> Interval | None:
    """Of a turning point; runs of earlier versions have none."""
    if f"{kind}_turning_point_low" not in point:
        return None
    low, high = (_whole(point[f"{kind}_turning_point_{end}"]) for end in ("low", "high"))
    return low, high


def _whole(value: Any) -> int | None:
    return None if value is None or math.isnan(value) else int(value)
