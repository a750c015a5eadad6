"""How a training starts.

Alone, with several processes of one node under torchrun, or with one torchrun on each node under
SLURM.
"""

from __future__ import annotations

import shutil
import socket
import sys
from collections.abc import Mapping, Sequence

from safe_reasoning.config import Method
from safe_reasoning.core.errors import UserError


def launch_command(
    method: Method, name: str, script: Sequence[str], environment: Mapping[str, str]
) -> list[str] | None:
    """The command that starts `script` (path and arguments) again with all its processes.

    None when this process is all there is, or is one of them.

    Raises:
        UserError: several nodes are asked for, and there is no SLURM allocation with `srun` to
            start them in.
    """
    if "RANK" in environment or (method.nodes == 1 and method.processes == 1 and not method.deepspeed):
        return None
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--nproc_per_node", str(method.processes)]
    if method.nodes == 1:
        # Its processes meet at the loopback address: a machine without a network may not find its
        # own host name.
        return [*torchrun, "--standalone", "--local-addr", "127.0.0.1", *script]
    job = environment.get("SLURM_JOB_ID")
    if job is None or shutil.which("srun") is None:
        raise UserError(
            f"methods.{name}.nodes is {method.nodes}, and there is no srun to start them with: run with "
            "workflow/profiles/slurm and without containers, or set nodes to 1"
        )
    # This process runs on the first node inside a step of its own, whose share of the nodes the new
    # step takes over (--overlap).
    srun = ["srun", "--overlap", f"--nodes={method.nodes}", f"--ntasks={method.nodes}", "--ntasks-per-node=1"]
    port = 20_000 + int(job) % 10_000  # two trainings may share a node
    meeting = [
        "--nnodes",
        str(method.nodes),
        "--rdzv_backend",
        "c10d",
        "--rdzv_endpoint",
        f"{socket.gethostname()}:{port}",
        "--rdzv_id",
        job,
    ]
    return [*srun, *torchrun, *meeting, *script]
