"""What a rule's parameter `rerun_on` holds, as Snakemake would compare it at the next start.

As a program it runs in a project's folder: `rerun_on.py config.yaml '[["rule", {"model": "nano"}]]'`.
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace


def rerun_on(project: Path, config: str, asked: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """The parameter of some rules, by name, for the wildcards given, in a copy of the project."""
    call = [sys.executable, __file__, config, json.dumps(asked)]
    environment = {**os.environ, "PYTHONPATH": "src"}
    result = subprocess.run(call, cwd=project, capture_output=True, text=True, timeout=300, env=environment)
    assert result.returncode == 0, result.stderr[-6000:]
    found: dict[str, str] = json.loads(result.stdout.splitlines()[-1])
    return found


def main() -> None:
    from snakemake.api import SnakemakeApi
    from snakemake.settings.types import ConfigSettings, ResourceSettings

    config, asked = sys.argv[1], json.loads(sys.argv[2])
    found = {}
    with SnakemakeApi() as api:
        opened = api.workflow(
            resource_settings=ResourceSettings(cores=1),
            config_settings=ConfigSettings(configfiles=[Path(config)]),
            snakefile=Path("Snakefile"),
        )
        for rule, wildcards in asked.items():
            parameter = opened._workflow.get_rule(rule).params.rerun_on
            found[rule] = parameter(SimpleNamespace(**wildcards)) if callable(parameter) else parameter
    print(json.dumps(found))


if __name__ == "__main__":
    main()
