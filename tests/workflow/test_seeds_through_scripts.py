"""Three training seeds through the scripts: from verdicts to main table, figures and scorecard."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from safe_reasoning.core.records import write_rows
from safe_reasoning.core.run_layout import Variant
from safe_reasoning.report import metrics as report_metrics
from safe_reasoning.report.claims import scorecard
from safe_reasoning.report.tables import table2_main, table_clean, table_sample_count
from tests.support.drawing import draw
from tests.support.metrics_fixture import write_metrics
from tests.support.paths import PUBLISHED, ROOT
from tests.support.seeded_verdicts import HARM, ROLES, SIZES, verdicts_of


@pytest.fixture(scope="module")
def verdicts() -> dict[Variant, list[dict]]:
    return verdicts_of(3)


def script(name: str, *arguments: object) -> None:
    result = subprocess.run(
        [sys.executable, ROOT / f"scripts/{name}.py", *map(str, arguments)],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
    )
    assert result.returncode == 0, result.stderr


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, verdicts: dict[Variant, list[dict]]) -> Path:
    """Metrics of a made run with three seeds: what comes from verdicts by the scripts, the rest invented."""
    folder = tmp_path_factory.mktemp("run")
    ids = [(name, f"{name}-{number:04d}") for name, size in SIZES.items() for number in range(size)]
    write_rows(
        folder / "prompts.parquet",
        "prompts",
        [
            {"prompt_id": i, "prompt_set": s, "role": ROLES[s], "category": "", "text": "", "gold": ""}
            for s, i in ids
        ],
        {},
    )
    files: dict[str, list[Path]] = {"verdicts": [], "generations": []}
    for variant, rows in verdicts.items():
        place = folder / f"nano/{variant.method}/seed{variant.seed}"
        generations = [
            {"generation_id": f"{i}.0", "prompt_id": i, "prompt_set": s, "text": "<think>a</think>b"}
            for s, i in ids
        ]
        for schema, content in (("verdicts", rows), ("generations", generations)):
            files[schema].append(place / f"{schema}.parquet")
            write_rows(files[schema][-1], schema, content, {})
    metrics = write_metrics(folder / "metrics", seeds=(0, 1, 2))
    (folder / "contaminated.csv").write_text("prompt_id\ndirect-0001\n")
    config = yaml.safe_load((ROOT / "tests/tiny.yaml").read_text())
    for settings in config["prompt_sets"].values():
        settings.pop("benchmark", None)
    (folder / "config.yaml").write_text(yaml.safe_dump(config | {"seeds": [0, 1, 2]}))
    script("summarize_evaluation", "--config", folder / "config.yaml", "--model", "nano", "--prompts", folder / "prompts.parquet", "--generations", *files["generations"],
           "--verdicts", *files["verdicts"], "--contaminated", folder / "contaminated.csv", "--out", folder / "nano_metrics")  # fmt: skip
    for path in sorted((folder / "nano_metrics").glob("*.csv")):
        script("join_metrics", "--tables", path, "--out", metrics / path.name)
    return metrics


def test_main_table_shows_mean_and_spread(run: Path):
    frame = table2_main.data(run, PUBLISHED).set_index("model and method")
    rate = (
        report_metrics.read(run, "rates")
        .query("method == 'sft_safe' and prompt_set == 'safety_average' and part == 'reasoning'")
        .iloc[0]
    )
    cell = frame.loc["nano, SFT (safe traces)", "safety_average reasoning"]
    assert (
        cell
        == f"{100 * rate['rate']:.1f} ± {100 * rate['sd']:.1f} [{100 * rate['low']:.1f}, {100 * rate['high']:.1f}]"
        and rate["sd"] > 0.2
    )
    assert "nano: prompts (samples of 3 seeds)" in frame.index and len(
        [name for name in frame.index if name.startswith("nano, ")]
    ) == len(HARM)
    clean = table_clean.data(run, PUBLISHED).set_index("method")
    assert set(clean["seeds"]) == {3} and set(clean["prompts, without overlap"]) == {49}


@pytest.mark.parametrize("name", ["fig_main", "fig2_reasoning_vs_response", "fig_efficiency"])
def test_figures_show_the_mean_with_its_interval_and_each_seed(name: str, run: Path, tmp_path: Path):
    frame = draw(name, run, tmp_path / name)
    assert set(frame["seed"]) == {"mean", "0", "1", "2"}
    mean, of_seeds = frame[frame["seed"] == "mean"], frame[frame["seed"] != "mean"]
    assert mean["low"].notna().all() and of_seeds["low"].isna().all() and 3 * len(mean) == len(of_seeds)


def test_sample_count_table_has_a_column_per_number(run: Path):
    frame = table_sample_count.data(run, PUBLISHED)
    assert {"1 per prompt", "2 per prompt", "3 per prompt", "one more sample", "infinite samples"} <= set(
        frame.columns
    ) and len(frame) == 2 * len(HARM)


def test_scorecard_rests_on_all_seeds(run: Path):
    card = scorecard.score(run).set_index("id")
    assert card["rests on"]["ipo_lowers_reasoning"].startswith("3 training seeds")
    assert (
        card["verdict"]["ipo_lowers_reasoning"] == "reproduced"
        and "3 seeds" in card["ours"]["ipo_lowers_reasoning"]
    )
    # SFT's trainings lie so far apart that nobody can say it is beaten; one seed of them would have said so.
    assert (
        card["verdict"]["ipo_best_reasoning"] == "within noise"
        and card["ours"]["ipo_best_reasoning"].count("3 seeds") == 3
    )
    assert card["verdict"]["reward_z"] == "not reproduced"
