"""The workflow itself: a tiny configuration through every rule, nothing to do the second time, killed runs that finish, faults told in one line."""

import html
import io
import json
import os
import re
import signal
import subprocess
import time
from collections import defaultdict
from pathlib import Path

import pandas as pd
import pytest
import yaml

from safe_reasoning.characterize.intervention_curve import NEUTRAL
from safe_reasoning.core.files import read_json
from safe_reasoning.core.records import read_rows
from safe_reasoning.core.sentences import split_sentences
from tests.support.commands import jobs, script, snakemake
from tests.support.paths import ROOT
from tools.project_copy import SNAKEMAKE, copy_project


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_project(tmp_path_factory.mktemp("project"))


@pytest.fixture(scope="module")
def finished(project: Path) -> Path:
    """The tiny run, killed twice on its way: while it generates and while it trains."""
    for marker in ("generations/nano/base/shards/*/*.parquet", "models/nano/*/seed0/checkpoint-*"):
        kill_when(project, f"results/tiny/{marker}")
    snakemake(project, "--configfile", "tests/tiny.yaml")
    return project


def kill_when(folder: Path, pattern: str) -> None:
    """Start the tiny run and kill -9 it with all its jobs as soon as a file appears."""
    process = subprocess.Popen(
        [*SNAKEMAKE, "--configfile", "tests/tiny.yaml"],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    deadline = time.monotonic() + 600
    while not list(folder.glob(pattern)) and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.2)
    assert process.poll() is None, f"the run ended before {pattern} appeared"
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


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
    assert len(hidden) > 100 and shown
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


def test_second_run_has_nothing_to_do(finished: Path):
    begin = time.monotonic()
    result = snakemake(finished, "--configfile", "tests/tiny.yaml")
    assert "Nothing to be done" in result.stdout + result.stderr
    assert time.monotonic() - begin < 60  # a hang, not a speed


def test_changed_figure_code_redraws_that_figure_only(finished: Path):
    module = finished / "src/safe_reasoning/report/figures/fig4_rollout_diversity.py"
    module.write_text(module.read_text() + "\n# a change\n")
    planned = jobs(snakemake(finished, "--configfile", "tests/tiny.yaml", "--dry-run"))
    assert "draw_figure" in planned and planned <= {"draw_figure", "write_report", "write_manifest", "all"}
    figures = sorted((finished / "results/tiny/figures").glob("*.svg"))
    before = {path.name: path.stat().st_mtime_ns for path in figures}
    snakemake(finished, "--configfile", "tests/tiny.yaml")
    assert [path.name for path in figures if path.stat().st_mtime_ns != before[path.name]] == [
        "fig4_rollout_diversity.svg"
    ]


def test_changed_setting_reaches_the_rules_that_use_it(finished: Path):
    """And a dry run leaves the configuration that jobs read, and that the manifest names, as it was."""
    before = (finished / "results/tiny/config.yaml").read_bytes()
    changed = yaml.safe_load((finished / "tests/tiny.yaml").read_text())
    changed["evaluate"]["kl_tokens"] = 21
    (finished / "changed.yaml").write_text(yaml.safe_dump(changed))
    planned = jobs(snakemake(finished, "--configfile", "changed.yaml", "--dry-run"))
    assert "measure_kl" in planned and not planned & {
        "train_method",
        "generate_evaluation",
        "train_nano_base",
    }
    assert "write_manifest" in planned
    assert (finished / "results/tiny/config.yaml").read_bytes() == before


def test_another_judge_reaches_all_that_asks_it(finished: Path):
    """GRPO is rewarded by it, and the characterization counts by it; only what is sampled before anybody judges stays."""
    changed = yaml.safe_load((finished / "tests/tiny.yaml").read_text())
    changed["evaluate"] |= {"judge": "lexical", "more_judges": []}
    (finished / "judged.yaml").write_text(yaml.safe_dump(changed))
    result = snakemake(finished, "--configfile", "judged.yaml", "--dry-run")
    assert {
        "train_method",
        "estimate_csr",
        "rank_triggers",
        "correct_interventions",
        "build_overrefusal_pairs",
    } <= jobs(result)
    assert re.search(
        r"^ +output: results/tiny/models/nano/grpo_zy/seed0/training.json",
        result.stdout + result.stderr,
        re.MULTILINE,
    )
    assert not jobs(result) & {"sample_rollouts", "train_nano_base"}


def test_a_judge_with_weights_has_a_gpu_and_the_others_do_not(project: Path):
    guard = {
        "run": "guarded",
        "judges": {"guard": {"kind": "llama_guard"}},
        "evaluate": {"more_judges": ["guard", "embedding"], "audit": ["guard", "phrases"]},
    }
    (project / "guard.yaml").write_text(yaml.safe_dump(guard | {"resources": {"gpus": 1}}))
    result = snakemake(project, "--configfile", "config/mini.yaml", "guard.yaml", "--dry-run")
    said = result.stdout + result.stderr
    job = r"^rule (judge_\w+):\n(?:    .*\n)*?    wildcards: .*judge=(\w+)\n(?:    .*\n)*?    resources: .*?gpu=(\d)"
    assert {(name, judge): gpu for name, judge, gpu in re.findall(job, said, re.MULTILINE)} == {
        ("judge_generations_with_weights", "guard"): "1",
        ("judge_labelled_texts_with_weights", "guard"): "1",
        ("judge_generations", "lexical"): "0",
        ("judge_generations", "embedding"): "0",
        ("judge_labelled_texts", "phrases"): "0",
    }


