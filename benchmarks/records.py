"""Memory of ten million rows: made generations and verdicts written, killed, resumed, aggregated.

.venv/bin/python -m benchmarks.records                 # ten million rows
.venv/bin/python -m benchmarks.records --rows 200000

Half of the rows are generations, sampled in shards by an engine that makes them up, the other half
their verdicts. They are those of twenty models, as the workflow has a file per method and seed.
Each part is a process of its own, whose peak memory the system counts.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from safe_reasoning.core.cli import argument_parser
from safe_reasoning.core.records import StoredRows, write_metrics, write_rows
from safe_reasoning.core.run_layout import Variant
from safe_reasoning.sampling.engine import Request
from safe_reasoning.sampling.shards import sample_sharded

TITLE = "Ten million rows within 4 GiB"
NOTES = """
Resident memory at its peak, as the system counts it for each process. The writing process was
killed with half of its shards finished; rows sampled twice are those of finished shards that were
written again.
"""
ROWS = 10_000_000
LIMIT = 4.0  # GiB
SHARD = 10_000
METHODS, SEEDS = ("base", "ipo", "sft_safe", "grpo_zy"), 5
SETS = ("direct", "jailbreak", "heldout", "wrapped", "asked")
PROMPTS = 500  # of each set
VARIANTS = [Variant(method, seed) for method in METHODS for seed in range(SEEDS)]


class Maker:
    """An engine that makes up a short completion for each request."""

    def generate(
        self, requests: Sequence[Request], *, stop_at_think_end: bool = False
    ) -> list[dict[str, Any]]:
        """Rows of schema generations."""
        return [
            {
                "generation_id": one.generation_id,
                "prompt_id": one.prompt_id,
                "prompt_set": one.prompt_set,
                "sample": one.sample,
                "seed": one.seed,
                "prompt_token_ids": one.prompt_token_ids,
                "given_tokens": 0,
                "token_ids": [one.seed % 1000] * 8,
                "text": f"I think about {one.seed}. So be it.\n</think>\nAnswer {one.seed % 97}.",
                "finish_reason": "stop",
            }
            for one in requests
        ]


def requests(number: int, variant: Variant) -> list[Request]:
    """So many requests, spread over the prompts."""
    found = []
    for place in range(number):
        sample, prompt = divmod(place, len(SETS) * PROMPTS)
        of_set, prompt = divmod(prompt, PROMPTS)
        prompt_id = f"{SETS[of_set]}-{prompt:04d}"
        seed = hash((place, variant.seed, len(variant.method))) % 2**31  # of numbers: always the same
        found.append(Request(f"{prompt_id}.{sample}", prompt_id, SETS[of_set], sample, seed, [1, 2, 3]))
    return found


def verdicts(generations: StoredRows) -> Iterator[dict[str, Any]]:
    """A made verdict on each reasoning; one in fifty is unscored."""
    for row in generations:
        kind = row["seed"] % 50
        names = {key: row[key] for key in ("generation_id", "prompt_id", "prompt_set", "sample")}
        value = None if kind == 0 else kind < 12
        judged = {"value": value, "detail": "" if kind else "judge_undecided", "judge": "made"}
        yield {**names, "part": "reasoning", "measure": "harmful", **judged}


def shard_size(rows: int) -> int:
    """Requests per shard."""
    return min(SHARD, max(1, rows // 500))


def place_of(folder: Path, variant: Variant, name: str) -> Path:
    """Where a model's file lies."""
    return folder / variant.method / f"seed{variant.seed}" / name


