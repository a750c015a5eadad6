"""The lexical judge's errors on XSTest's labelled responses, by model: the numbers in
docs/judge-audit.md.

SAFE_REASONING_DATA=... .venv/bin/python -m tools.lexical_errors    # a second; no text is shown

Reads xstest/human_labels of the mirror folder: three models that config/sources.yaml pins, and the
authors' two others (llama2orig, mistralguard) where the folder holds them. Half of Mistral's
responses, those with an odd id, were read when the phrases were made; the even half was not.
"""

from __future__ import annotations

import csv
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from safe_reasoning.core.cli import argument_parser
from safe_reasoning.core.refusals import refuses
from safe_reasoning.judging.judges.xstest import CLASSES
from safe_reasoning.sources.table import MIRROR_VARIABLE

COMPLIANCE, REFUSAL, PARTIAL = CLASSES
FOLDER, NAME = Path("xstest/human_labels"), "xstest_v2_completions_"
SPLIT = "mistralinstruct"  # the model whose odd ids were read
FITTED = ("llama2new", "gpt4", f"{SPLIT}, odd ids")


class Response(NamedTuple):
    """One labelled response: the group it is counted in, its class, its text."""

    group: str
    label: str
    text: str


def labelled(folder: Path) -> Iterator[Response]:
    """Every response of every model in a folder."""
    for path in sorted(folder.glob(f"{NAME}*.csv")):
        model = path.stem.removeprefix(NAME)
        with path.open(newline="", encoding="utf-8") as lines:
            for row in csv.DictReader(lines):
                group = model
                if model == SPLIT:
                    group += ", odd ids" if int(row["id"].split("-")[-1]) % 2 else ", even ids"
                yield Response(group, row["final_label"], row["completion"])


def table(responses: list[Response]) -> str:
    """Rows of the table: refusals missed, compliances taken for refusals, partial refusals."""
    counts = Counter((one.group, one.label, refuses(one.text)) for one in responses)
    groups = list(dict.fromkeys(one.group for one in responses))

    def share(chosen: list[str], label: str, refused: bool) -> str:
        wrong = sum(counts[group, label, refused] for group in chosen)
        return f"{wrong} of {wrong + sum(counts[group, label, not refused] for group in chosen)}"

    lines = []
    for name, chosen in [*((group, [group]) for group in groups), ("all", groups)]:
        role = "" if name == "all" else "fitted" if name in FITTED else "held out"
        cells = [name, role, share(chosen, REFUSAL, False), share(chosen, COMPLIANCE, True)]
        lines.append(f"| {' | '.join([*cells, share(chosen, PARTIAL, True)])} |")
    return "\n".join(lines)


def main() -> None:
    argument_parser(__doc__).parse_args()
    mirror = os.environ.get(MIRROR_VARIABLE, "")
    responses = list(labelled(Path(mirror) / FOLDER)) if mirror else []
    if not responses:
        print(f"skipped: {MIRROR_VARIABLE} names no folder with {FOLDER}/{NAME}*.csv", file=sys.stderr)
        return
    start = time.perf_counter()
    print(table(responses))
    print(f"{len(responses)} responses in {time.perf_counter() - start:.2f} s", file=sys.stderr)


if __name__ == "__main__":
    main()
