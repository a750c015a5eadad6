"""Estimate the continuation safety ratio after every token of one safe and one harmful trace of
each prompt of uncertain safety.

python scripts/estimate_csr.py --config config/demo.yaml \\
    --model-dir results/demo/models/nano/base \\
    --rollouts results/demo/generations/nano/base/rollouts.parquet \\
        --verdicts results/demo/verdicts/nano/base/rollouts.exact.parquet \\
    --prompts results/demo/prompts/align_harmful.parquet \\
        --shards results/demo/characterize/nano/csr_shards \\
        --continuations results/demo/characterize/nano/csr_continuations.parquet \\
        --out results/demo/characterize/nano/csr.parquet
"""

from pathlib import Path

from safe_reasoning.config import load
from safe_reasoning.core.cli import argument_parser, command, progress
from safe_reasoning.core.records import read_rows, write_rows
from safe_reasoning.judging.factory import get_judge
from safe_reasoning.judging.kinds import sharing_a_gpu


@command
def main() -> None:
    parser = argument_parser(__doc__)
    parser.add_argument("--config", required=True)
    parser.add_argument("--model-dir", required=True, type=Path, help="folder of the base model")
    parser.add_argument("--rollouts", required=True, help="rollouts of the base model")
    parser.add_argument("--verdicts", required=True, help="verdicts on the rollouts")
    parser.add_argument("--prompts", required=True, nargs="+")
    parser.add_argument(
        "--shards", required=True, type=Path, help="folder of finished shards; a killed job goes on from them"
    )
    parser.add_argument(
        "--continuations", required=True, type=Path, help="file of the continuations one by one"
    )
    parser.add_argument("--out", required=True, type=Path)
    arguments = parser.parse_args()
    config = load(arguments.config)
    config = sharing_a_gpu(config, config.evaluate.judge)
    settings = config.characterize
    from safe_reasoning.characterize.continuation_safety import (
        choose_traces,
        prefix_lengths,
        reasoning_harmful,
    )
    from safe_reasoning.characterize.csr_estimate import draw_ahead, estimate
    from safe_reasoning.sampling.ends import ends_of
    from safe_reasoning.sampling.engine import load_tokenizer
    from safe_reasoning.sampling.factory import open_reader
    from safe_reasoning.sampling.sampler import Sampler

    prompts = {row["prompt_id"]: row for path in arguments.prompts for row in read_rows(path, "prompts")}
    harmful = reasoning_harmful(read_rows(arguments.verdicts, "verdicts"))
    generations = [row for row in read_rows(arguments.rollouts, "generations") if row["prompt_id"] in prompts]
    traces = choose_traces(generations, harmful, settings.csr_prompts, config.world_seed)
    tokenizer = load_tokenizer(arguments.model_dir)
    sampler = Sampler(config, arguments.model_dir, arguments.shards, stop_at_think_end=True)
    lengths = [prefix_lengths(trace, tokenizer, settings.csr_stride) for trace in traces]
    prefixes = sum(map(len, lengths))
    progress(
        f"csr: {prefixes} prefixes of {len(traces)} traces, {settings.csr_continuations} continuations each"
    )
    drawn = None
    if settings.csr_reuse:
        # Before judge and engine are opened: a GPU need not hold the model twice
        drawn = draw_ahead(config, traces, lengths, sampler, lambda: open_reader(arguments.model_dir, config))
    judge, ends = get_judge(config.evaluate.judge, config), ends_of(arguments.model_dir, tokenizer)
    found = estimate(config, traces, lengths, drawn, sampler, ends, judge, prompts)
    progress(f"csr: {found.generations} continuations sampled, {found.carried} more counts carried over")
    meta = {"settings": settings.model_dump(), "judge": judge.name, **sampler.cost(), **found.cost()}
    write_rows(arguments.continuations, "csr_continuations", found.continuations, {"judge": judge.name})
    write_rows(arguments.out, "csr", found.rows, meta)


if __name__ == "__main__":
    main()
