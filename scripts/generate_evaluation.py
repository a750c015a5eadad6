"""Sample one model, aligned or not, on every evaluation set.

One engine start, all benchmarks in it.

python scripts/generate_evaluation.py --config config/demo.yaml \\
    --model-dir results/demo/models/nano/ipo/seed0 --seed 0 --label "nano ipo" \\
    --prompts results/demo/prompts/*.parquet \\
        --shards results/demo/generations/nano/ipo/seed0/shards \\
        --out results/demo/generations/nano/ipo/seed0/evaluation.parquet
"""

from pathlib import Path

from safe_reasoning.config import load
from safe_reasoning.core.cli import argument_parser, command
from safe_reasoning.core.records import read_rows


@command
def main() -> None:
    parser = argument_parser(__doc__)
    parser.add_argument("--config", required=True)
    parser.add_argument("--model-dir", required=True, type=Path)
    parser.add_argument("--prompts", required=True, nargs="+")
    parser.add_argument("--seed", required=True, type=int)
    parser.add_argument("--label", default="evaluation", help="name on the progress lines")
    parser.add_argument(
        "--shards", required=True, type=Path, help="folder of finished shards; a killed job goes on from them"
    )
    parser.add_argument("--out", required=True, type=Path)
    parser.add_argument(
        "--checkpoints", type=Path, help="file for the generations of the weights kept along the training"
    )
    parser.add_argument("--beginnings", type=Path, help="beginnings of harmful reasonings to continue")
    parser.add_argument("--recovery", type=Path, help="file for what the end adds to them")
    parser.add_argument("--exchanged", type=Path, help="reasonings of the base to answer behind")
    parser.add_argument("--reliance", type=Path, help="file for the end's responses behind them and its own")
    arguments = parser.parse_args()
    if (arguments.exchanged is None) != (arguments.reliance is None):
        parser.error("--exchanged and --reliance belong together: give both or neither")
    if (arguments.beginnings is None) != (arguments.recovery is None):
        parser.error("--beginnings and --recovery belong together: give both or neither")
    config = load(arguments.config)
    from safe_reasoning.sampling.prompt_sets import SamplesOfModel

    model = SamplesOfModel(config, arguments.model_dir, arguments.shards, arguments.label, arguments.seed)
    prompts = [row for path in arguments.prompts for row in read_rows(path, "prompts")]
    samples = {name: settings.samples for name, settings in config.prompt_sets.items()}
    requests = model.requests(prompts, samples)
    model.sample(requests, arguments.out)
    if arguments.recovery:
        model.sample_recovery(read_rows(arguments.beginnings, "beginnings"), arguments.recovery)
    if arguments.reliance:
        from safe_reasoning.judging.paraphrase import arms_of

        exchanged, own = read_rows(arguments.exchanged, "beginnings"), read_rows(arguments.out, "generations")
        model.sample_behind(arms_of(config, prompts, exchanged, own, model.tokenizer), arguments.reliance)
    if arguments.checkpoints:
        model.sample_kept(requests, arguments.checkpoints)


if __name__ == "__main__":
    main()
