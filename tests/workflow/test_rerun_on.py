"""What runs a job again: the judge that it asks, token limits, the pins of what it fetches."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.paths import ROOT
from tests.support.rerun_on import rerun_on
from tools.project_copy import copy_project

# Sources, and the rules that read them
PINNED = {
    "fetch_base": ({"model": "ds_llama_8b"}, {"deepseek_r1_distill_llama_8b"}),
    "fetch_released": ({"model": "ds_qwen_7b", "method": "star1", "seed": "0"}, {"star1_7b"}),
    "fetch_judge": ({"source": "llama_guard3_8b"}, {"llama_guard3_8b"}),
    "make_prompts": ({"prompt_set": "xstest"}, {"xstest"}),
    "attack_prompts": ({"prompt_set": "strongreject_pap"}, {"strongreject"}),
    "write_trace_demonstrations": ({"model": "ds_llama_8b", "traces": "star1"}, {"star1"}),
    "measure_contamination": ({}, {"star1"}),
    "judge_generations": (
        {"model": "ds_llama_8b", "part": "base/seed0/evaluation", "judge": "strict"},
        {"strongreject_rubric_system", "strongreject_rubric_user"},
    ),
    "audit_onsets": ({}, {"qwen3guard_thinking_loc", "qwen3_tokenizer"}),
    # And one of JailbreakBench's files, by what a mirror has
    "audit_judges": ({}, {f"xstest_labels_{name}" for name in ("gpt4", "llama2new", "mistralinstruct")}),
    "train_nano_base": ({"model": "ds_llama_8b"}, set()),
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_project(tmp_path_factory.mktemp("project"))


def write(project: Path, base: str, **sections: dict[str, Any]) -> str:
    """A configuration of the project with more entries in some sections."""
    raw = yaml.safe_load((ROOT / base).read_text())
    raw |= {name: raw.get(name, {}) | more for name, more in sections.items()}
    (project / "asked.yaml").write_text(yaml.safe_dump(raw))
    return "asked.yaml"


def judged(project: Path, limit: int | None = None, **chat: Any) -> dict[str, str]:
    """Of the tiny run where a chat model judges and scores what attacks find."""
    raw = yaml.safe_load((ROOT / "tests/tiny.yaml").read_text())
    benign = {"align_benign": raw["prompt_sets"]["align_benign"] | {"max_new_tokens": limit}}
    config = write(
        project,
        "tests/tiny.yaml",
        judges={"rubric": {"kind": "rubric", "chat": "judge"}},
        endpoints={"judge": {"model": "one", "max_tokens": 64} | chat, "scorer": {"model": "two"}},
        attacks={"pair_self": raw["attacks"]["pair_self"] | {"scorer": "scorer"}},
        prompt_sets=benign,
        evaluate={"judge": "rubric"},
    )
    variant = {"model": "nano", "method": "ipo", "seed": "0"}
    asked = {
        "attack_method": variant,
        "fit_step_scorer": {"model": "nano"},
        "sample_rollouts": {"model": "nano"},
    }
    return rerun_on(project, config, asked)


def changed(before: dict[str, str], after: dict[str, str]) -> set[str]:
    return {name for name in before if before[name] != after[name]}


def test_settings_reach_the_rules_that_depend_on_them_alone(project: Path):
    before = judged(project)
    assert changed(before, judged(project, model="another")) == {"attack_method", "fit_step_scorer"}
    # A time-out changes no reply
    assert changed(before, judged(project, limit=50, timeout_seconds=9)) == {"sample_rollouts"}
    # The endpoint that scores what an attack finds
    assert '"endpoints.scorer.model": "two"' in before["attack_method"]


def test_another_pin_runs_again_what_reads_the_source_and_nothing_else(project: Path):
    config = write(
        project,
        "config/paper.yaml",
        judges={"guard": {"kind": "llama_guard"}, "strict": {"kind": "strongreject", "chat": "long"}},
        endpoints={"long": {"model": "asked", "max_tokens": 512}},
        methods={"star1_trained": {"recipe": "sft_traces", "traces": "star1", "learning_rate": 1e-5}},
        evaluate={"more_judges": ["guard", "strict"]},
    )
    asked = {rule: wildcards for rule, (wildcards, _) in PINNED.items()}
    before = rerun_on(project, config, asked)
    table = project / "config/sources.yaml"
    pinned = table.read_text()
    read = {source for _, sources in PINNED.values() for source in sources}
    revisions = {source: f"{number:040x}" for number, source in enumerate(sorted(read), 10**6)}
    for source, revision in revisions.items():
        pinned, count = re.subn(
            rf"(^{source}:.*\n(?:  .*\n)*?  revision: ).*$", rf"\g<1>{revision}", pinned, flags=re.MULTILINE
        )
        assert count == 1, source
    table.write_text(re.sub(r"^  licence: .*$", "  licence: other terms", pinned, flags=re.MULTILINE))
    after = rerun_on(project, config, asked)
    for rule, (_, sources) in PINNED.items():
        found = {source for source, revision in revisions.items() if revision in after[rule]}
        assert found == sources, rule
        assert (before[rule] != after[rule]) == bool(sources), rule