def test_manifest_names_every_metric_with_its_hash(finished: Path):
    manifest = json.loads((finished / "results/tiny/manifest.json").read_text())
    text = json.dumps(manifest)
    assert "metrics/rates_by_seed.csv" in text and "tables/table2_main.csv" in text


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


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"tempreature": 1}, "tempreature"),
        ({"methods": {"ipo": {"recipe": "magic", "learning_rate": 1e-4}}}, "methods.ipo.recipe"),
    ],
)
def test_bad_configuration_stops_in_one_line(project: Path, change: dict, named: str):
    (project / "bad.yaml").write_text(
        yaml.safe_dump(yaml.safe_load((ROOT / "tests/tiny.yaml").read_text()) | change)
    )
    result = snakemake(project, "--configfile", "bad.yaml", "--dry-run", check=False)
    assert result.returncode != 0
    assert sum(named in line for line in (result.stdout + result.stderr).splitlines()) == 1


def test_a_judge_with_weights_of_its_own_is_fetched_and_never_evaluated(project: Path):
    """Two judges are configured, one judges: its weights alone are fetched, once, and the run plans no other job than with the exact judge."""
    raw = yaml.safe_load((ROOT / "tests/tiny.yaml").read_text())
    judges = {
        "judges": {"guard": {"kind": "llama_guard"}, "other": {"kind": "qwen3guard", "reading": "loose"}}
    }
    (project / "judged.yaml").write_text(
        yaml.safe_dump(raw | judges | {"evaluate": raw["evaluate"] | {"judge": "guard"}})
    )
    (project / "exact.yaml").write_text(yaml.safe_dump(raw))
    counts = []
    for name in ("judged.yaml", "exact.yaml"):
        shown = snakemake(project, "--configfile", name, "--dry-run", "--forceall").stdout
        counts.append(dict(re.findall(r"^([a-z][a-z_]+) +(\d+)$", shown, re.MULTILINE)))
    # A rule of its own, on a GPU, judges what the exact judge judges here; those that only read along stay where they were.
    judged = int(counts[0].pop("judge_generations_with_weights")) + int(counts[0]["judge_generations"])
    assert judged == int(counts[1]["judge_generations"])
    counts[0]["judge_generations"] = counts[1]["judge_generations"]
    assert (
        counts[0].pop("fetch_judge") == "1" and int(counts[0].pop("total")) == int(counts[1].pop("total")) + 1
    )
    assert counts[0] == counts[1]


def test_bad_input_of_scripts_is_one_line(project: Path, tmp_path: Path):
    """Unknown benchmark name, missing model folder, generations without think tags."""
    from safe_reasoning.core.records import write_rows

    raw = yaml.safe_load((ROOT / "tests/tiny.yaml").read_text())
    raw["prompt_sets"]["direct"]["source"] = "nano_nothing"
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(raw))
    prompt = {
        "prompt_id": "direct-0",
        "prompt_set": "direct",
        "role": "safety",
        "category": "",
        "text": "hi",
        "gold": '{"restricted": true}',
    }
    write_rows(tmp_path / "prompts.parquet", "prompts", [prompt], {})
    generation = {
        "generation_id": "g",
        "prompt_id": "direct-0",
        "prompt_set": "direct",
        "sample": 0,
        "seed": 0,
        "given_tokens": 0,
        "text": "no tags",
    }
    generation |= {"prompt_token_ids": [1], "token_ids": [1], "finish_reason": "stop"}
    write_rows(tmp_path / "generations.parquet", "generations", [generation], {})
    out = str(tmp_path / "out.parquet")
    prompts = ["--prompts", str(tmp_path / "prompts.parquet")]
    cases = [
        script(project, "make_prompts", "--config", str(tmp_path / "config.yaml"), "--prompt-set", "direct", "--out", out),
        script(
            project, "generate_evaluation", "--config", "tests/tiny.yaml", "--model-dir", "nowhere", *prompts, "--seed", "0",
            "--shards", str(tmp_path / "shards"), "--out", out,
        ),
        script(project, "judge_generations", "--config", "tests/tiny.yaml", "--judge", "exact", "--generations", str(tmp_path / "generations.parquet"), *prompts, "--out", out),
        script(project, "judge_generations", "--config", "tests/tiny.yaml", "--judge", "oracle", "--generations", str(tmp_path / "generations.parquet"), *prompts, "--out", out),
    ]  # fmt: skip
    expected = ["nano_nothing", "nowhere", "</think>", "oracle"]
    for result, named in zip(cases, expected, strict=True):
        errors = [line for line in result.stderr.splitlines() if line.startswith("error: ")]
        assert result.returncode == 1 and len(errors) == 1 and named in errors[0], result.stderr
    assert not Path(out).exists()
