"""What goes into a run's archive.

Its evidence and what it was made with, masked (see `masking`), under the names that the files have
in the repository.
"""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from safe_reasoning.archive import allow_list, ro_crate
from safe_reasoning.archive.pack import METADATA
from safe_reasoning.config import validate
from safe_reasoning.core import redaction
from safe_reasoning.core.errors import UserError
from safe_reasoning.core.files import read_json, write_bytes
from safe_reasoning.core.records import read_rows
from safe_reasoning.report.manifest import check_manifest, entry
from safe_reasoning.report.metrics import require_metrics
from safe_reasoning.report.page import write_report
from safe_reasoning.report.write_item import write_item

# Of the repository: licence and citation, the workflow's rules, sources, locks, published numbers.
OF_THE_PROJECT = (
    "LICENSE",
    "CITATION.cff",
    "Snakefile",
    "workflow/rules/*.smk",
    "config/sources.yaml",
    "envs/*.lock",
    "results/published/*",
)
WHERE_THERE = ("containers/digests.lock",)  # written on a connected machine, not everywhere
# Of what a manifest names. A manifest that comes to name more (generations, say) is refused, not
# followed.
OF_THE_RUN = re.compile(
    r"config\.yaml|metrics/[a-z0-9_]+\.csv|tables/[a-z0-9_]+\.(csv|md)|figures/[a-z0-9_]+\.(csv|png|svg)"
)
TEMPLATES = "workflow/report"
# What shows trigger sentences: drawn again where some are left out.
FIGURES_WITH_SENTENCES = ("fig6_intervention_curve",)
TABLES_WITH_SENTENCES = ("table_triggers",)


def _of_the_project(project: Path) -> dict[str, bytes]:
    """Files of the repository; a missing one is a UserError."""
    contents: dict[str, bytes] = {}
    for pattern in (*OF_THE_PROJECT, *WHERE_THERE):
        found = sorted(path for path in project.glob(pattern) if path.is_file())
        if not found and pattern not in WHERE_THERE:
            raise UserError(
                f"{project / pattern} does not exist: write the archive in a whole copy of the repository"
            )
        contents |= {path.relative_to(project).as_posix(): path.read_bytes() for path in found}
    return contents


def _json(value: Any) -> bytes:
    return (json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()


def _meta(path: Path) -> bytes:
    """A meta file, the same bytes where nothing has to be left out."""
    meta = read_json(path)
    return path.read_bytes() if (masked := allow_list.mask_meta(meta)) == meta else _json(masked)


def _config(path: Path) -> tuple[bytes, dict[str, Any]]:
    """The resolved configuration, the same bytes where nothing has to be left out."""
    raw = yaml.safe_load(path.read_bytes())
    masked = allow_list.mask_config(raw)
    return (path.read_bytes() if masked == raw else yaml.safe_dump(masked, sort_keys=False).encode()), masked


def _prompt_texts(run: Path) -> list[str]:
    """Every prompt of the run, as it was asked and without an attack around it.

    None in stored evidence.
    """
    rows = [row for path in sorted(run.glob("prompts/*.parquet")) for row in read_rows(path, "prompts")]
    return [text for row in rows for text in (row["text"], row["request"])]


def _verdicts(run: Path) -> dict[str, bytes]:
    """The run's verdict files with their meta files; none in stored evidence."""
    contents: dict[str, bytes] = {}
    for path in sorted(run.glob("verdicts/**/*.parquet")):
        name = path.relative_to(run).as_posix()
        contents[name] = allow_list.mask_verdicts(path)
        contents[f"{name}.meta.json"] = _meta(path.with_name(f"{path.name}.meta.json"))
    return contents


def _mask_sentences(files: dict[str, bytes], config: Mapping[str, Any], prompts: list[str]) -> int:
    """Leave trigger sentences out of the run's files where they may not go.

    The number of those left out.
    """
    name = "metrics/triggers.csv"
    if name not in files:
        return 0
    invented = {model for model, settings in config["models"].items() if settings["kind"] == "nano"}
    files[name], hidden = allow_list.mask_triggers(files[name], invented, redaction.ngrams(prompts))
    return hidden


def _draw_again(folder: Path, published: Path) -> dict[str, bytes]:
    """What shows trigger sentences, drawn from masked metrics."""
    stems = [
        *(f"figures/{figure}" for figure in FIGURES_WITH_SENTENCES),
        *(f"tables/{table}" for table in TABLES_WITH_SENTENCES),
    ]
    for stem in stems:
        write_item(Path(stem).name, folder / "metrics", published, folder / stem)
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for stem in stems
        for path in sorted(folder.glob(f"{stem}.*"))
    }


