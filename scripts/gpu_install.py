"""Install the bundle of the GPU check into an environment of its own.

Runs with the Python that holds PyTorch, and needs nothing else.

python3 scripts/gpu_install.py --bundle gpu-bundle --env .gpu-env
"""

import sys
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[1] / "src"
sys.path.insert(0, str(SOURCE))

from safe_reasoning.core.cli import argument_parser, command  # noqa: E402
from safe_reasoning.gpu_check.install import install  # noqa: E402


@command
def main() -> None:
    parser = argument_parser(__doc__)
    parser.add_argument("--bundle", type=Path, default=Path("gpu-bundle"), help="folder of the pieces")
    parser.add_argument(
        "--env", type=Path, default=Path(".gpu-env"), help="folder of the environment to make"
    )
    parser.add_argument(
        "--weights-only", action="store_true", help="the environment has its packages: only add the weights"
    )
    arguments = parser.parse_args()
    install(arguments.bundle, arguments.env, SOURCE, packages=not arguments.weights_only)


if __name__ == "__main__":
    main()
