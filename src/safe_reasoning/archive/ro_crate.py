"""The RO-Crate metadata of an archive.

A Workflow RO-Crate (1.0, on RO-Crate 1.1) whose main entity is the Snakefile.

It claims no run of that Snakefile (as a Workflow Run Crate would): metrics may have been measured
at other commits than the archive was written at. All of them are named.
"""

from __future__ import annotations

import json
import re
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

import yaml
from rocrate.model.contextentity import ContextEntity
from rocrate.rocrate import ROCrate

from safe_reasoning.archive.about import About
from safe_reasoning.archive.pack import describe
from safe_reasoning.core.provenance import commit

VERSION = "1.1"  # of RO-Crate; the last for which the Workflow profile 1.0 is written
MAIN = "Snakefile"
MEDIA = {
    ".csv": "text/csv",
    ".html": "text/html",
    ".json": "application/json",
    ".lock": "text/plain",
    ".md": "text/markdown",
    ".parquet": "application/vnd.apache.parquet",
    ".png": "image/png",
    ".smk": "text/x-python",
    ".svg": "image/svg+xml",
    ".yaml": "application/yaml",
    ".cff": "application/yaml",
    "": "text/plain",
}
# What files are, by the beginning of their names; the first that fits counts.
KINDS = {
    "CITATION.cff": "How to cite this reproduction and the paper",
    "LICENSE": "Text of the licence",
    "README.md": "What is in this archive, and how to draw from it again",
    "config/": "Sources of data and weights, with commits and checksums; none of them is in this archive",
    "containers/": "Digests of the container images",
    "envs/": "Lock of a Python environment, with hashes",
    "results/published/": "Numbers of the paper, as read from it, with marks of how sure they are",
    "results/{run}/config.yaml": "Resolved configuration of the run with every default, without local paths",
    "results/{run}/figures/": "Figure, or the data behind one",
    "results/{run}/manifest.json": (
        "SHA-256 and size of the configuration and of every metric, table and figure, with versions and "
        "commit"
    ),
    "results/{run}/metrics/": "Metrics, from which figures and tables are drawn",
    "results/{run}/report.html": "The run's figures, tables and claims on one page",
    "results/{run}/tables/": "Table",
    "results/{run}/verdicts/": "Verdicts on generations: ids, parts, measures, values; no text",
    "Snakefile": (
        "The workflow; its rules are in workflow/rules, its scripts and library in the repository at this "
        "version"
    ),
    "workflow/rules/": "Rules of the workflow",
}


def _day() -> str:
    """The day of the repository's commit, so that the same archive is the same bytes.

    Outside a repository this day.
    """
    command = ["git", "log", "-1", "--format=%cd", "--date=short"]
    try:
        found = subprocess.run(
            command, cwd=Path(__file__).parent, capture_output=True, text=True, timeout=10
        ).stdout.strip()
    except (OSError, subprocess.TimeoutExpired):
        found = ""
    return found or time.strftime("%Y-%m-%d")


def _kind(run: str, name: str) -> str:
    """What a file is, in words."""
    if name.endswith(".meta.json"):
        return f"What made {PurePosixPath(name).name.removesuffix('.meta.json')}: versions, commit, settings"
    return next(words for start, words in KINDS.items() if name.startswith(start.format(run=run)))


def _file(about: About, name: str, content: bytes) -> dict[str, Any]:
    """The properties of a file."""
    encoding = MEDIA.get(PurePosixPath(name).suffix, "application/octet-stream")
    return {
        "name": name,
        "description": _kind(about.run, name),
        "encodingFormat": encoding,
        **describe(content),
    }


def _alone(values: list[ContextEntity]) -> list[ContextEntity] | ContextEntity:
    """A single value instead of a list of one, as RO-Crate recommends."""
    return values[0] if len(values) == 1 else values


def _person(crate: ROCrate, author: Mapping[str, str], number: int) -> ContextEntity:
    """An author of CITATION.cff: a person has a family name, anything else is an organization."""
    kind = "Person" if "family-names" in author else "Organization"
    name = author.get("name") or f"{author.get('given-names', '')} {author['family-names']}".strip()
    return crate.add(
        ContextEntity(crate, author.get("orcid", f"#author-{number}"), {"@type": kind, "name": name})
    )


def _paper(crate: ROCrate, reference: Mapping[str, Any]) -> ContextEntity:
    """The paper, by its arXiv number."""
    arxiv = next(
        item["value"].removeprefix("arXiv:")
        for item in reference["identifiers"]
        if item["value"].startswith("arXiv:")
    )
    properties = {
        "@type": "ScholarlyArticle",
        "name": reference["title"],
        "identifier": f"arXiv:{arxiv}",
        "datePublished": str(reference["year"]),
        "url": f"https://arxiv.org/abs/{arxiv}",
    }
    return crate.add(ContextEntity(crate, f"https://arxiv.org/abs/{arxiv}", properties))


def _locked(contents: Mapping[str, bytes], package: str) -> str | None:
    """The version of a package in the locks."""
    locks = [content.decode() for name, content in sorted(contents.items()) if name.endswith(".lock")]
    return next(
        (found[1] for lock in locks if (found := re.search(rf"^{package}==([^\s;\\]+)", lock, re.MULTILINE))),
        None,
    )


def metadata(about: About, contents: Mapping[str, bytes]) -> bytes:
    """The content of ro-crate-metadata.json for an archive's other files."""
    citation = yaml.safe_load(contents["CITATION.cff"])
    crate = ROCrate(version=VERSION)
    # schema.org's, younger than the context of RO-Crate 1.1
    crate.metadata.extra_terms["sha256"] = "http://schema.org/sha256"
    licence = crate.add(
        ContextEntity(
            crate,
            f"https://spdx.org/licenses/{citation['license']}",
            {
                "@type": "CreativeWork",
                "name": citation["license"],
                "description": f"The licence {citation['license']}; its text is the file LICENSE",
            },
        )
    )
    authors = [_person(crate, author, number) for number, author in enumerate(citation["authors"], start=1)]
    papers = [_paper(crate, reference) for reference in citation["references"]]
    software = [
        crate.add(
            ContextEntity(
                crate,
                f"#software-{name}",
                {"@type": "SoftwareApplication", "name": name, "softwareVersion": version},
            )
        )
        for name, version in sorted(about.software.items())
    ]
    workflow = crate.add_workflow(
        dest_path=MAIN, main=True, lang="snakemake", lang_version=_locked(contents, "snakemake")
    )
    properties = {
        **_file(about, MAIN, contents[MAIN]),
        "name": citation["title"],
        "version": commit(),
        "license": licence,
        "creator": _alone(authors),
        "softwareRequirements": software,
    }
    for key, value in properties.items():
        workflow[key] = value
    for name in sorted(set(contents) - {MAIN}):
        file = crate.add_file(dest_path=name, properties=_file(about, name, contents[name]))
        if name == "README.md":
            file["about"] = crate.root_dataset
    crate.root_dataset._jsonld.pop("datePublished")
    for key, value in {
        "name": f"{citation['title']}: run {about.run}",
        "description": about.description,
        "datePublished": _day(),
        "license": licence,
        "author": _alone(authors),
        "citation": _alone(papers),
    }.items():
        crate.root_dataset[key] = value
    return (
        json.dumps(crate.metadata.generate(), indent=1, sort_keys=True, ensure_ascii=False) + "\n"
    ).encode()
