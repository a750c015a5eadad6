"""The workflow itself: a tiny configuration through every rule, nothing to do the second time, killed runs that finish, faults reported in one line."""

import re
from pathlib import Path

import pytest
import yaml

from tests.support.commands import script, snakemake
from tests.support.paths import ROOT
from tools.project_copy import copy_project


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_project(tmp_path_factory.mktemp("project"))


def test_a_judge_with_weights_has_a_gpu_and_the_others_do_not(tmp_path: Path):
    project = copy_project(tmp_path / "project")
    for rules in (project / "workflow/rules").glob("*.smk"):  # a dry run shows a message or resources
        rules.write_text(re.sub(r"^    message:\n {8}.*\n", "", rules.read_text(), flags=re.MULTILINE))
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


def test_the_scheduler_waits_for_jobs_and_does_not_poll(project: Path):
    """With Snakemake's default limit of jobs per second, each look for jobs leaves a timer behind."""
    snakefile = (project / "Snakefile").read_text()
    shown = 'onsuccess:\n    print("limit:", workflow.scheduler.job_rate_limiter)\n'
    (project / "Limited").write_text(f"{snakefile}\n{shown}")
    one = ("results/tiny/prompts/sums.parquet", "--snakefile", "Limited", "--configfile", "tests/tiny.yaml")
    result = snakemake(project, *one)
    assert "limit: None" in result.stdout + result.stderr
