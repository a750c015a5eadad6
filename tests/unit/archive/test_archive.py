"""The archive of a run: the same bytes every time, no text that must not leave, refused when altered, and enough to redraw everything."""

import io
import json
import shutil
import zipfile
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from rocrate.rocrate import ROCrate

from safe_reasoning.archive import allow_list
from safe_reasoning.archive.contents import gather
from safe_reasoning.archive.pack import METADATA, unpack
from safe_reasoning.core import redaction
from safe_reasoning.core.files import sha256, write_bytes, write_json
from safe_reasoning.report.manifest import write_manifest
from tests.support.made_run import ATTACK, COMPLETION, MIRROR, REQUEST, WORDS, copy, refused
from tests.support.paths import ROOT

pytestmark = [pytest.mark.xdist_group("archive"), pytest.mark.long]


def test_archive_holds_what_it_should(archived: Path):
    found = unpack(archived)
    assert found.run == "made"
    assert {
        "LICENSE",
        "CITATION.cff",
        "Snakefile",
        "README.md",
        "config/sources.yaml",
        "envs/cpu.lock",
    } <= set(found.others)
    assert {"results/published/table2.csv", "workflow/rules/evaluate.smk"} <= set(found.others)
    assert {
        "config.yaml",
        "manifest.json",
        "report.html",
        "metrics/rates_by_seed.csv",
        "metrics/rates_by_seed.csv.meta.json",
    } <= set(found.files)
    assert {
        "tables/claims.md",
        "figures/fig_main.png",
        "verdicts/nano/base/seed0/evaluation.exact.parquet",
    } <= set(found.files)
    assert not any("generations/" in name or "prompts/" in name for name in {**found.files, **found.others})


def test_no_text_and_no_place_of_the_machine_is_in_the_archive(archived: Path):
    with zipfile.ZipFile(archived) as archive:
        contents = {name: archive.read(name) for name in archive.namelist()}
    for name, content in contents.items():
        for text in (
            REQUEST,
            ATTACK,
            COMPLETION,
            WORDS,
            "mix the paint",
            MIRROR,
            "of-this-machine",
            "secret",
            str(ROOT),
        ):
            assert text.encode() not in content, (name, text)
    verdicts = pq.read_table(
        io.BytesIO(contents["results/made/verdicts/nano/base/seed0/evaluation.exact.parquet"])
    )
    assert verdicts.schema.names == list(allow_list.VERDICTS) and verdicts.schema.metadata is None
    assert verdicts["value"].to_pylist() == [True, None] and verdicts["detail"].to_pylist() == [
        "",
        "no_think_end",
    ]
    kept = yaml.safe_load(contents["results/made/config.yaml"])
    assert kept["data_mirror"] is None and kept["endpoints"]["asked"]["base_url"] == "https://example.org/v1"
    manifest = json.loads(contents["results/made/manifest.json"])
    assert manifest["masked"] == ["config.yaml"]
    assert json.loads(contents["results/made/metrics/kl.csv.meta.json"])["tables"] == ["kl.csv"]


@pytest.mark.parametrize("column", [name for name, pattern in allow_list.VERDICTS.items() if pattern])
def test_a_verdict_that_says_more_is_refused_without_repeating_it(
    column: str, made_run: Path, tmp_path: Path
):
    run = copy(made_run, tmp_path)
    path = run / "verdicts/nano/base/seed0/evaluation.exact.parquet"
    table = pq.read_table(path)
    pq.write_table(
        table.set_column(table.schema.get_field_index(column), column, pa.array(["fine", COMPLETION])), path
    )
    message = refused(lambda: gather(run, ROOT))
    assert column in message and "paint" not in message


def test_metrics_with_an_unknown_column_or_a_long_cell_are_refused(made_run: Path, tmp_path: Path):
    run = copy(made_run, tmp_path)
    table = pd.read_csv(run / "metrics/kl.csv")
    for change, report in (({"completion": "x"}, "completion"), ({"method": COMPLETION}, "method")):
        table.assign(**change).to_csv(run / "metrics/kl.csv", index=False)
        write_manifest(run, run / "manifest.json")
        message = refused(lambda: gather(run, ROOT))
        assert "metrics/kl.csv" in message and report in message and "paint" not in message


