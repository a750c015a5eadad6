"""Run a command that sees only the GPUs it leased: those that no other job of this machine uses.

A PyTorch that can't use them is an error before that. With 0 the command is run as it is.

python scripts/lease_gpus.py 1 python scripts/estimate_csr.py --help
"""

import os
import sys

from safe_reasoning.core.cli import command
from safe_reasoning.core.errors import UserError
from safe_reasoning.runtime.gpu_lease import environment_of_job
from safe_reasoning.runtime.gpus import check_torch


@command
def main() -> None:
    if "--help" in sys.argv[1:2]:
        print(__doc__)
        return
    if len(sys.argv) < 3 or not sys.argv[1].isdigit():
        raise UserError(
            "give a number of GPUs and a command: python scripts/lease_gpus.py 1 python "
            "scripts/estimate_csr.py --help"
        )
    count, job = int(sys.argv[1]), sys.argv[2:]
    if count:
        check_torch()
    os.execvpe(job[0], job, environment_of_job(count, os.environ))


if __name__ == "__main__":
    main()
