"""First cues and triggers against the turning points of a model's continuation safety ratio.

python scripts/localise_cues.py --config tests/tiny.yaml --model nano \\
    --model-dir results/tiny/models/nano/base --csr results/tiny/characterize/nano/csr.parquet \\
    --rollouts results/tiny/generations/nano/base/rollouts.parquet \\
    --prompts results/tiny/prompts/align_harmful.parquet \\
    --out results/tiny/metrics/nano/cue_localisation.csv
"""

from pathlib import Path

from safe_reasoning.config import load
from safe_reasoning.core.cli import argument_parser, command
from safe_reasoning.core.records import read_rows, write_metrics


@command
def main() -> None:
    parser = argument_parser(__doc__)
    parser.add_argument("--config", required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--model-dir", required=True, type=Path, help="folder of the base model")
    parser.add_argument("--csr", required=True, help="the ratio along traces")
    parser.add_argument("--rollouts", required=True, help="of the base model, with these traces")
    parser.add_argument("--prompts", required=True, nargs="+", help="of the rollouts")
    parser.add_argument("--out", required=True)
    arguments = parser.parse_args()
    config = load(arguments.config)

    from safe_reasoning.characterize.cue_localisation import localisation_rows, turned_traces
    from safe_reasoning.judging.chat_annotator import provenance
    from safe_reasoning.judging.factory import get_detector
    from safe_reasoning.judging.kinds import sharing_a_gpu
    from safe_reasoning.sampling.engine import load_tokenizer

    config = sharing_a_gpu(config, config.detector)
    csr = read_rows(arguments.csr, "csr")
    traced = {row["generation_id"] for row in csr}
    rollouts = read_rows(arguments.rollouts, "generations", generation_id=traced)
    traces = turned_traces(
        csr,
        {row["generation_id"]: row for row in rollouts},
        {row["prompt_id"]: row for path in arguments.prompts for row in read_rows(path, "prompts")},
        load_tokenizer(arguments.model_dir),
        config.characterize,
        exact=config.models[arguments.model].kind == "nano",
    )
    detectors = [get_detector(name, config) for name in dict.fromkeys([config.detector, "lexical"])]
    rows = localisation_rows(traces, detectors, config.evaluate.bootstrap)
    about = {detector.name: provenance(detector) for detector in detectors}
    write_metrics(
        arguments.out,
        [{"model": arguments.model, **row} for row in rows],
        {"bootstrap": config.evaluate.bootstrap, "detectors": about},
    )


if __name__ == "__main__":
    main()
