"""Rehearse config/one_gpu.yaml: every rule of it but the fetching from the hub, at 10 prompts a
set, with the nano model under the names of one of its models and of its guard. A few minutes.

make demo
.venv/bin/python -m tools.rehearse_one_gpu --base results/demo/models/nano/base
    --folder /tmp/rehearsal

A nano model cannot judge: none of the guard's replies has a verdict. So the run's judge is a server
on loopback that answers by the nano world's exact rules, and the guard judges beside it: all that
it is asked is unscored. It shows that the rules fit together,
with LoRA and with a judge of weights. Its numbers mean nothing.
"""

import os
import subprocess
from pathlib import Path

import yaml

from safe_reasoning.core.cli import argument_parser
from tools.project_copy import SNAKEMAKE, copy_project
from tools.rehearse_paper import served, small, write_mirror

WEIGHTS = ("deepseek_r1_distill_qwen_1_5b", "qwen3guard_0_6b")
LEFT_OUT_MODEL = "qwen3_1_7b"  # the same rules once more


def main() -> None:
    parser = argument_parser(__doc__)
    parser.add_argument("--base", required=True, type=Path, help="the demo's base model")
    parser.add_argument("--folder", required=True, type=Path, help="a new folder for the copy and its run")
    arguments = parser.parse_args()
    project, mirror = copy_project(arguments.folder / "project"), arguments.folder / "mirror"
    write_mirror(project, mirror, arguments.base, WEIGHTS)
    config = small("one_gpu", mirror)
    config["endpoints"] = {
        "rules": {"model": "rules", "base_url": served(), "key_variable": "REHEARSAL_KEY", "concurrency": 4}
    }
    del config["models"][LEFT_OUT_MODEL]
    config["judges"]["rules"] = {"kind": "rubric", "chat": "rules"}
    evaluate = config["evaluate"]
    evaluate |= {"judge": "rules", "more_judges": [evaluate["judge"], *evaluate["more_judges"]]}
    (project / "rehearsal.yaml").write_text(yaml.safe_dump(config))
    environment = {**os.environ, "REHEARSAL_KEY": "none", "HF_HUB_OFFLINE": "1", "PYTHONPATH": "src"}
    environment.pop("SAFE_REASONING_DATA", None)  # it goes before data_mirror
    subprocess.run([*SNAKEMAKE, "--configfile", "rehearsal.yaml"], cwd=project, env=environment, check=True)
    print(f"open {project / 'results/rehearsal/report.html'}")


if __name__ == "__main__":
    main()
