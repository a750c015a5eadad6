"""The GPU check: its pieces, its arithmetic, its result files, and every stage on the CPU at tiny sizes."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import yaml

from safe_reasoning.config import load as load_config
from safe_reasoning.core.errors import UserError
from safe_reasoning.gpu_check import demo, fit, pieces, settings
from safe_reasoning.gpu_check.record import Record, close_unfinished, compare
from safe_reasoning.plan.measured_rates import measured_rates

ROOT = Path(__file__).parents[1]
TINY = ROOT / "tests/gpu-check-tiny.yaml"


def some_files(folder: Path) -> dict[str, bytes]:
    files = {"large": os.urandom(2500), "sub/small": b"abc", "sub/empty": b"", "middle": os.urandom(900)}
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return files


def test_files_are_cut_into_pieces_and_put_together(tmp_path: Path):
    files = some_files(tmp_path / "content")
    cut = pieces.cut(tmp_path / "content", files, tmp_path / "bundle", 1000)
    assert all(sum(part["bytes"] for part in piece) <= 1000 for piece in cut)
    assert len([part for piece in cut for part in piece if part["name"] == "large"]) == 3
    assert pieces.join(tmp_path / "bundle", tmp_path / "out") == sorted(files)
    assert {name: (tmp_path / "out" / name).read_bytes() for name in files} == files


def test_a_missing_or_changed_piece_is_one_line(tmp_path: Path):
    files = some_files(tmp_path / "content")
    pieces.cut(tmp_path / "content", files, tmp_path / "bundle", 1000)
    part = next((tmp_path / "bundle").glob("piece-*/large.part1of3"))
    part.write_bytes(b"x" * part.stat().st_size)
    with pytest.raises(UserError, match="large of .* is not the file that was cut"):
        pieces.join(tmp_path / "bundle", tmp_path / "out")
    (tmp_path / "bundle/piece-2/contents.json").unlink()
    with pytest.raises(UserError, match="lacks piece-2"):
        pieces.join(tmp_path / "bundle", tmp_path / "out")
    with pytest.raises(UserError, match="holds no pieces"):
        pieces.join(tmp_path / "nowhere", tmp_path / "out")


def test_a_line_over_layers_gives_the_whole_model():
    passes = fit.line([2, 4, 8], [0.5, 0.7, 1.1])
    assert (passes.start, passes.slope) == pytest.approx((0.3, 0.1))
    assert passes.residual < 1e-9 < fit.line([2, 4, 8], [0.5, 0.9, 1.1]).residual
    step = fit.whole_step(passes, 1e-10, fit.line([1, 2], [fit.GIB, fit.GIB]), 32, 8 * 10**9, 4096, 8)
    assert step.seconds == pytest.approx(3.5 + 0.1)
    assert step.tokens_per_second == pytest.approx(4096 / 3.6)
    assert step.memory_gib == pytest.approx(16 * 10**9 / fit.GIB + 1)  # ZeRO-3: 16 bytes a weight, an eighth each
    with pytest.raises(ValueError, match="two layer counts"):
        fit.line([4, 4], [1, 1])


def test_a_stage_that_fails_says_so(tmp_path: Path):
    file = tmp_path / "a.json"
    record = Record(file, "a", "cpu")
    assert json.loads(file.read_text())["status"] == "running"
    with record.item("first"):
        raise RuntimeError("broken")
    record.check("later", True)
    assert not record.finish()
    content = json.loads(file.read_text())
    assert content["status"] == "failed"
    assert content["errors"] == {"first": "RuntimeError: broken"}
    assert content["checks"]["later"]["passed"]
    assert not Record(tmp_path / "b.json", "b", "cpu").finish(), "nothing was checked"
    close_unfinished(file, "a", "stopped")
    assert json.loads(file.read_text())["status"] == "out of time"


@pytest.mark.parametrize(("found", "passed"), [([1.0, 2.0], True), ([1.0, 2.1], False), ([1.0, float("nan")], False)])
def test_a_trajectory_is_compared_with_the_recorded_one(tmp_path: Path, found: list[float], passed: bool):
    record = Record(tmp_path / "a.json", "a", "cpu")
    compare(record, "x", found, {"x": [1.0, 2.0]}, 0.01)
    compare(record, "y", found, {}, 0.01)
    assert record.content["checks"]["x against the recorded run"]["passed"] is passed
    assert not record.content["checks"]["y has a recorded trajectory"]["passed"]
    with pytest.raises(ValueError, match="cannot be compared"):
        compare(record, "x", [1.0], {"x": [1.0, 2.0]}, 0.01)


def test_intervals_that_share_no_value_are_found():
    stored = pd.DataFrame({"model": ["a", "b", "c"], "low": [0.1, 0.1, None], "high": [0.2, 0.2, None]})
    found = pd.DataFrame({"model": ["a", "b", "c"], "low": [0.15, 0.21, 0.0], "high": [0.3, 0.3, 1.0]})
    assert demo.overlaps(found, stored, ["model"])["overlap"].tolist() == [True, False]


def test_settings_are_checked(tmp_path: Path):
    whole = settings.load(ROOT / "config/gpu-check.yaml")
    names = [name for group in whole.together for name in group]
    assert sorted(names) == sorted(whole.limits) == ["demo", "engine", "environment", "mini", "rates", "training"]
    assert whole.seconds < 600
    (tmp_path / "a.yaml").write_text(yaml.safe_dump({"together": [["rates"]], "limits": {"rates": 1}, "rates": {"lenghts": [1]}}))
    with pytest.raises(UserError, match="lenghts"):
        settings.load(tmp_path / "a.yaml")


def rates_file(folder: Path, **changes: object) -> Path:
    measured: dict[str, object] = {"card": "Some GPU", "engine": "transformers", "widths divided by": 1}
    for shape, factor in (("x", 1), ("y", 3)):
        measured[f"{shape}: sampling by batch size"] = {
            "128": {"fits": True, "tokens_per_second": 10.0 * factor},
            "256": {"fits": True, "tokens_per_second": 100.0 * factor},
            "512": {"fits": False},
        }
        for length, speed in ((2048, 40.0), (8192, 20.0)):
            measured[f"{shape}: training at {length} tokens, whole model"] = {"tokens_per_second": speed * factor}
    content = {"stage": "rates", "device": "cuda", "measured": measured} | changes
    (folder / "rates.json").write_text(json.dumps(content))
    return folder / "rates.json"


def test_the_plan_takes_the_rates_and_says_what_they_were_measured_on(tmp_path: Path):
    config = load_config(ROOT / "config/paper.yaml")
    used = measured_rates(config, rates_file(tmp_path))
    assert used.config.plan.generation_tokens_per_gpu_second == pytest.approx(150)  # harmonic mean of 100 and 300
    assert used.config.plan.training_tokens_per_gpu_second == pytest.approx(60)
    assert "Some GPU" in used.generation and "256 sequences" in used.generation
    assert "vllm, which was not measured" in used.generation and "2048 tokens" in used.training
    assert measured_rates(config, tmp_path) == used, "the folder does as well"
    half = measured_rates(config, rates_file(tmp_path, measured={"widths divided by": 1}))
    assert half.config.plan == config.plan and half.training == half.generation == "the configuration's estimate"
    for trial in ({"device": "cpu"}, {"stage": "engine"}, {"measured": {"widths divided by": 32}}):
        with pytest.raises(UserError, match="no rates of a GPU"):
            measured_rates(config, rates_file(tmp_path, **trial))
    assert measured_rates(config, None).training == "the configuration's estimate"


def test_shapes_have_the_published_number_of_weights():
    from safe_reasoning.gpu_check import shapes

    for name, shape in shapes.SHAPES.items():
        assert shapes.parameters(shapes.configuration(name)) == shape["parameters"], name
        assert shapes.configuration(name, layers=2, divide=32).num_hidden_layers == 2


@pytest.fixture(scope="module")
def carried(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small nano base and the runs that the CPU recorded with it."""
    folder = tmp_path_factory.mktemp("carried")
    tiny = yaml.safe_load((ROOT / "tests/tiny.yaml").read_text())
    tiny["models"]["nano"] |= {"documents": 300, "threads": 1}
    (folder / "config.yaml").write_text(yaml.safe_dump(tiny))
    nano = ["--config", str(folder / "config.yaml"), "--model", "nano", "--out", str(folder / "nano")]
    run("train_nano_base.py", *nano)
    recorded = {}
    for stage in ("engine", "training"):
        result = check(folder, folder / "recorded", "--record", "--stage", stage)
        assert result.returncode == 0, result.stderr[-6000:]
        recorded[stage] = json.loads((folder / f"recorded/{stage}.json").read_text())["recorded"]
    (folder / "reference.json").write_text(json.dumps(recorded))
    return folder


