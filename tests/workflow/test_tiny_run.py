"""The tiny configuration through every rule: what its results hold and what they must not show."""

import html
import io
import re
from collections import defaultdict
from pathlib import Path

import pandas as pd
import pytest
import yaml

from safe_reasoning.characterize.intervention_curve import NEUTRAL
from safe_reasoning.core.files import read_json, sha256
from safe_reasoning.core.records import read_rows
from safe_reasoning.core.sentences import split_sentences
from tests.support.commands import script, snakemake
from tests.support.paths import ROOT

pytestmark = pytest.mark.xdist_group("tiny_run")


def test_every_rule_ran(finished: Path):
    run = finished / "results/tiny"
    assert (run / "report.html").stat().st_size > 10_000
    listed = set(snakemake(finished, "--configfile", "tests/tiny.yaml", "--list-rules").stdout.split())
    # Collections of targets, and the rules of real weights (config/mini.yaml, config/paper.yaml).
    absent = {
        "all",
        "figures",
        "convert_gguf",
        "warm_up",
        "sample_own_answers",
        "summarize_warm_up",
        "fetch_base",
        "fetch_released",
        "fetch_judge",
        "write_trace_demonstrations",
    }
    absent |= {
        "fit_embedding_judge",
        "judge_labelled_texts",
        "audit_judges",
    }  # they need labels of people, which the nano world has not
    absent |= {"summarize_bsa", "audit_cues", "audit_onsets"}  # they need data of others
    absent |= {"read_generations", "link_folder"}  # generations and weights of the user
    absent |= {"summarize_over_bases"}  # config/demo_replicates.yaml has several
    absent |= {name for name in listed if name.endswith("_with_weights")}  # judges of their own weights
    ran = {path.name for path in (run / "logs").iterdir()}
    assert listed - absent <= ran
    rates = pd.read_csv(run / "metrics/rates_by_seed.csv")
    assert set(rates["method"]) == {
        "base",
        *yaml.safe_load((ROOT / "tests/tiny.yaml").read_text())["methods"],
    }
    assert rates["rate"].dropna().between(0, 1).all()


def words(content: str) -> list[str]:
    """The words of a file without markup and case."""
    return re.findall(r"\w+", html.unescape(re.sub(r"<[^<>]*>", " ", content)).casefold())


def test_no_text_of_prompts_or_generations_is_shown(finished: Path):
    """Logs, report, trace reader, metrics, tables and figures hold no prompt and no sentence of a generation, but triggers that the run found safe."""
    run = finished / "results/tiny"
    texts: dict[str, None] = {}
    for path in run.glob("prompts/*.parquet"):
        texts |= dict.fromkeys(
            text for row in read_rows(path, "prompts") for text in (row["text"], row["request"])
        )
    for path in [
        *run.glob("generations/**/rollouts.parquet"),
        *run.glob("generations/**/evaluation.parquet"),
    ]:
        for row in read_rows(path, "generations"):
            texts |= dict.fromkeys(
                sentence.text for sentence in split_sentences(row["text"].replace("</think>", "\n"))
            )
    candidates = read_json(run / "characterize/nano/triggers.json")["candidates"]
    shown = [" ".join(words(row["text"])) for row in candidates if row["low"] > 0.5]
    # Shorter sentences ("I know this.") may stand anywhere by chance; the neutral sentence is this project's own.
    hidden = {
        tuple(said) for said in map(words, texts) if len(said) >= 5 and " ".join(said) not in "; ".join(shown)
    } - {tuple(words(NEUTRAL))}
    assert len(hidden) > 100
    seen = [run / "report.html", run / "traces.html"]
    for pattern in ("logs/**/*.log", "metrics/**/*.csv", "tables/*.*", "figures/*.svg", "figures/*.csv"):
        found = list(run.glob(pattern))
        assert found
        seen += found
    for path in seen:
        said = words(path.read_text())
        starts: dict[tuple[str, ...], list[int]] = defaultdict(list)
        for place in range(len(said)):
            starts[tuple(said[place : place + 5])].append(place)
        leaked = [
            text
            for text in hidden
            for place in starts.get(text[:5], [])
            if tuple(said[place : place + len(text)]) == text
        ]
        assert not leaked, f"{path} holds {' '.join(leaked[0])}"
    page = (run / "traces.html").read_text()
    assert len(page.encode()) < 2_000_000 and page.count('class="block"') > 100
    assert 'href="traces.html"' in (run / "report.html").read_text()


