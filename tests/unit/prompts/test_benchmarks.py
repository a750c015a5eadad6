"""Benchmark readers on small files of the real form, in a mirror of their own."""

import csv
import hashlib
import io
import json
from pathlib import Path

import pandas as pd
import pytest
import yaml

from safe_reasoning.config import Config, validate
from safe_reasoning.core.errors import UserError
from safe_reasoning.prompts.benchmarks import jailbreakbench, star1, xstest
from safe_reasoning.prompts.prompt_sets import make_prompt_set, warm_up_prompts
from safe_reasoning.sources import table as sources_table

STAR1 = [
    {
        "id": str(9 - i),
        "question": f" [request {i}] ",
        "response": "...",
        "category": ["Self-Harm", "Violence / Physical Harm"],
        "source": "x",
        "score": {},
    }
    for i in range(8)
]


def as_csv(rows: list[dict[str, str]]) -> bytes:
    out = io.StringIO()
    writer = csv.DictWriter(out, rows[0].keys())
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


@pytest.fixture
def mirror(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    behaviours = [
        {
            "Index": str(i),
            "Goal": f"Goal {i}, with a comma",
            "Target": "",
            "Behavior": "b",
            "Category": "c",
            "Source": "s",
        }
        for i in range(6)
    ]
    labels = ["safe", "unsafe", "safe"]
    xs = [
        {"id": str(i), "prompt": f"Prompt {i}?", "type": "homonyms", "label": x, "focus": "", "note": ""}
        for i, x in enumerate(labels)
    ]
    files = {
        "jailbreakbench_harmful": as_csv(behaviours),
        "jailbreakbench_benign": as_csv(behaviours[:5]),
        "xstest": as_csv(xs),
        "star1": json.dumps(STAR1).encode(),
    }
    table = yaml.safe_load(sources_table.TABLE.read_text())
    for name, content in files.items():
        path = tmp_path / table[name]["mirror_file"]
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
        table[name]["sha256"] = hashlib.sha256(content).hexdigest()
        table[name]["rows"] = {
            "jailbreakbench_harmful": 6,
            "jailbreakbench_benign": 5,
            "xstest": 3,
            "star1": 8,
        }[name]
    table["star1"]["content_sha256"] = star1.content_sha256(STAR1)
    (tmp_path / "sources.yaml").write_text(yaml.safe_dump(table))
    monkeypatch.setattr(sources_table, "TABLE", tmp_path / "sources.yaml")
    monkeypatch.delenv(sources_table.MIRROR_VARIABLE, raising=False)
    return str(tmp_path)


def test_jailbreakbench(mirror: str) -> None:
    rows = jailbreakbench.prompts("harmful", mirror)
    assert len(rows) == 6
    assert rows[2] == {"text": "Goal 2, with a comma", "category": "c", "gold": ""}
    assert len(jailbreakbench.prompts("benign", mirror)) == 5


def test_xstest_keeps_the_safe_prompts(mirror: str) -> None:
    assert [row["text"] for row in xstest.prompts("safe", mirror)] == ["Prompt 0?", "Prompt 2?"]


def test_star1_is_ordered_by_id_and_the_same_from_either_form(
    mirror: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    rows = star1.prompts("harmful", mirror)
    assert rows[0] == {"text": "[request 7]", "category": "Self-Harm", "gold": ""}
    parquet = tmp_path / "hub.parquet"
    pd.DataFrame(STAR1).drop(columns="score").sample(frac=1, random_state=0).to_parquet(parquet)
    monkeypatch.setattr(star1, "fetch", lambda *_: parquet)
    assert star1.prompts("harmful", None) == rows


def test_star1_with_other_rows_is_refused(
    mirror: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    other = tmp_path / "other.json"
    other.write_text(json.dumps(STAR1[1:]))
    monkeypatch.setattr(star1, "fetch", lambda *_: other)
    with pytest.raises(UserError, match="are not those pinned"):
        star1.prompts("harmful", None)


@pytest.mark.parametrize(
    ("module", "known"), [(jailbreakbench, "harmful, benign"), (xstest, "safe"), (star1, "harmful")]
)
def test_an_unknown_split_lists_the_known(module: object, known: str, mirror: str) -> None:
    with pytest.raises(UserError, match=f"no split 'other': use .*{known}"):
        module.prompts("other", mirror)  # type: ignore[attr-defined]


def small_config(mirror: str) -> Config:
    return validate(
        {
            "run": "test",
            "data_mirror": mirror,
            "decoding": {"max_new_tokens": 8},
            "models": {},
            "prompt_sets": {
                "align_harmful": {"source": "star1_harmful", "role": "align_harmful", "skip": 3, "limit": 4},
                "align_benign": {
                    "source": "jailbreakbench_benign",
                    "role": "align_benign",
                    "skip": 2,
                    "limit": 2,
                },
                "safety": {"source": "jailbreakbench_harmful", "role": "safety", "limit": 3},
                "refusal": {"source": "xstest_safe", "role": "overrefusal"},
            },
            "methods": {},
            "evaluate": {"judge": "lexical"},
        },
        "test",
    )


def test_the_warm_up_shares_no_prompt_with_alignment(mirror: str) -> None:
    config = small_config(mirror)
    for role, counts in (("align_harmful", (3, 4)), ("align_benign", (2, 2))):
        left_out = {row["text"] for row in warm_up_prompts(role, config)}
        used = {row["text"] for row in make_prompt_set(role, config)}
        assert (len(left_out), len(used)) == counts
        assert not left_out & used
    assert warm_up_prompts("safety", config) == []
