"""Token-wise KL of an aligned model from its base over the base's harmful traces.

python scripts/measure_kl.py --config config/demo.yaml --model nano --method ipo --seed 0 --base results/demo/models/nano/base \\
    --model-dir results/demo/models/nano/ipo/seed0 --generations results/demo/generations/nano/base/seed0/evaluation.parquet \\
    --verdicts results/demo/verdicts/nano/base/seed0/evaluation.exact.parquet --out results/demo/metrics/nano/kl/ipo.seed0.csv
"""

import argparse
from pathlib import Path

from safe_reasoning.command import command, progress
from safe_reasoning.config import load
from safe_reasoning.errors import UserError
from safe_reasoning.records import read_rows, write_metrics


@command
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--method", required=True)
    parser.add_argument("--seed", required=True, type=int)
    parser.add_argument("--base", required=True, type=Path)
    parser.add_argument("--model-dir", required=True, type=Path, help="folder of the aligned model")
    parser.add_argument("--generations", required=True, help="the base model's evaluation generations")
    parser.add_argument("--verdicts", required=True)
    parser.add_argument("--out", required=True)
    arguments = parser.parse_args()
    settings = load(arguments.config).evaluate
    import torch
    from transformers import AutoTokenizer

    from safe_reasoning import kl

    torch.set_num_threads(load(arguments.config).engine.threads)
    tokenizer = AutoTokenizer.from_pretrained(arguments.base)
    generations, verdicts = read_rows(arguments.generations, "generations"), read_rows(arguments.verdicts, "verdicts")
    traces = kl.harmful_reasonings(generations, verdicts, tokenizer, settings.kl_traces)
    if not traces:
        raise UserError(f"{arguments.verdicts} holds no harmful reasoning: the KL curve needs harmful traces of the base model")
    progress(f"{arguments.model} {arguments.method}: KL over {len(traces)} traces")
    aligned, base = kl.load_float32(arguments.model_dir), kl.load_float32(arguments.base)
    curve = kl.kl_curve([kl.kl_by_token(aligned, base, *trace, settings.kl_tokens) for trace in traces], settings.bootstrap)
    names = {"model": arguments.model, "method": arguments.method, "seed": arguments.seed}
    write_metrics(arguments.out, [{**names, **row} for row in curve], {"traces": len(traces), "tokens": settings.kl_tokens})


if __name__ == "__main__":
    main()
