"""Replace compliance cues of held-out harmful traces by each trigger, 0 to 5 times, with a neutral
sentence and with nothing as controls.

python scripts/correct_interventions.py --config config/demo.yaml --detector exact \\
    --model-dir results/demo/models/nano/base \\
    --generations results/demo/generations/nano/base/seed0/evaluation.parquet \\
        --verdicts results/demo/verdicts/nano/base/seed0/evaluation.exact.parquet \\
    --triggers results/demo/characterize/nano/triggers.json \\
        --prompts results/demo/prompts/direct.parquet results/demo/prompts/jailbreak.parquet \\
    --shards results/demo/characterize/nano/intervention_shards \\
        --out results/demo/characterize/nano/interventions.parquet
"""

from pathlib import Path

from safe_reasoning.config import load
from safe_reasoning.core.cli import argument_parser, command, progress
from safe_reasoning.core.files import read_json
from safe_reasoning.core.records import read_rows, write_rows
from safe_reasoning.judging.chat_annotator import provenance
from safe_reasoning.judging.factory import get_detector, get_judge
from safe_reasoning.judging.kinds import sharing_a_gpu


@command
def main() -> None:
    parser = argument_parser(__doc__)
    parser.add_argument("--config", required=True)
    parser.add_argument("--detector", required=True)
    parser.add_argument("--model-dir", required=True, type=Path, help="folder of the base model")
    parser.add_argument(
        "--generations",
        required=True,
        help="evaluation generations of the base model",
    )
    parser.add_argument("--verdicts", required=True, help="verdicts on the rollouts")
    parser.add_argument("--triggers", required=True)
    parser.add_argument("--prompts", required=True, nargs="+")
    parser.add_argument(
        "--shards", required=True, type=Path, help="folder of finished shards; a killed job goes on from them"
    )
    parser.add_argument("--out", required=True, type=Path)
    arguments = parser.parse_args()
    config = load(arguments.config)
    config = sharing_a_gpu(config, arguments.detector, config.evaluate.judge)
    settings = config.characterize
    from safe_reasoning.characterize.continuation_safety import reasoning_harmful
    from safe_reasoning.characterize.intervention_curve import choose_traces, run_conditions
    from safe_reasoning.sampling.engine import load_tokenizer
    from safe_reasoning.sampling.sampler import Sampler

    prompts = {row["prompt_id"]: row for path in arguments.prompts for row in read_rows(path, "prompts")}
    harmful = reasoning_harmful(read_rows(arguments.verdicts, "verdicts"))
    generations = [
        row for row in read_rows(arguments.generations, "generations") if row["prompt_id"] in prompts
    ]
    triggers = read_json(arguments.triggers)
    tokenizer = load_tokenizer(arguments.model_dir)
    detector, judge = get_detector(arguments.detector, config), get_judge(config.evaluate.judge, config)
    traces = choose_traces(
        generations,
        harmful,
        prompts,
        triggers["used_requests"],
        tokenizer,
        detector,
        settings.intervention_traces,
        config.world_seed,
    )
    progress(f"interventions: {len(traces.rows)} harmful traces with a cue, of {traces.read} read")
    sampler = Sampler(config, arguments.model_dir, arguments.shards, stop_at_think_end=True)
    texts = {row["label"]: row["text"] for row in triggers["triggers"]}
    rows = run_conditions(
        traces.rows,
        texts,
        triggers["neutral"],
        sampler,
        tokenizer,
        detector,
        judge,
        prompts,
        settings.intervention_rounds,
    )
    write_rows(
        arguments.out,
        "interventions",
        rows,
        {
            "detector": detector.name,
            "detector_provenance": provenance(detector),
            "judge": judge.name,
            "traces_read": traces.read,
            "without_cue": traces.without_cue,
            **sampler.cost(),
        },
    )


if __name__ == "__main__":
    main()
