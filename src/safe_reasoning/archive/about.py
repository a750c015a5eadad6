"""What an archive says of itself: its run, models, versions, commits and contents."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from safe_reasoning.core.machine import in_words
from safe_reasoning.core.provenance import commit
from safe_reasoning.report.page import ABOUT

README = """# Archive of the run {run}

{description}

| where | what |
|---|---|
| `results/{run}` | resolved configuration, metrics, tables, figures, report, manifest{verdicts} |
| `results/published` | the paper's numbers, which figures and tables show next to the run's |
| `Snakefile`, `workflow/rules` | the rules; their scripts and library are in the repository |
| `envs`, `containers`, `config` | locks of environments, digests of images, sources of data and weights |
| `ro-crate-metadata.json` | what every file is, with SHA-256 and size |

No prompt, completion or attack is in here, no weights and no benchmark data.
Left out of this archive: {left_out}.

To redraw every figure and table from it, in a clone of the repository:
`make figures ARCHIVE=path/to/this/file`.
"""


@dataclass(frozen=True)
class About:
    """What the archive is about.

    The run's name, the nature of its models, versions, commits and a day.

    Attributes:
        run: its name.
        nature: what its models are, a paragraph a kind.
        software: versions at the drawing of the figures.
        machines: what the run was computed on, a line each; none for runs that did not note it.
        measured: commits that metrics were measured at.
        drawn: commit that tables and figures were drawn at.
        left_out: what is not in the archive though it could be, in words.
        has_verdicts: whether verdicts are in it.
    """

    run: str
    nature: str
    software: Mapping[str, str]
    machines: Sequence[str]
    measured: Sequence[str]
    drawn: str
    left_out: Sequence[str]
    has_verdicts: bool

    @classmethod
    def of(cls, config: Mapping[str, Any], contents: Mapping[str, bytes], left_out: Sequence[str]) -> About:
        """From the archive's files and the run's configuration."""
        folder = f"results/{config['run']}/"
        manifest = json.loads(contents[f"{folder}manifest.json"])
        metas = [
            json.loads(content)
            for name, content in contents.items()
            if re.fullmatch(rf"{folder}metrics/.*\.meta\.json", name)
        ]
        kinds = dict.fromkeys(settings["kind"] for settings in config["models"].values())
        return cls(
            run=config["run"],
            nature="\n\n".join(re.sub(r"</?b>", "", ABOUT[kind]) for kind in kinds),
            software=manifest["software"],
            machines=[in_words(machine) for machine in manifest.get("machines", [])],
            measured=sorted({meta["commit"] for meta in metas}),
            drawn=manifest["commit"],
            left_out=left_out,
            has_verdicts=any(name.startswith(f"{folder}verdicts/") for name in contents),
        )

    @property
    def description(self) -> str:
        """What the archive holds, what the models are, and which code made what."""
        return (
            f'Results of the run {self.run} of a reproduction of "Towards Safe Reasoning in Large '
            'Reasoning Models via Corrective Intervention" '
            f"(arXiv 2509.24393).\n\n{self.nature}\n\nMetrics were measured at commit "
            f"{', '.join(self.measured)}; tables and figures were drawn at {self.drawn}; "
            f"the archive was written at {commit()}, whose workflow, locks and sources it holds. "
            f"Computed on: {' | '.join(self.machines) or in_words({})}."
        )

    def readme(self) -> str:
        """The archive's README."""
        verdicts = ", verdicts" if self.has_verdicts else ""
        left_out = "; ".join(self.left_out) or "nothing else"
        return README.format(run=self.run, description=self.description, verdicts=verdicts, left_out=left_out)
