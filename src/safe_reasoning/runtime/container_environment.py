"""What a job in a container gets to see of the machine.

Containers start with an empty environment (`--cleanenv`), and only named variables and folders go
in.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from safe_reasoning.config import Config
from safe_reasoning.sources.table import MIRROR_VARIABLE, mirror_folder

VARIABLES = (
    "CUDA_VISIBLE_DEVICES",
    "SLURM_JOB_ID",  # with it a job knows that its GPUs were handed out by the cluster
    "HF_TOKEN",
    "HF_HOME",
    "HF_ENDPOINT",
    "HF_HUB_OFFLINE",
    "HTTPS_PROXY",
    "SAFE_REASONING_UNSANDBOXED",
)


def into_containers(config: Config, environment: Mapping[str, str]) -> dict[str, str]:
    """Variables for Apptainer (or Singularity) that hand on what a job needs.

    The named variables, the endpoints' keys, and the folders of caches and data.

    The home folder of a job in a container is the working folder, so the caches of the true home
    are named and mounted.
    """
    binary = "APPTAINER" if shutil.which("apptainer") else "SINGULARITY"
    names = (*VARIABLES, *(endpoint.key_variable for endpoint in config.endpoints.values()))
    passed = {f"{binary}ENV_{name}": environment[name] for name in names if environment.get(name)}
    cache = Path(environment.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    passed[f"{binary}ENV_XDG_CACHE_HOME"] = str(cache)
    folders = [cache, Path(environment["HF_HOME"])] if environment.get("HF_HOME") else [cache]
    named = [entry.file for entry in config.prompt_sets.values()]
    named += [attack.file for attack in config.attacks.values()]
    named += [method.generations for method in config.methods.values()]
    folders += [Path(file).parent for file in named if file and Path(file).is_absolute()]
    if mirror := mirror_folder(config.data_mirror):
        passed[f"{binary}ENV_{MIRROR_VARIABLE}"] = str(mirror.resolve())
        folders.append(mirror.resolve())
    bound = [
        *environment.get(f"{binary}_BIND", "").split(","),
        *(str(folder) for folder in folders if folder.is_dir()),
    ]
    passed[f"{binary}_BIND"] = ",".join(filter(None, dict.fromkeys(bound)))
    return passed
