"""Entropy along reasonings, reflections on safety and unsafe exploration, of base and methods.

python scripts/measure_reflection.py --config config/compare.yaml --model nano \\
    --base results/compare/models/nano/base \\
    --base-generations results/compare/generations/nano/base/seed0/evaluation.parquet \\
    --generations results/compare/generations/nano/ipo/seed0/evaluation.parquet \\
    --trained results/compare/models/nano/ipo/seed0/training.json \\
    --out results/compare/metrics/nano/reflection.csv
"""

from pathlib import Path

from safe_reasoning.config import load
from safe_reasoning.core.cli import argument_parser, command, progress
from safe_reasoning.core.records import read_rows, write_metrics
from safe_reasoning.core.run_layout import variant_of


@command
def main() -> None:
    parser = argument_parser(__doc__)
    parser.add_argument("--config", required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--base", required=True, type=Path, help="folder of the base model")
    parser.add_argument("--base-generations", required=True, help="the base's evaluation generations")
    parser.add_argument("--generations", required=True, nargs="+", help="those of the methods")
    parser.add_argument("--trained", required=True, nargs="+", type=Path, help="their training.json")
    parser.add_argument("--out", required=True)
    arguments = parser.parse_args()
    config = load(arguments.config)

    from safe_reasoning.characterize import reflection
    from safe_reasoning.core.products import use_threads
    from safe_reasoning.evaluation import entropy, kl
    from safe_reasoning.judging.awareness import speaks_of_safety
    from safe_reasoning.judging.factory import get_detector
    from safe_reasoning.sampling.engine import load_tokenizer

    use_threads(config.engine.threads)
    tokenizer, detector = load_tokenizer(arguments.base), get_detector(config.detector, config)
    aware = speaks_of_safety(config.evaluate.judge)
    roles = {name: entry.role for name, entry in config.prompt_sets.items()}
    traces = config.evaluate.reflection_traces

    def reasonings(path: str) -> dict[str, list[reflection.Reasoning]]:
        """The drawn reasonings in a file of generations."""
        return reflection.drawn_reasonings(
            read_rows(path, "generations"), roles, tokenizer, traces, config.world_seed
        )

    of_base = reasonings(arguments.base_generations)
    base = kl.load_weights(arguments.base)
    before = {
        kind: [entropy.reasoning_entropies(base, one.prompt_ids, one.ids) for one in read]
        for kind, read in of_base.items()
    }
    rows = []
    variants = [
        (arguments.base_generations, arguments.base),
        *zip(arguments.generations, [marker.parent for marker in arguments.trained], strict=True),
    ]
    for path, folder in variants:
        variant = variant_of(path)
        progress(f"{arguments.model} {variant.method}: entropy and reflections")
        model = base if folder == arguments.base else kl.load_weights(folder)
        for kind, read in reasonings(path).items():
            common = {"model": arguments.model, **variant._asdict(), "kind": kind, "traces": len(read)}
            found = {
                "reflections_per_100_tokens": [reflection.reflections_per_100_tokens(read, aware)],
                "exploring_share": [reflection.exploring_share(read, detector)],
                "entropy": entropy.mean_by_tenth(
                    [entropy.reasoning_entropies(model, one.prompt_ids, one.ids) for one in read]
                ),
                "entropy_change": entropy.mean_by_tenth(
                    [
                        entropy.reasoning_entropies(model, one.prompt_ids, one.ids) - was
                        for one, was in zip(of_base.get(kind, []), before.get(kind, []), strict=True)
                    ]
                ),
            }
            rows += [
                {**common, "measure": measure, "position": position, "value": value}
                for measure, values in found.items()
                for position, value in enumerate(values)
            ]
        del model
    write_metrics(arguments.out, rows, {"traces": traces, "judge": config.evaluate.judge})


if __name__ == "__main__":
    main()
