"""Installation of a bundle on a machine without a network.

A virtual environment of its own, in which the packages of the machine can be seen and those of the
bundle go before them. Nothing of the machine is changed.
"""

from __future__ import annotations

import shutil
import site
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

from safe_reasoning.core.cli import progress
from safe_reasoning.core.errors import UserError
from safe_reasoning.gpu_check import pieces

CARRIED = "carried"  # folder in the environment: weights and recorded results


def packages_of_this_python() -> list[str]:
    """Folders that hold the packages of the Python that runs this."""
    places = [sysconfig.get_path("purelib"), sysconfig.get_path("platlib"), *site.getsitepackages()]
    return [place for place in dict.fromkeys(places) if Path(place).is_dir()]


def install(bundle: Path, environment: Path, source: Path, *, packages: bool = True) -> None:
    """Install the bundle's packages into a new environment, its other files into the folder
    `carried` there.

    Args:
        bundle: folder of the pieces.
        environment: folder to make; one that is there is removed first, unless `packages` is False.
        source: the library's source, to be found without an installation.
        packages: False leaves the packages of an environment as they are.
    """
    with tempfile.TemporaryDirectory() as name:
        content = Path(name)
        names = pieces.join(bundle, content)
        places = [str(source.resolve())]
        if packages:
            shutil.rmtree(environment, ignore_errors=True)
            subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(environment)], check=True)
            places += packages_of_this_python()
        # Added after the environment's own packages, so what is carried goes before what was there.
        lines = [f"import site; site.addsitedir({place!r})\n" for place in places]
        (_library(environment) / "zz_machine.pth").write_text("".join(lines))
        if packages:
            _add_wheels(environment, sorted(content.glob("wheels/*.whl")))
        for path in names:
            if not path.startswith("wheels/"):
                target = environment / CARRIED / path
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(content / path, target)
    progress(f"installed {bundle} into {environment}")


def _library(environment: Path) -> Path:
    """The folder of an environment's packages."""
    python = str(environment / "bin" / "python")
    asked = [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    return Path(subprocess.run(asked, check=True, capture_output=True, text=True).stdout.strip())


def _add_wheels(environment: Path, wheels: list[Path]) -> None:
    python = environment / "bin" / "python"
    options = ["--no-index", "--no-deps", "--no-compile", "--ignore-installed", "--no-warn-script-location"]
    command = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", *options]
    done = subprocess.run(
        [*command, "--disable-pip-version-check", *map(str, wheels)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        lines = done.stderr.strip().splitlines() or ["pip gave no reason"]
        raise UserError(f"the bundle cannot be installed ({lines[-1]}): it needs Python 3.12 with pip")
