"""Check all that needs a GPU, on one and without a network, stage by stage.

Each stage has a time limit and leaves a result file in --out, also when it fails or is stopped. The
exit code is 1 unless every stage passed.

python scripts/gpu_check.py --out results/gpu
python scripts/gpu_check.py --out results/gpu --stages rates engine
python scripts/gpu_check.py --out /tmp/out --device cpu --config tests/gpu-check-tiny.yaml
"""

import os
import sys
from pathlib import Path
from typing import get_args

from safe_reasoning.core.cli import argument_parser, command
from safe_reasoning.gpu_check.install import CARRIED
from safe_reasoning.gpu_check.settings import Stage, load
from safe_reasoning.gpu_check.stages import Places, run_all, run_stage


@command
def main() -> None:
    parser = argument_parser(__doc__)
    parser.add_argument("--config", type=Path, default=Path("config/gpu-check.yaml"))
    parser.add_argument("--out", type=Path, required=True, help="folder of the result files")
    parser.add_argument("--device", choices=["cuda", "cpu"], default="cuda")
    parser.add_argument(
        "--carried",
        type=Path,
        default=Path(sys.prefix) / CARRIED,
        help="folder with the bundle's weights and recorded results; by default in this environment",
    )
    parser.add_argument("--work", type=Path, default=Path(sys.prefix) / "gpu-check", help="scratch folder")
    parser.add_argument("--stages", nargs="+", choices=get_args(Stage), default=[], help="all by default")
    parser.add_argument(
        "--stage", choices=get_args(Stage), help="run this one in this process, without limit"
    )
    parser.add_argument("--seconds", type=float, default=3600, help="that a stage of its own has")
    parser.add_argument(
        "--record", action="store_true", help="do only what other devices are compared with (the bundle)"
    )
    arguments = parser.parse_args()
    settings = load(arguments.config)
    if arguments.device == "cpu":
        os.environ["CUDA_VISIBLE_DEVICES"] = ""
    os.environ["HF_HUB_OFFLINE"] = "1"
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    places = Places(
        arguments.carried.resolve(),
        arguments.work.resolve(),
        arguments.out.resolve(),
        arguments.device,
        arguments.record,
        arguments.seconds,
    )
    places.work.mkdir(parents=True, exist_ok=True)
    if arguments.stage:
        sys.exit(0 if run_stage(arguments.stage, settings, places) else 1)
    sys.exit(0 if run_all(settings, places, [sys.executable, *sys.argv], arguments.stages) else 1)


if __name__ == "__main__":
    main()
