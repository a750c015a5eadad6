"""config/one_gpu.yaml: small reasoning models on one card in about a day, with no endpoint, no key and no gated source."""

import pytest
import yaml

from safe_reasoning.config import Config, changed, read, validate
from safe_reasoning.plan import memory, needed_sources, preflight
from safe_reasoning.plan.checked_config import checked
from safe_reasoning.plan.estimate import plan
from safe_reasoning.plan.step import totals
from safe_reasoning.plan.training_steps import parameters_of
from safe_reasoning.sources import table
from tests.support.paths import ROOT

FILES = ("one_gpu", "one_gpu_80gb")


def raw(size: str) -> dict:
    """The configuration, for 80 GB with the file that stands on it."""
    first = read(ROOT / "config/one_gpu.yaml")
    return first if size == "one_gpu" else changed(first, read(ROOT / f"config/{size}.yaml"))


@pytest.fixture(scope="module", params=FILES)
def config(request: pytest.FixtureRequest) -> Config:
    return checked(validate(raw(request.param), request.param))


def test_it_asks_no_one_and_needs_no_token(config: Config):
    assert not config.endpoints and {step.chat for step in plan(config)} <= {"", *table.table()}
    assert [name for name in needed_sources.needed(config) if table.source(name).gated] == []


def test_it_fits_its_card_once_its_sources_are_pinned(
    config: Config, monkeypatch: pytest.MonkeyPatch, tmp_path
):
    monkeypatch.chdir(ROOT)
    monkeypatch.delenv(table.MIRROR_VARIABLE, raising=False)
    (line,) = preflight.refusals(config)
    assert "is floating" in line
    pinned = table.TABLE.read_text().replace("revision: floating", f"revision: {'a' * 40}")
    (tmp_path / "sources.yaml").write_text(pinned)
    monkeypatch.setattr(table, "TABLE", tmp_path / "sources.yaml")
    assert preflight.refusals(config) == []


def test_full_fine_tuning_does_not_fit_24_gb():
    without = raw("one_gpu")
    for method in without["methods"].values():
        method["lora_rank"] = None
    config = validate(without, "test")
    sizes = {model: parameters_of(config, model) for model in config.models}
    lines = memory.problems(config, sizes, 1, 2)
    assert len(lines) == 2 and all("set lora_rank" in line for line in lines)


def test_the_pages_state_what_the_plan_says():
    page, list_of_files = (
        " ".join((ROOT / path).read_text().split()) for path in ("docs/paper-scale.md", "config/README.md")
    )
    for size in FILES:
        total = totals(plan(checked(validate(raw(size), size))))
        assert 16 < total.gpu_hours < 26, "about a day"
        said = f"{total.gpu_hours:.0f} GPU-hours"
        assert f"`{size}.yaml`" in list_of_files and said in list_of_files, (size, said)
        assert f"{said}, {total.generations / 1000:.0f} thousand generations" in page, (size, said)


def test_the_overlay_changes_only_what_is_there():
    """A mistyped method or set would be one more, not a change."""
    first, overlay = raw("one_gpu"), yaml.safe_load((ROOT / "config/one_gpu_80gb.yaml").read_text())
    for block in ("models", "methods", "judges", "prompt_sets"):
        assert set(overlay.get(block, {})) <= set(first[block]), block
