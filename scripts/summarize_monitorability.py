"""What monitors that read the reasoning alone learn of the response, of every method.

python scripts/summarize_monitorability.py --config config/compare.yaml --model nano \\
    --prompts results/compare/prompts/*.parquet \\
    --rollouts results/compare/generations/nano/base/rollouts.parquet \\
    --rollout-verdicts results/compare/verdicts/nano/base/rollouts.exact.parquet \\
    --generations results/compare/generations/nano/*/seed0/evaluation.parquet \\
    --verdicts results/compare/verdicts/nano/*/seed0/evaluation.exact.parquet \\
        --out results/compare/metrics/nano/monitorability.csv
"""

from collections.abc import Sequence

from safe_reasoning.config import load
from safe_reasoning.core.cli import argument_parser, command
from safe_reasoning.core.records import StoredRows, read_rows, write_metrics
from safe_reasoning.core.run_layout import Variant, variant_of
from safe_reasoning.evaluation.monitorability import monitorability_rows
from safe_reasoning.evaluation.monitors import COLUMNS_OF_TEXT, COLUMNS_OF_VERDICTS, Detect, Stored
from safe_reasoning.judging.base import CueDetector
from safe_reasoning.judging.factory import get_detector
from safe_reasoning.judging.kinds import reading_detector


def stored(generations: str, verdicts: str) -> Stored:
    """A file of generations and that of its verdicts."""
    return Stored(
        StoredRows(generations, "generations", COLUMNS_OF_TEXT),
        StoredRows(verdicts, "verdicts", COLUMNS_OF_VERDICTS),
    )


def by_variant(generations: Sequence[str], verdicts: Sequence[str]) -> dict[Variant, Stored]:
    """Files of generations with those of their verdicts, by method and seed."""
    judged = {variant_of(path): path for path in verdicts}
    return {variant_of(path): stored(path, judged[variant_of(path)]) for path in generations}


def cues_by(detector: CueDetector) -> Detect:
    """Whether reasonings hold a cue, by a detector."""

    def detect(reasonings: Sequence[Sequence[str]]) -> list[bool | None]:
        found = detector.first_cues(reasonings)
        return [None if cue.undetermined else cue.index is not None for cue in found]

    return detect


@command
def main() -> None:
    parser = argument_parser(__doc__)
    parser.add_argument("--config", required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--prompts", required=True, nargs="+")
    parser.add_argument("--rollouts", required=True, help="of the base on alignment prompts")
    parser.add_argument("--rollout-verdicts", required=True)
    parser.add_argument("--generations", required=True, nargs="+")
    parser.add_argument("--verdicts", required=True, nargs="+")
    parser.add_argument("--recovery", nargs="*", default=[], help="continuations of harmful beginnings")
    parser.add_argument("--recovery-verdicts", nargs="*", default=[])
    parser.add_argument("--out", required=True)
    arguments = parser.parse_args()
    config = load(arguments.config)
    detector = reading_detector(config)
    rows = monitorability_rows(
        by_variant(arguments.generations, arguments.verdicts),
        by_variant(arguments.recovery, arguments.recovery_verdicts),
        stored(arguments.rollouts, arguments.rollout_verdicts),
        {row["prompt_id"]: row for path in arguments.prompts for row in read_rows(path, "prompts")},
        config.benchmarks,
        cues_by(get_detector(detector, config)),
        config.evaluate.bootstrap,
    )
    write_metrics(
        arguments.out,
        [{"model": arguments.model, **row, "detector": detector} for row in rows],
        {"judge": config.evaluate.judge, "bootstrap": config.evaluate.bootstrap},
    )


if __name__ == "__main__":
    main()
