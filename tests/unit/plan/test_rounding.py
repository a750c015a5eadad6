"""Numbers of a plan have the digits that its rates allow, and CPU runs hours of processors."""

from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from safe_reasoning.config import Config, load, validate
from safe_reasoning.config.loading import changed, read
from safe_reasoning.plan.estimate import plan
from safe_reasoning.plan.measured_rates import measured_rates
from safe_reasoning.plan.rounding import about, duration
from safe_reasoning.plan.step import totals, with_base_seconds
from safe_reasoning.plan.table import hours, plan_table, rate_lines
from tests.support.paths import ROOT, TINY


@pytest.fixture(autouse=True)
def in_the_project(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (122.1, "120"),
        (3369, "3,400"),
        (9.96, "10"),
        (99.6, "100"),
        (0.4449, "0.44"),
        (0.0031, "0.0031"),
        (1_080_904, "1,100,000"),
        (7, "7.0"),
        (0, "0"),
    ],
)
def test_two_digits(value: float, text: str):
    assert about(value) == text


def test_times_are_hours_or_minutes():
    assert duration(15.3) == "15 hours" and duration(0.14) == "8.4 minutes"


def table(config: Config, known: bool = True) -> str:
    console = Console(width=200, file=StringIO())
    console.print(plan_table(config, plan(config), known))
    return console.file.getvalue()  # type: ignore[attr-defined]


def test_counts_that_the_configuration_decides_are_exact_and_others_rounded():
    shown = table(load("config/paper.yaml"))
    assert "94,275" in shown and "12,000" in shown  # evaluation; a bound of pairs
    assert "95,000" in shown and "95,040" not in shown  # continuations, by an estimated share
    assert "GPU-hours" in shown and "1,100,000" in shown and "3,400" in shown


def test_a_run_without_gpus_is_planned_in_cpu_time_at_rates_of_a_cpu():
    used = measured_rates(load("config/demo.yaml"), None)
    assert used.known and "results/reference/demo" in used.generation and used.base_seconds > 100
    steps = with_base_seconds(plan(used.config), used.base_seconds)
    made = sum(step.gpu_hours for step in steps if step.stage == "base model")
    assert made == pytest.approx(used.base_seconds / 3600)
    assert 0.1 < totals(steps).gpu_hours < 0.7  # the demo took 21 minutes on two cores
    assert "CPU-hours" in table(used.config) and "GPU" not in table(used.config)
    lines = rate_lines(used, totals(steps))
    assert "job (threads: 1)" in lines[0] and " cores at best " in lines[-1]
    twice = used.config.model_copy(update={"engine": used.config.engine.model_copy(update={"threads": 2})})
    (one, two) = (hours(config, totals(steps)) for config in (used.config, twice))
    assert two == 2 * one


def test_a_cpu_without_a_known_rate_gets_no_hours():
    used = measured_rates(validate(changed(read(TINY), {"run": "new", "plan": {}}), "test"), None)
    (line,) = rate_lines(used, totals(plan(used.config)))
    assert not used.known and "MEASURED" in line
    with_hours, without = (table(used.config, known).split("in all")[1] for known in (True, False))
    assert len(without.split("│")) == len(with_hours.split("│")) and without != with_hours


def test_trainings_of_the_measured_run_take_what_they_took():
    used = measured_rates(load("config/demo.yaml"), Path("results/reference/demo"))
    planned = sum(step.gpu_hours for step in plan(used.config) if step.stage.startswith("training "))
    assert planned * 3600 == pytest.approx(197, rel=0.2)  # metrics/steps.csv: 196.7 s


def test_several_files_are_merged_as_snakemake_does(tmp_path: Path):
    (tmp_path / "my.yaml").write_text("run: mine\nplan: { gpus: 3 }\n")
    config = load("config/paper.yaml", tmp_path / "my.yaml")
    assert (config.run, config.plan.gpus, config.plan.gpu_memory_gib) == ("mine", 3, 80)
    assert load("config/paper.yaml").plan.gpus == 8