def _evidence(run: Path, project: Path) -> tuple[dict[str, bytes], dict[str, Any], list[str]]:
    """Configuration, metrics, tables, figures, manifest and report of a run, its masked
    configuration, and what was left out, in words.
    """
    manifest = check_manifest(run)
    left_out: list[str] = []
    if unexpected := [name for name in manifest["files"] if not OF_THE_RUN.fullmatch(name)]:
        raise UserError(
            f"{run / 'manifest.json'} names {unexpected[0]}, which is no metric, table or figure, so it "
            "is not archived: see what wrote it"
        )
    files = {name: (run / name).read_bytes() for name in sorted(manifest["files"])}
    files["config.yaml"], config = _config(run / "config.yaml")
    for name in [name for name in files if name.startswith("metrics/")]:
        allow_list.check_metrics(Path(name).stem, files[name])
        files[f"{name}.meta.json"] = _meta(run / f"{name}.meta.json")
    prompts = _prompt_texts(run)
    hidden = _mask_sentences(files, config, prompts)
    if not prompts and any(settings["kind"] != "nano" for settings in config["models"].values()):
        left_out.append(f"the check that no trigger sentence quotes a prompt, since {run} holds no prompts")
    with tempfile.TemporaryDirectory(prefix="archive-") as name:
        folder = Path(name)
        for file, content in files.items():
            write_bytes(folder / file, content)
        if hidden:
            left_out.append(
                f"{hidden} trigger sentences, which are not known to be harmless or which quote a prompt"
            )
            files |= _draw_again(folder, project / "results/published")
        changed = sorted(file for file, found in manifest["files"].items() if entry(files[file]) != found)
        if changed:
            entries = {file: entry(files[file]) for file in manifest["files"]}
            manifest = {**manifest, "files": entries, "masked": changed}
        files["manifest.json"] = _json(manifest) if changed else (run / "manifest.json").read_bytes()
        # Written again even where the run has one: the page shows the configuration and the trigger
        # sentences.
        settings = validate(config, f"{run}/config.yaml")
        files["report.html"] = write_report(
            settings, folder / "figures", folder / "tables", project / TEMPLATES, manifest
        ).encode()
    return files, config, left_out


def gather(run: Path, project: Path) -> tuple[dict[str, bytes], list[str]]:
    """Everything that goes into the archive of a run, by name, with its RO-Crate metadata.

    And what does not, in words.

    Args:
        run: folder of a finished run; one without metrics, or with evidence that is not what its
            manifest says, is a UserError.
        project: the repository.
    """
    require_metrics(run)
    evidence, config, left_out = _evidence(run, project)
    verdicts = _verdicts(run)
    if not verdicts:
        left_out.append(f"verdicts, since {run} holds none (stored evidence has metrics alone)")
    contents = _of_the_project(project)
    contents |= {
        f"results/{config['run']}/{name}": content for name, content in {**evidence, **verdicts}.items()
    }
    about = ro_crate.About.of(config, contents, left_out)
    contents["README.md"] = about.readme().encode()
    contents[METADATA] = ro_crate.metadata(about, contents)
    return contents, left_out