def test_what_a_manifest_names_beyond_evidence_is_refused(made_run: Path, tmp_path: Path):
    run = copy(made_run, tmp_path)
    manifest = json.loads((run / "manifest.json").read_text())
    path = run / "generations/nano/base/seed0/evaluation.parquet"
    manifest["files"][path.relative_to(run).as_posix()] = {
        "sha256": sha256(path),
        "bytes": path.stat().st_size,
    }
    write_json(run / "manifest.json", manifest)
    assert "generations/nano" in refused(lambda: gather(run, ROOT))


def test_only_what_is_drawn_anew_shows_trigger_sentences(made_run: Path):
    """The two lists of archive_contents are complete: no other figure, table or metric holds the sentences of the invented run."""
    from safe_reasoning.archive.contents import FIGURES_WITH_SENTENCES, TABLES_WITH_SENTENCES

    found = {
        path.stem
        for path in made_run.rglob("*")
        if path.suffix in (".csv", ".md", ".svg") and "I should not." in path.read_text()
    }
    assert found == {"triggers", *FIGURES_WITH_SENTENCES, *TABLES_WITH_SENTENCES}


def test_crate_loads_and_says_what_everything_is(archived: Path):
    crate = ROCrate(archived)
    root, main = crate.root_dataset, crate.mainEntity
    assert (
        main.id == "Snakefile"
        and "ComputationalWorkflow" in main.type
        and main["programmingLanguage"]["name"] == "Snakemake"
    )
    assert main["programmingLanguage"]["version"] == "9.27.1" and {
        "name",
        "version",
        "license",
        "creator",
    } <= set(main)
    profiles = [item["@id"] for item in crate.metadata.properties()["conformsTo"]]
    assert profiles == ["https://w3id.org/ro/crate/1.1", "https://w3id.org/workflowhub/workflow-ro-crate/1.0"]
    assert (
        root["license"].id == "https://spdx.org/licenses/Apache-2.0"
        and root["author"]["name"] == "The maintainers of this reproduction"
    )
    assert (
        root["citation"].id == "https://arxiv.org/abs/2509.24393"
        and root["citation"].type == "ScholarlyArticle"
    )
    assert (
        "A model organism, not a language model." in root["description"] and "a" * 40 in root["description"]
    )
    software = {item["name"]: item["softwareVersion"] for item in main["softwareRequirements"]}
    assert software == unpack(archived).manifest["software"]
    with zipfile.ZipFile(archived) as archive:
        names = set(archive.namelist()) - {METADATA}
    files = {item.id: item for item in crate.data_entities}
    assert set(files) == names
    for name, item in files.items():
        path = Path(crate.source) / name
        assert (item["sha256"], item["contentSize"]) == (sha256(path), str(path.stat().st_size))
        assert item["description"] and item["encodingFormat"]


def test_a_run_that_is_not_whole_is_refused(made_run: Path, tmp_path: Path):
    run = copy(made_run, tmp_path)
    for name in ("metrics/kl.csv", "tables/claims.md", "figures/fig_main.png", "config.yaml"):
        content = (run / name).read_bytes()
        write_bytes(run / name, content + b" ")
        assert name in refused(lambda: gather(run, ROOT))
        (run / name).unlink()
        assert f"{name} is missing" in refused(lambda: gather(run, ROOT))
        write_bytes(run / name, content)
    write_bytes(run / "metrics/new.csv", b"n\n1\n")
    assert "metrics/new.csv is not in the manifest" in refused(lambda: gather(run, ROOT))
    (run / "metrics/new.csv").unlink()
    (run / "metrics/kl.csv.meta.json").unlink()
    assert "kl.csv.meta.json does not exist" in refused(lambda: gather(run, ROOT))
    write_json(run / "manifest.json", {"files": {}, "commit": "c", "software": {}})
    assert "names no metrics" in refused(lambda: gather(run, ROOT))
    (run / "manifest.json").unlink()
    assert "manifest.json does not exist" in refused(lambda: gather(run, ROOT))
    shutil.rmtree(run / "metrics")
    assert "holds no metrics" in refused(lambda: gather(run, ROOT))


def test_runs_of_words_find_quotes():
    known = redaction.ngrams([REQUEST, "Hi there!", ""])
    assert redaction.quotes("I will not give ALL the steps, for making: anything", known)
    assert redaction.quotes("They said hi there.", known) and not redaction.quotes(
        "The steps for making anything", known
    )
    assert not redaction.quotes("", known) and not redaction.quotes("all the steps for", known)
