"""Evaluate one model, a folder or one of the hub, by the prompt sets, judges and decoding of a
configuration: safety, over-refusal, capability, with a report. Nothing is trained.

python scripts/evaluate_model.py --model results/demo/models/nano/ipo/seed0
python scripts/evaluate_model.py --model my/checkpoint --config config/one_gpu.yaml \\
    -- --profile workflow/profiles/slurm    # further options of Snakemake
"""

import subprocess
import sys
from pathlib import Path

import yaml

from safe_reasoning.config import load, validate
from safe_reasoning.config.plan import EVALUATED
from safe_reasoning.core.cli import argument_parser, command, print_line
from safe_reasoning.core.errors import UserError
from safe_reasoning.core.files import write_bytes
from safe_reasoning.core.yaml_files import parse_yaml
from safe_reasoning.plan.checked_config import checked
from safe_reasoning.plan.one_model import evaluation_of, found, name_of

DEFAULT = Path("config/one_gpu.yaml")


@command
def main() -> None:
    parser = argument_parser(__doc__)
    parser.add_argument("--model", required=True, help="folder, or owner/name of a model of the hub")
    parser.add_argument(
        "--config",
        type=Path,
        help=f"by default that of the run in whose folder the model lies, else {DEFAULT}",
    )
    parser.add_argument("--name", help="of the model in the report; by default its folder's")
    parser.add_argument(
        "--roles", nargs="+", choices=EVALUATED, default=EVALUATED, help="of the prompt sets; all by default"
    )
    parser.add_argument("--cores", default="2")
    parser.add_argument("snakemake", nargs="*", help="after --: further options of Snakemake")
    arguments = parser.parse_args()
    config = checked(load(arguments.config or config_of_run(Path(arguments.model)) or DEFAULT))
    name = arguments.name or name_of(arguments.model)
    raw = evaluation_of(config, name, found(arguments.model), arguments.roles)
    checked(validate(raw, "--model and --config"))
    run = Path("results") / raw["run"]
    asked = run / "evaluation.yaml"
    if asked.exists() and (there := parse_yaml(asked.read_bytes(), asked)["models"]) != raw["models"]:
        raise UserError(
            f"{run} holds the evaluation of another model ({next(iter(there.values()))}): give this one "
            "another --name (make evaluate NAME=...)"
        )
    write_bytes(asked, yaml.safe_dump(raw, sort_keys=False).encode())
    snakemake = Path(sys.executable).parent / "snakemake"
    options = ["--cores", arguments.cores, "--configfile", str(asked), *arguments.snakemake]
    status = subprocess.run([str(snakemake), *options]).returncode
    if not status and (report := run / "report.html").exists():
        print_line(f"open {report}")
    sys.exit(status)


def config_of_run(model: Path) -> Path | None:
    """The configuration of the run of this project in whose folder a model lies."""
    runs = Path("results").resolve()
    inside = [folder for folder in model.resolve().parents if folder.parent == runs]
    return next((path for folder in inside if (path := folder / "config.yaml").exists()), None)


if __name__ == "__main__":
    main()
