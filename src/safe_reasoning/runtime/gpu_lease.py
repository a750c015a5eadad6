"""Which GPUs a job may use when no cluster says so.

Snakemake counts GPUs but does not hand them out, so each job leases its own by number.

A lease is a lock on a small file, one for each GPU of the machine. It belongs to the process that
took it and ends with it, however it ends: nothing is left behind by a crash. All workflows of the
machine share the folder of locks, also from inside containers.
"""

from __future__ import annotations

import fcntl
import os
import random
import re
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from safe_reasoning.core.cli import progress
from safe_reasoning.core.errors import UserError

LOCKS = Path("/tmp/safe-reasoning-gpus")  # noqa: S108  (one place for all users and workflows of a machine, whatever TMPDIR says)
DEVICES = Path("/dev")
VARIABLE = "CUDA_VISIBLE_DEVICES"


def visible_gpus(environment: Mapping[str, str]) -> list[str]:
    """Ids of the GPUs that may be used.

    Those of CUDA_VISIBLE_DEVICES, or else all device nodes of the machine.
    """
    if VARIABLE in environment:
        return [part.strip() for part in environment[VARIABLE].split(",") if part.strip()]
    return device_nodes()


def device_nodes() -> list[str]:
    """Numbers of the GPUs that this machine has device nodes of."""
    numbers = [
        found[1] for path in DEVICES.glob("nvidia*") if (found := re.fullmatch(r"nvidia(\d+)", path.name))
    ]
    return sorted(numbers, key=int)


def lease(count: int, ids: Sequence[str], locks: Path = LOCKS) -> list[str]:
    """Take `count` of the GPUs `ids` for this process, and wait until as many are free.

    Never holds some while it waits for others.

    The locks stay with the process through `exec` and end with it.

    Raises:
        UserError: there are fewer GPUs than asked for.
    """
    if count > len(ids):
        there = ", ".join(ids) or "none"
        raise UserError(
            f"this job needs {count} GPUs, here are {len(ids)} ({there}): lower resources.gpus or "
            "methods.*.processes"
        )
    if not locks.exists():
        locks.mkdir(parents=True, exist_ok=True)
        locks.chmod(0o1777)  # the next job may be another user's
    waiting = False
    while True:
        held = _take(count, ids, locks)
        if len(held) == count:
            return list(held)
        for handle in held.values():
            os.close(handle)
        if not waiting:
            progress(f"waiting for {count} of the GPUs {', '.join(ids)}: other jobs hold them")
            waiting = True
        # Two jobs that each hold some must not meet again at the same moment
        time.sleep(random.uniform(0.2, 1.0))


def _take(count: int, ids: Sequence[str], locks: Path) -> dict[str, int]:
    """Open locks on at most `count` GPUs that are free now, by id."""
    held: dict[str, int] = {}
    for gpu in ids:
        if len(held) == count:
            break
        handle = os.open(locks / re.sub(r"[^\w-]", "_", gpu), os.O_RDONLY | os.O_CREAT, 0o644)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            continue
        os.set_inheritable(handle, True)
        held[gpu] = handle
    return held


def environment_of_job(count: int, environment: Mapping[str, str], locks: Path = LOCKS) -> dict[str, str]:
    """The environment in which a job that asked for `count` GPUs sees just those.

    A job without GPUs keeps its environment as it is. So does a job of a SLURM cluster, which hands
    GPUs out itself. Where its allocation has more of them than it asked for, others run in it too,
    and they lease among these: two allocations may count their GPUs by the same numbers.
    """
    ids = visible_gpus(environment)
    if allocation := environment.get("SLURM_JOB_ID") if VARIABLE in environment else None:
        locks = locks.with_name(f"{locks.name}-{allocation}")
    if count == 0 or (allocation and len(ids) <= count):
        return dict(environment)
    return {**environment, VARIABLE: ",".join(lease(count, ids, locks))}
