"""Bring what names the repository's public address to CITATION.cff, where alone it is written.

python -m tools.citation
"""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from safe_reasoning.core.cli import command, progress
from safe_reasoning.core.files import write_bytes

ROOT = Path(__file__).parents[1]
UNKNOWN = "<address-of-this-repository>"
CLONE = re.compile(r"(?m)(?<=^git clone )\S+(?= safe-reasoning$)")
URLS = re.compile(r"\n\[project\.urls\]\n(?:[^\[\n].*\n)*")


def address(citation: str) -> str:
    """The public address in the text of a CITATION.cff, or what stands for it until then."""
    return str(yaml.safe_load(citation).get("repository-code", UNKNOWN))


def page(text: str, place: str) -> str:
    """A page whose command that clones the repository has its address."""
    return CLONE.sub(lambda _: place, text)


def project(text: str, place: str) -> str:
    """A pyproject.toml with the address, without one while there is none."""
    bare = URLS.sub("", text)
    if place == UNKNOWN:
        return bare
    return bare.replace(
        "\n[tool.setuptools.dynamic]",
        f'\n[project.urls]\nRepository = "{place}"\n\n[tool.setuptools.dynamic]',
        1,
    )


def pages() -> list[Path]:
    """The pages that clone the repository."""
    return [
        path
        for path in sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
        if CLONE.search(path.read_text())
    ]


@command
def main() -> None:
    place = address((ROOT / "CITATION.cff").read_text())
    for path in pages():
        write_bytes(path, page(path.read_text(), place).encode())
    path = ROOT / "pyproject.toml"
    write_bytes(path, project(path.read_text(), place).encode())
    progress(f"{len(pages())} pages and pyproject.toml name {place}")


if __name__ == "__main__":
    main()
