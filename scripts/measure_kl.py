"""Token-wise KL of every aligned model from its base, over the base's harmful traces.

python scripts/measure_kl.py --config config/demo.yaml --model nano \\
    --base results/demo/models/nano/base \\
    --trained results/demo/models/nano/ipo/seed0/training.json \\
        --generations results/demo/generations/nano/base/seed0/evaluation.parquet \\
    --verdicts results/demo/verdicts/nano/base/seed0/evaluation.exact.parquet \\
        --out results/demo/metrics/nano/kl.csv
"""

from pathlib import Path

from safe_reasoning.config import load
from safe_reasoning.core.cli import argument_parser, command, progress
from safe_reasoning.core.errors import UserError
from safe_reasoning.core.records import read_rows, write_metrics
from safe_reasoning.core.run_layout import variant_of


@command
def main() -> None:
    parser = argument_parser(__doc__)
    parser.add_argument("--config", required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--base", required=True, type=Path)
    parser.add_argument(
        "--trained",
        required=True,
        nargs="+",
        type=Path,
        help="training.json files in the folders of the aligned models",
    )
    parser.add_argument("--generations", required=True, help="the base model's evaluation generations")
    parser.add_argument("--verdicts", required=True)
    parser.add_argument("--out", required=True)
    arguments = parser.parse_args()
    config = load(arguments.config)
    settings = config.evaluate

    from safe_reasoning.core.devices import free_memory
    from safe_reasoning.core.products import use_threads
    from safe_reasoning.evaluation import kl
    from safe_reasoning.sampling.engine import load_tokenizer

    use_threads(config.engine.threads)
    generations, verdicts = (
        read_rows(arguments.generations, "generations"),
        read_rows(arguments.verdicts, "verdicts"),
    )
    traces = kl.harmful_reasonings(
        generations, verdicts, load_tokenizer(arguments.base), settings.kl_traces, config.world_seed
    )
    if not traces:
        raise UserError(
            f"{arguments.verdicts} holds no harmful reasoning: the KL curve needs harmful traces of the "
            "base model"
        )
    base, states = kl.load_weights(arguments.base, settings.kl_dtype), None
    if settings.kl_one_by_one:
        states = kl.StatesOfBase(base, traces, settings.kl_tokens)
        base = None
        free_memory()
    rows = []
    for marker in arguments.trained:
        variant = variant_of(marker)
        progress(f"{arguments.model} {variant.method}: KL over {len(traces)} traces")
        aligned = kl.load_weights(marker.parent, settings.kl_dtype)
        by_token = (
            states.kl_from(aligned)
            if states
            else [kl.kl_by_token(aligned, base, *trace, settings.kl_tokens) for trace in traces]
        )
        curve = kl.kl_curve(by_token, settings.bootstrap)
        del aligned  # before the next one is loaded: a GPU holds two models, not three
        rows += [{"model": arguments.model, **variant._asdict(), **row} for row in curve]
    write_metrics(arguments.out, rows, {"traces": len(traces), "tokens": settings.kl_tokens})


if __name__ == "__main__":
    main()
