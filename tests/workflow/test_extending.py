"""The examples of docs/extending.md work: their files are written and their changes made in a copy of the project, and it runs with them."""

import json
import os
import random
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import yaml

from safe_reasoning.core.records import write_rows
from tests.support.commands import jobs
from tests.support.paths import ROOT
from tools.project_copy import SNAKEMAKE, copy_project

PAGE = (ROOT / "docs/extending.md").read_text()
RUN = "results/extended"
CONFIGURATION = ["--configfile", "config/mini.yaml", "my.yaml"]


def parts(heading: str) -> list[tuple[str, str]]:
    """(path, text) of the code blocks under such a line."""
    return re.findall(rf"{heading}\s`(\S+)`:\n\n```\w+\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def changed(text: str, change: str) -> str:
    """The text after a change: lines with a minus give way to those with a plus, where they stand with their neighbours. Each place must be there once."""
    for hunk in change.split("@@\n"):
        lines = hunk.splitlines(keepends=True)
        before = "".join(line[1:] for line in lines if line[0] in " -")
        after = "".join(line[1:] for line in lines if line[0] in " +")
        assert text.count(before) == 1, (
            f"docs/extending.md changes what is there {text.count(before)} times:\n{before}"
        )
        text = text.replace(before, after)
    return text


def merged(first: dict, second: dict) -> dict:
    """Two configurations, the second one's values before the first one's."""
    return first | {
        key: merged(first[key], value) if isinstance(first.get(key), dict) else value
        for key, value in second.items()
    }


@pytest.fixture(scope="module")
def extended(tmp_path_factory: pytest.TempPathFactory, tiny_model: Path) -> Path:
    """The project with everything that the page adds to it."""
    folder = copy_project(tmp_path_factory.mktemp("extended"))
    for path, text in parts("New file"):
        assert not (folder / path).exists(), f"{path} is there already"
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    for path, text in parts("Add to"):
        (folder / path).write_text((folder / path).read_text() + "\n" + text)
    for path, text in parts("Change in"):
        (folder / path).write_text(changed((folder / path).read_text(), text))
    configuration: dict = {}
    for _, text in parts("In"):
        configuration = merged(configuration, yaml.safe_load(text))
    configuration["plan"] = {"disk_gib": 500}  # for weights that are never fetched here
    (folder / "my.yaml").write_text(yaml.safe_dump(configuration))
    shutil.copytree(tiny_model, folder / "mirror/models/qwen3_0_6b")
    shutil.copytree(ROOT / "results/reference/demo", folder / "results/demo")
    return folder


def run(folder: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """A command that must succeed."""
    environment = {**os.environ, "PYTHONPATH": "src", "SAFE_REASONING_DATA": "mirror", **variables}
    result = subprocess.run(
        arguments, cwd=folder, capture_output=True, text=True, timeout=300, env=environment
    )
    assert result.returncode == 0, (result.stdout + result.stderr)[-4000:]
    return result


def script(folder: Path, name: str, **options: object) -> subprocess.CompletedProcess[str]:
    """A script of the project with its options."""
    arguments = [
        word for option, value in options.items() for word in (f"--{option.replace('_', '-')}", str(value))
    ]
    return run(folder, sys.executable, f"scripts/{name}.py", *arguments)


def test_every_part_of_the_page_was_found():
    found = [len(parts(heading)) for heading in ("New file", "Add to", "Change in", "In")]
    assert sum(found) + 2 == PAGE.count("\n```\n"), (
        "a code block of docs/extending.md is under no such line (two are shell commands)"
    )
    assert min(found) >= 1


def test_what_is_added_takes_one_file_and_one_line():
    """Of the project's own files only the table of sources (data) and the contents of the report change."""
    assert [path for path, _ in parts("Change in")] == ["src/safe_reasoning/report/contents.py"]
    assert {path for path, _ in parts("Add to")} == {"config/sources.yaml"}
    code = [path.split("/")[-2] for path, _ in parts("New file") if path.startswith("src/")]
    assert sorted(code) == ["benchmarks", "detectors", "figures", "judges", "recipes"]


@pytest.fixture(scope="module")
def planned(extended: Path) -> subprocess.CompletedProcess[str]:
    """The dry run, which also leaves the whole configuration in results/extended/config.yaml."""
    return run(extended, *SNAKEMAKE, *CONFIGURATION, "-n", "--workflow-profile", "none")


def test_the_workflow_plans_all_of_it(planned: subprocess.CompletedProcess[str]):
    assert {"fetch_base", "warm_up"} <= jobs(planned)
    for file in (
        "models/qwen3_0_6b/base/training.json",
        "models/smollm2/ipo_strict/seed0/training.json",
        "models/smollm2/sft_whole/seed0/training.json",
        "models/qwen3_0_6b/sft_whole/seed0/training.json",
        "pairs/smollm2/intervened_lexical.parquet",  # what they learn from
        "prompts/own_requests.parquet",
        "verdicts/smollm2/sft_whole/seed0/evaluation.first_word.parquet",
        "pairs/smollm2/intervened_willing_word.parquet",
        "figures/fig_pairs.svg",
        "prompts/my_prompts.parquet",
        "verdicts/smollm2/other_model/seed0/evaluation.first_word.parquet",
    ):
        assert f"{RUN}/{file}" in planned.stdout + planned.stderr, file
    for file in ("ipo_stage2", "ds_qwen_1_5b/other_model"):  # removed; of one model alone
        assert f"/{file}/" not in planned.stdout + planned.stderr, file


def test_the_model_and_the_benchmark_are_read(extended: Path):
    targets = [f"{RUN}/models/qwen3_0_6b/base/training.json", f"{RUN}/prompts/own_requests.parquet"]
    run(extended, *SNAKEMAKE, *targets, *CONFIGURATION)
    assert json.loads((extended / targets[0]).read_text())["source"] == "qwen3_0_6b"
    prompts = pd.read_parquet(extended / targets[1])
    assert len(prompts) == 3 and set(prompts["category"]) == {"household", "garden"}


@pytest.mark.usefixtures("planned")
def test_prompts_and_generations_of_the_user_are_read(extended: Path, tiny_model: Path):
    prompts = f"{RUN}/prompts/my_prompts.parquet"
    run(extended, *SNAKEMAKE, prompts, *CONFIGURATION)
    assert set(pd.read_parquet(extended / prompts)["category"]) == {"household", "garden"}
    given = {
        "config": f"{RUN}/config.yaml",
        "method": "other_model",
        "file": "my_generations.jsonl",
        "seed": 0,
    }
    script(extended, "read_generations", **given, model_dir=tiny_model, prompts=prompts, out="read.parquet")
    read = pd.read_parquet(extended / "read.parquet")
    assert list(read["generation_id"]) == ["my_prompts-0000.0", "my_prompts-0001.0"]
    assert read["text"].str.contains("</think>").all() and (read["token_ids"].str.len() > 5).all()


def pair(number: int) -> dict:
    """A pair of random tokens with a shared reasoning prefix of 3."""
    draw = random.Random(number)
    prompt, chosen, rejected = ([draw.randrange(10, 300) for _ in range(count)] for count in (8, 6, 5))
    ids = {"prompt_ids": prompt, "chosen_ids": chosen, "rejected_ids": rejected, "prefix_tokens": 3}
    return {
        "pair_id": str(number),
        "prompt_id": str(number),
        **ids,
        "trigger": "t",
        "cue": "c",
        "rounds": 1,
        "source": "intervened",
    }


@pytest.mark.usefixtures("planned")
def test_the_recipe_trains_and_is_planned(extended: Path, tiny_model: Path):
    write_rows(extended / "pairs.parquet", "pairs", [pair(number) for number in range(8)], {})
    given = {"config": f"{RUN}/config.yaml", "model": "smollm2", "method": "sft_whole", "seed": 0}
    script(extended, "train_method", **given, base=tiny_model, pairs="pairs.parquet", out="trained")
    trained = json.loads((extended / "trained/training.json").read_text())
    assert trained["settings"]["recipe"] == "sft_whole" and trained["steps"] == 2 and trained["examples"] == 8
    assert "training sft_whole" in script(extended, "plan", config=f"{RUN}/config.yaml").stdout


@pytest.mark.usefixtures("planned")
def test_the_judge_and_the_detector_answer(extended: Path):
    program = (
        "from safe_reasoning.config import load; from safe_reasoning.judging.factory import get_detector, get_judge\n"
        "from safe_reasoning.judging.verdicts import judge_generations\n"
        f"config = load('{RUN}/config.yaml')\n"
        "prompt = {'prompt_id': 'p', 'role': 'safety', 'gold': ''}\n"
        "row = {'generation_id': 'g', 'prompt_id': 'p', 'prompt_set': 's', 'sample': 0, 'text': 'Hm.</think>Sorry, no.'}\n"
        "verdicts = judge_generations(get_judge('first_word', config), {'p': prompt}, [row])\n"
        "assert [v['value'] for v in verdicts] == [None, False], verdicts\n"
        "found = get_detector('willing_word', config).first_cues([['Okay.', 'They ask.', 'Sure, here it is.']])\n"
        "assert [cue.index for cue in found] == [2], found\n"
        "assert get_judge('guard_rubric', config).name == 'guard_rubric' and get_detector('guard_cues', config).name == 'guard_cues'\n"
    )
    run(extended, sys.executable, "-c", program, GUARD_KEY="none")


def test_the_figure_is_drawn_and_stands_in_the_report(extended: Path):
    demo = "results/demo"
    script(
        extended,
        "draw_figure",
        figure="fig_pairs",
        metrics=f"{demo}/metrics",
        published="results/published",
        out=f"{demo}/figures/fig_pairs",
    )
    assert (extended / demo / "figures/fig_pairs.csv").read_text().count(
        "\n"
    ) == 3  # a head and two detectors
    given = {"figures": f"{demo}/figures", "tables": f"{demo}/tables", "templates": "workflow/report"}
    script(extended, "write_report", config=f"{demo}/config.yaml", **given, out="report.html")
    assert "Where the attempts at pairs ended" in (extended / "report.html").read_text()
