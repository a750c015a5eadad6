"""Train one method through TRL.

With more than one process it starts itself again under torchrun, with more than one node under srun
and torchrun.

python scripts/train_method.py --config config/demo.yaml --model nano --method ipo --seed 0 \\
    --base results/demo/models/nano/base \\
    --pairs results/demo/pairs/nano/intervened_exact.parquet \\
        --out results/demo/models/nano/ipo/seed0
"""

import os
import sys
from pathlib import Path

from safe_reasoning.config import load
from safe_reasoning.core.cli import argument_parser, command
from safe_reasoning.core.errors import UserError
from safe_reasoning.training.launch import launch_command


@command
def main() -> None:
    parser = argument_parser(__doc__)
    parser.add_argument("--config", required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--method", required=True)
    parser.add_argument("--seed", required=True, type=int)
    parser.add_argument("--base", required=True, type=Path, help="folder of the base model")
    parser.add_argument("--pairs", help="pair file")
    parser.add_argument("--benign-pairs", help="pairs of benign prompts (stage 2, length control)")
    parser.add_argument("--stage1", help="folder of the stage-1 model (stage 2)")
    parser.add_argument("--demonstrations", help="demonstrations (sft_safe)")
    parser.add_argument("--groups", help="groups of scored completions (salt)")
    parser.add_argument("--start", help="folder of the weights that the method goes on from")
    parser.add_argument("--teacher", help="folder of the weights that teach it (distil_on_policy)")
    parser.add_argument("--prompts", nargs="+", default=[], help="prompts of the method's kinds (grpo)")
    parser.add_argument("--prefixes", help="beginnings of reasonings (grpo with prefill)")
    parser.add_argument(
        "--out", required=True, type=Path, help="folder of the weights; training.json in it is written last"
    )
    arguments = parser.parse_args()
    config = load(arguments.config)
    if arguments.method not in config.methods:
        raise UserError(f"unknown method {arguments.method!r}: use one of {', '.join(config.methods)}")
    method = config.method(arguments.model, arguments.method)
    if launch := launch_command(method, arguments.method, sys.argv, os.environ):
        os.execvp(launch[0], launch)
    from safe_reasoning.training.common import Task
    from safe_reasoning.training.train import train

    task = Task(config, arguments.model, arguments.method, arguments.seed, arguments.base, arguments.out)
    options = ("pairs", "benign_pairs", "stage1", "start", "teacher", "demonstrations", "groups", "prefixes")
    train(task, {name: getattr(arguments, name) for name in options}, arguments.prompts)
    if "RANK" in os.environ:
        # All is written and the processes have left their group. Threads of the communication
        # libraries are sometimes still there while C++ takes them down, which ends a process with
        # "terminate called without an active exception" and the training as failed.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)


if __name__ == "__main__":
    main()