def test_manifest_names_every_file_with_its_hash(finished: Path):
    run = finished / "results/tiny"
    named = read_json(run / "manifest.json")["files"]
    wrong = [path for path, entry in named.items() if sha256(run / path) != entry["sha256"]]
    assert not wrong and len(named) > 60
    kinds = ("metrics/*.csv", "tables/*", "figures/*")
    there = {str(path.relative_to(run)) for kind in kinds for path in run.glob(kind)}
    assert there | {"config.yaml"} == set(named)


RECORDED = yaml.safe_load((ROOT / "tests/workflow/recorded_rates.yaml").read_text())


def test_the_base_model_loses_what_was_recorded(finished: Path):
    curve = read_json(finished / "results/tiny/models/nano/base/training.json")["loss_curve"]
    stored = RECORDED["base_loss"]
    assert [step for step, _ in curve] == [step for step, _ in stored["curve"]]
    losses = [loss for _, loss in stored["curve"]]
    assert [loss for _, loss in curve] == pytest.approx(losses, rel=stored["within"]), curve


def test_rates_are_the_recorded_ones(finished: Path):
    """Within the tolerance that the file explains: a change of engine, sampler or judge shows."""
    rates = pd.read_csv(finished / "results/tiny/metrics/rates_by_seed.csv")
    found = rates.set_index(["method", "prompt_set", "part", "measure"])["rate"]
    message = [
        f"{name}: {found[tuple(name.split())]:.3f}, recorded {entry['rate']} +- {entry['within']}"
        for name, entry in RECORDED["rates"].items()
        if not abs(found[tuple(name.split())] - entry["rate"]) <= entry["within"]
    ]
    assert not message, message


def test_archive_of_a_run_holds_its_verdicts_and_no_text(finished: Path, tmp_path: Path):
    """No prompt, no attack and no completion of the run, nor any part of one that is longer than a sentence, is in the archive's bytes."""
    from safe_reasoning.archive.pack import unpack
    from safe_reasoning.core.records import read_rows

    run, archive, out = finished / "results/tiny", tmp_path / "tiny.zip", tmp_path / "out"
    written = script(ROOT, "write_archive", "--run", str(run), "--out", str(archive))
    assert written.returncode == 0 and "left out" not in written.stderr, written.stderr
    texts = {
        row[key]
        for path in run.glob("prompts/*.parquet")
        for row in read_rows(path, "prompts")
        for key in ("text", "request")
    }
    completions = [
        row["text"] for path in run.glob("generations/**/*.parquet") for row in read_rows(path, "generations")
    ]
    for completion in completions:
        texts |= {completion, *(line for line in completion.splitlines() if line.count(". ") > 1)}
    texts = {text for text in texts if len(text) > 20}
    found = unpack(archive)
    assert (
        len(texts) > 500
        and sum(name.endswith(".parquet") for name in found.files)
        == len(list(run.glob("verdicts/**/*.parquet")))
        > 5
    )
    whole = "\n".join(
        pd.read_parquet(io.BytesIO(content)).to_csv()
        if name.endswith(".parquet")
        else content.decode(errors="replace")
        for name, content in {**found.files, **found.others}.items()
    )
    assert not [text for text in texts if text in whole]
    assert str(finished) not in whole
    drawn = script(ROOT, "redraw", "--archive", str(archive), "--out", str(out))
    assert drawn.returncode == 0, drawn.stderr
    assert (out / "tables/table_triggers.csv").read_bytes() == (
        run / "tables/table_triggers.csv"
    ).read_bytes()
