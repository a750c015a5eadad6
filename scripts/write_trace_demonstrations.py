"""Write a published set of safe reasoning traces as demonstrations.

What the sft_traces recipe learns from.

python scripts/write_trace_demonstrations.py --config my.yaml --traces star1 \\
    --model-dir results/my/models/ds_llama_8b/base \\
    --out results/my/pairs/ds_llama_8b/traces_star1.parquet
"""

from pathlib import Path

from safe_reasoning.config import load
from safe_reasoning.core.cli import argument_parser, command, progress
from safe_reasoning.core.records import write_rows


@command
def main() -> None:
    parser = argument_parser(__doc__)
    parser.add_argument("--config", required=True)
    parser.add_argument("--traces", required=True, help="benchmark with safe traces, such as star1")
    parser.add_argument(
        "--model-dir", required=True, type=Path, help="whose tokenizer and chat template to use"
    )
    parser.add_argument("--out", required=True)
    arguments = parser.parse_args()
    config = load(arguments.config)
    from safe_reasoning.pairs.teacher_traces import trace_demonstrations
    from safe_reasoning.prompts.benchmark import read_traces
    from safe_reasoning.sampling.engine import load_tokenizer

    traces = read_traces(arguments.traces, config.data_mirror)
    rows = trace_demonstrations(arguments.traces, traces, load_tokenizer(arguments.model_dir))
    progress(
        f"{arguments.traces}: {len(rows)} demonstrations, {len(traces) - len(rows)} traces without "
        "exactly one closing think tag left out"
    )
    tokens = sum(len(row["completion_ids"]) for row in rows)
    write_rows(
        arguments.out,
        "demonstrations",
        rows,
        {"tokens": tokens, "left_out": len(traces) - len(rows), "prompts": len(traces)},
    )


if __name__ == "__main__":
    main()