def write(folder: Path, rows: int) -> None:
    """Sample and judge what is missing, model by model."""
    engine = Maker()
    for variant in VARIANTS:
        out = place_of(folder, variant, "evaluation.parquet")
        report = sample_sharded(
            lambda: engine,  # type: ignore[arg-type, return-value]
            requests(rows // 2 // len(VARIANTS), variant),
            out.with_name("shards"),
            shard_size(rows),
            max_new_tokens=8,
            fingerprint="made",
            label=f"{variant.method} {variant.seed}",
        )
        write_rows(out, "generations", report.rows(), {})
        names = ("generation_id", "prompt_id", "prompt_set", "sample", "seed")
        write_rows(
            place_of(folder, variant, "verdicts.parquet"),
            "verdicts",
            verdicts(StoredRows(out, "generations", names)),
            {},
        )


def aggregate(folder: Path) -> None:
    """The metric tables of all models, as `summarize_evaluation` computes them."""
    from safe_reasoning.evaluation.rates import COLUMNS
    from safe_reasoning.evaluation.summary import evaluation_tables

    tables = evaluation_tables(
        {
            one: StoredRows(
                place_of(folder, one, "evaluation.parquet"), "generations", ("prompt_set", "text")
            )
            for one in VARIANTS
        },
        {one: StoredRows(place_of(folder, one, "verdicts.parquet"), "verdicts", COLUMNS) for one in VARIANTS},
        dict.fromkeys(SETS, "safety"),
        contaminated={f"{SETS[0]}-0000"},
        benchmarks={},
        untrained={"base"},
        bootstrap=200,
    )
    for name, table in tables.items():
        write_metrics(folder / "metrics" / f"{name}.csv", table, {})


def measured(part: str, folder: Path, rows: int, kill_at: int | None = None) -> dict[str, Any]:
    """Run a part in a process of its own; kill it when so many shards are there."""
    command = [sys.executable, "-m", "benchmarks.records", "--part", part, "--folder", str(folder)]
    begin = time.perf_counter()
    job = subprocess.Popen(
        [*command, "--rows", str(rows)],
        cwd=Path(__file__).parents[1],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    if kill_at is not None:
        while len(finished(folder)) < kill_at:
            if job.poll() is not None:
                raise RuntimeError(f"{part} ended before it could be killed")
            time.sleep(0.01)
        job.send_signal(signal.SIGKILL)
    _, status, usage = os.wait4(job.pid, 0)
    job.returncode = status
    if status and kill_at is None:
        raise RuntimeError(f"{part} failed: run {' '.join(command)} to see why")
    gib = usage.ru_maxrss / 2**20
    what = part if kill_at is None else f"{part}, killed at half"
    return {
        "part": what,
        "rows": rows,
        "peak, GiB": gib,
        "limit, GiB": LIMIT,
        "seconds": time.perf_counter() - begin,
    }


def finished(folder: Path) -> dict[Path, int]:
    """Finished shards and when they were written."""
    return {
        path: path.stat().st_mtime_ns
        for meta in folder.glob("*/*/shards/*.meta.json")
        if (path := meta.with_name(meta.name.removesuffix(".meta.json"))).exists()
    }


def measure(rows: int = ROWS, folder: Path | None = None) -> list[dict[str, Any]]:
    """A row for each part: peak memory, seconds, and what was sampled twice after the kill."""
    if folder is None:
        with tempfile.TemporaryDirectory() as temporary:
            return measure(rows, Path(temporary))
    size = shard_size(rows)
    shards = len(VARIANTS) * -(-(rows // 2 // len(VARIANTS)) // size)
    first = measured("write", folder, rows, kill_at=shards // 2)
    before = finished(folder)
    second = measured("write", folder, rows)
    now = finished(folder)
    again = sum(now.get(path) != written for path, written in before.items())
    second |= {"part": "write, resumed", "rows sampled twice": again * size}
    return [first, second, measured("aggregate", folder, rows)]


def main() -> None:
    """Print the table, or do one part."""
    parser = argument_parser(__doc__)
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--folder", type=Path, help="keeps the rows; a temporary one by default")
    parser.add_argument("--part", choices=["write", "aggregate"])
    arguments = parser.parse_args()
    if arguments.part == "write":
        write(arguments.folder, arguments.rows)
    elif arguments.part == "aggregate":
        aggregate(arguments.folder)
    else:
        for row in measure(arguments.rows, arguments.folder):
            print(row)


if __name__ == "__main__":
    main()
