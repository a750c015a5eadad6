"""Kill a small run again and again, inject other faults, and compare with an uninterrupted run.

.venv/bin/python -m tools.fault_injection --folder /tmp/faults --kills 50 --seed 0
.venv/bin/python -m tools.fault_injection --folder /tmp/faults --faults all

The run is that of tests/tiny.yaml with three methods (`fault_runs.configuration`). It is started,
and killed with all its jobs at a random moment after its first job has begun, until it ends by
itself, or after half of the kills is let end: sampling and training take longest, and would get all
of them. Then the outputs of the stage with the fewest kills are removed, and it goes on. A kill
counts for the stage of each job that ran. The folder keeps the runs and the list of kills: the same
command goes on with both.
"""

from __future__ import annotations

import json
import math
import random
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from safe_reasoning.core.cli import argument_parser, command, progress
from safe_reasoning.core.errors import UserError
from tools.fault_runs import (
    LONGEST,
    OUTPUTS,
    Project,
    configuration,
    differences,
    kill_at_random,
    remove,
    stages_of,
)
from tools.faults import FAULTS, inject


def logged(log: Path) -> list[dict[str, Any]]:
    """The kills so far."""
    return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []


def by_stage(events: list[dict[str, Any]]) -> Counter[str]:
    """In how many kills a job of each stage ran."""
    return Counter(stage for event in events for stage in stages_of(event["running"]))


def kills(
    project: Project, reference: Project, number: int, seed: int, log: Path, minutes: float = math.inf
) -> Iterator[dict[str, Any]]:
    """Kill a run until there are so many kills in `log`; yields each with what it did to shards."""
    done = logged(log)
    before, end = project.shards(), time.monotonic() + 60 * minutes
    while len(done) < number:
        if len(done) == number // 2:
            project.finish()
            take_up_again(project, reference, done)
        whole = project.targets() == ["all"]
        # A job that takes longer than the time it is given would never end
        same = next(
            (n for n, event in enumerate(reversed(done)) if event["running"] != done[-1]["running"]),
            len(done),
        )
        running = kill_at_random(project, random.Random(f"{seed} {len(done)}"), LONGEST * max(1, same))
        now = project.shards()
        event = {
            "kill": len(done),
            "running": running,
            "rows_again": sum(
                before[path][2] for path in before if path in now and now[path] != before[path]
            ),
            "rows_lost": sum(before[path][2] for path in before if path not in now),
        }
        before = now
        if running is None and not whole:
            continue
        if running is None:
            take_up_again(project, reference, done)
            continue
        done.append(event)
        with open(log, "a") as handle:
            handle.write(json.dumps(event) + "\n")
        yield event
        if time.monotonic() > end:
            return


def take_up_again(project: Project, reference: Project, done: list[dict[str, Any]]) -> None:
    """Compare a run that has ended, and remove what the stage with the fewest kills made."""
    refuse_differences(project, reference)
    count = by_stage(done)
    remove(project, *OUTPUTS[min(list(OUTPUTS)[:4], key=lambda stage: count[stage])])


def refuse_differences(project: Project, reference: Project) -> None:
    """UserError where a run ended with other metrics or rows than another."""
    if found := differences(project, reference):
        raise UserError(f"the killed run ended with other results: {', '.join(found)}")


def uninterrupted(folder: Path, cores: int) -> Project:
    """The run without any fault, made at the first call."""
    project = Project(folder, configuration(), cores)
    if not (project.run / "manifest.json").exists():
        project.finish()
    return project


def kill_many(folder: Path, number: int, seed: int, cores: int, minutes: float = math.inf) -> dict[str, Any]:
    """Kill a run so many times, let it end, and count; UserError where the minutes end before.

    UserError where it ends with other metrics or rows than the uninterrupted one.
    """
    reference = uninterrupted(folder / "uninterrupted", cores)
    project, log = Project(folder / "killed", configuration(), cores), folder / "kills.jsonl"
    project.wanting(reference)
    for event in kills(project, reference, number, seed, log, minutes):
        progress(f"kill {event['kill'] + 1} of {number} in {', '.join(event['running'])}")
    if len(logged(log)) < number:
        raise UserError(f"{len(logged(log))} of {number} kills: give the same command again")
    project.finish()
    refuse_differences(project, reference)
    events = logged(log)
    return {
        "seed": seed,
        "kills": len(events),
        "by_stage": dict(by_stage(events).most_common()),
        "rows_in_shards": sum(rows for _, _, rows in project.shards().values()),
        "rows_sampled_twice": sum(event["rows_again"] for event in events) + project.rows_twice(),
        "rows_lost": sum(event["rows_lost"] for event in events),
        "temporary_files_left": len(list(project.run.rglob(".*.tmp"))),
    }


@command
def main() -> None:
    parser = argument_parser(__doc__)
    parser.add_argument("--folder", type=Path, required=True, help="keeps the runs; it may be there")
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument(
        "--minutes", type=float, default=math.inf, help="stop then; the same command goes on later"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--faults", nargs="+", metavar="NAME", help=f"instead of kills: all, or some of {', '.join(FAULTS)}"
    )
    parser.add_argument("--cores", type=int, default=1)
    arguments = parser.parse_args()
    if not arguments.faults:
        print(
            json.dumps(
                kill_many(
                    arguments.folder, arguments.kills, arguments.seed, arguments.cores, arguments.minutes
                ),
                indent=1,
            )
        )
        return
    reference = uninterrupted(arguments.folder / "uninterrupted", arguments.cores)
    names = list(FAULTS) if arguments.faults == ["all"] else arguments.faults
    end = time.monotonic() + 60 * arguments.minutes
    for name in names:
        if time.monotonic() > end:
            raise UserError(f"no time left for {name}: name it and those after it again")
        print(f"{name}: {inject(name, reference, arguments.folder / 'fault')}", flush=True)


if __name__ == "__main__":
    main()
