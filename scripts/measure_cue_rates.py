"""How often reasonings on harmful prompts hold compliance cues, by method and cue detector.

python scripts/measure_cue_rates.py --config tests/tiny.yaml --model nano \\
    --generations results/tiny/generations/nano/ipo/seed0/evaluation.parquet \\
    --verdicts results/tiny/verdicts/nano/ipo/seed0/evaluation.exact.parquet \\
    --out results/tiny/metrics/nano/cue_rates.csv
"""

from safe_reasoning.config import load
from safe_reasoning.core.cli import argument_parser, command, progress
from safe_reasoning.core.records import read_rows, write_metrics
from safe_reasoning.core.run_layout import variant_of


@command
def main() -> None:
    parser = argument_parser(__doc__)
    parser.add_argument("--config", required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--generations", required=True, nargs="+", help="of evaluation, base and methods")
    parser.add_argument("--verdicts", required=True, nargs="+", help="on them, in the same order")
    parser.add_argument("--out", required=True)
    arguments = parser.parse_args()
    config = load(arguments.config)

    from safe_reasoning.characterize.marked_cues import cue_rate_rows, response_verdicts
    from safe_reasoning.judging.chat_annotator import provenance
    from safe_reasoning.judging.factory import get_marker
    from safe_reasoning.judging.kinds import sharing_a_gpu

    config = sharing_a_gpu(config, *config.evaluate.cue_rates)
    sets, rows, about = config.sets_of("safety"), [], {}
    for name in config.evaluate.cue_rates:
        detector = get_marker(name, config)
        for path, judged in zip(arguments.generations, arguments.verdicts, strict=True):
            variant = variant_of(path)
            progress(f"{arguments.model} {variant.method}: cues by {name}")
            found = cue_rate_rows(
                read_rows(path, "generations", prompt_set=sets),
                response_verdicts(read_rows(judged, "verdicts", prompt_set=sets)),
                detector,
                config.evaluate.bootstrap,
            )
            rows += [{"model": arguments.model, **variant._asdict(), **row} for row in found]
        about[name] = provenance(detector)
    write_metrics(arguments.out, rows, {"judge": config.evaluate.judge, "detectors": about})


if __name__ == "__main__":
    main()
