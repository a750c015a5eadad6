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
    # Clients differ in which case they read
    *(
        name
        for proxy in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")
        for name in (proxy, proxy.lower())
    ),
    "SAFE_REASONING_UNSANDBOXED",
)
# A job's folder for temporary files, and a site's own certificates: handed on where they are there.
# The jobs of a cluster get the login node's variables, and may not have its folders.
PATHS = ("TMPDIR", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")


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
    for name in PATHS:
        path = Path(environment.get(name) or "/nowhere")
        if path.exists():
            passed[f"{binary}ENV_{name}"] = str(path)
            folders.append(path if path.is_dir() else path.parent)
    bound = [
        *environment.get(f"{binary}_BIND", "").split(","),
        *(str(folder) for folder in folders if folder.is_dir()),
    ]
    passed[f"{binary}_BIND"] = ",".join(filter(None, dict.fromkeys(bound)))
    return passed