def run(script: str, *options: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src"), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, str(ROOT / "scripts" / script), *options]
    return subprocess.run(command, capture_output=True, text=True, env=environment, cwd=ROOT, timeout=1500)


def check(carried: Path, out: Path, *options: str, config: Path = TINY) -> subprocess.CompletedProcess[str]:
    folders = ["--carried", str(carried), "--work", str(out / "work"), "--out", str(out)]
    return run("gpu_check.py", "--device", "cpu", "--config", str(config), *folders, *options)


def test_stages_on_the_cpu(carried: Path, tmp_path: Path):
    """Engine, trainings (with DeepSpeed, a kill and a resume) and rates, against the recorded runs."""
    result = check(carried, tmp_path, "--stages", "environment", "engine", "training", "rates")
    log = (tmp_path / "check.log").read_text()
    assert result.returncode == 0, result.stderr[-3000:] + log[-6000:]
    stages = {name: json.loads((tmp_path / f"{name}.json").read_text()) for name in ("environment", "engine", "training", "rates")}
    assert {stage["status"] for stage in stages.values()} == {"passed"}
    assert "nano greedy tokens are the CPU's" in stages["engine"]["checks"]
    compared = stages["training"]["checks"]
    for name in ("ipo", "ipo_stage2", "sft", "nano_base"):
        assert compared[f"{name} against the recorded run"]["largest_difference"] < 1e-5  # the same processor
    assert compared["resumed has the losses of ipo"]["largest_difference"] < 1e-6
    assert {"zero2 has the losses of ipo", "zero3 has the losses of ipo", "checkpointed has the losses of ipo"} <= set(compared)
    assert stages["training"]["measured"]["ipo"]["gradient_norms"][0] > 0
    whole = stages["rates"]["measured"]["qwen3_8b: training at 32 tokens, whole model"]
    assert whole["tokens_per_second"] > 0 and whole["gpus"] == 8
    with pytest.raises(UserError, match="no rates of a GPU"):
        measured_rates(load_config(ROOT / "config/paper.yaml"), tmp_path)


def test_a_stage_that_is_stopped_keeps_what_it_had(carried: Path, tmp_path: Path):
    hurried = yaml.safe_load(TINY.read_text())
    hurried["limits"]["rates"] = 25
    hurried["rates"] |= {"batch_sizes": [1], "new_tokens": 5000, "divide": 64}
    hurried["rates"]["shapes"] = ["llama_8b", "qwen3_8b"]
    (tmp_path / "hurried.yaml").write_text(yaml.safe_dump(hurried))
    result = check(carried, tmp_path, "--stages", "rates", config=tmp_path / "hurried.yaml")
    assert result.returncode == 1
    content = json.loads((tmp_path / "rates.json").read_text())
    assert content["status"] == "out of time" and "stopped after 25 s" in content["errors"]["end"]
    assert content["checks"]["llama_8b has the published number of weights"]["passed"]
    assert json.loads((tmp_path / "summary.json").read_text())["statuses"] == {"rates": "out of time"}


def test_other_weights_than_the_recorded_ones_fail(carried: Path, tmp_path: Path):
    other = json.loads((carried / "reference.json").read_text())
    other["engine"]["nano greedy"][0][0] += 1
    for name in ("nano", "reference.json"):
        (tmp_path / name).symlink_to(carried / name)
    (tmp_path / "reference.json").unlink()
    (tmp_path / "reference.json").write_text(json.dumps(other))
    result = check(tmp_path, tmp_path / "out", "--stage", "engine")
    assert result.returncode == 1
    content = json.loads((tmp_path / "out/engine.json").read_text())
    assert not content["checks"]["nano greedy tokens are the CPU's"]["passed"]


@pytest.mark.slow
def test_the_demo_through_snakemake(carried: Path, tmp_path: Path):
    """Every rule of the tiny run on the carried base; its metrics are no demo's, so only the base's own are compared."""
    result = check(carried, tmp_path, "--stage", "demo")
    content = json.loads((tmp_path / "demo.json").read_text())
    assert content["checks"]["the workflow ran to its end"]["passed"], result.stderr[-6000:]
    assert content["checks"]["the metrics were compared"]["tables"] == len(demo.TABLES)
    assert content["measured"]["rates: by method"]["harmful reasoning, mean"].keys() >= {"base", "ipo", "grpo_y"}
