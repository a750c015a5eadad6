"""The benchmarks and trace sets of the paper on small made files: what is kept, what is drawn, and that a changed set is refused."""

import json
from pathlib import Path

import pandas as pd
import pytest
import yaml

from safe_reasoning.core.errors import UserError
from safe_reasoning.pairs.teacher_traces import trace_demonstrations
from safe_reasoning.prompts.benchmarks import (
    aime,
    harmbench,
    safechain,
    self_instruct,
    sorry_bench,
    star_benign,
    strongreject,
    unsafechain,
    wildjailbreak,
)
from safe_reasoning.prompts.published_traces import demonstration, is_complete
from safe_reasoning.sources import table as sources_table

TSV_ROWS = [
    {
        "adversarial": f" story {i} ",
        "label": "1",
        "data_type": "adversarial_harmful" if i % 3 else "adversarial_benign",
    }
    for i in range(600)
]
FILES: dict[str, list[dict]] = {
    "strongreject": [
        {"category": "c", "source": "s", "forbidden_prompt": f" request {i} "} for i in range(5)
    ],
    "strongreject_small": [{"category": "c", "source": "s", "forbidden_prompt": "request"}],
    "wildjailbreak": TSV_ROWS,
    "star_benign": [{"question": f"harmless {i}"} for i in range(4)],
    "self_instruct": [
        {"instruction": " Name a colour. ", "instances": [{"input": "", "output": "red"}]},
        {"instruction": "Sum up.", "instances": [{"input": "a short text", "output": ""}]},
        {"instruction": "Sum up.", "instances": [{"input": "a long text " * 100, "output": ""}]},
    ],
    "harmbench": [
        {
            "Behavior": f"b{i}",
            "FunctionalCategory": kind,
            "SemanticCategory": "illegal",
            "ContextString": "c" if kind == "contextual" else "",
        }
        for i, kind in enumerate(["standard", "copyright", "standard", "contextual"])
    ],
    "sorry_bench": [{"question_id": 1, "turns": ["ask"], "category": 7}],
    "aime2025": [{"problem": "1+1", "answer": 2}],
    "safechain": [
        {"instruction": "how", "response": "I think.\n</think>\nSorry."},
        {"instruction": "what", "response": "no tag at all"},
    ],
    "unsafechain": [{"prompt": "how", "response": "<think>\nI think.\n</think>\nSorry."}],
}


def write(path: Path, rows: list[dict]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".parquet":
        pd.DataFrame(rows).to_parquet(path)
    elif path.suffix == ".jsonl":
        path.write_text("\n".join(json.dumps(row) for row in rows))
    else:
        pd.DataFrame(rows).to_csv(path, index=False, sep="\t" if path.suffix == ".tsv" else ",")


@pytest.fixture
def mirror(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    table = yaml.safe_load(sources_table.TABLE.read_text())
    for name, rows in FILES.items():
        write(tmp_path / table[name]["mirror_file"], rows)
        table[name] |= {"rows": len(rows)}
        table[name].pop("sha256", None)
    (tmp_path / "sources.yaml").write_text(yaml.safe_dump(table))
    monkeypatch.setattr(sources_table, "TABLE", tmp_path / "sources.yaml")
    monkeypatch.delenv(sources_table.MIRROR_VARIABLE, raising=False)
    return str(tmp_path)


def test_plain_readers(mirror: str):
    assert [row["text"] for row in strongreject.prompts("full", mirror)] == [f"request {i}" for i in range(5)]
    assert len(strongreject.prompts("small", mirror)) == 1
    assert [row["text"] for row in harmbench.prompts("standard", mirror)] == ["b0", "b2"]
    (contextual,) = harmbench.prompts("contextual", mirror)
    assert contextual["text"] == "c\n\n---\n\nb3" and json.loads(contextual["gold"]) == {
        "behavior": "b3",
        "context": "c",
    }
    assert sorry_bench.prompts("base", mirror) == [{"text": "ask", "category": "7", "gold": ""}]
    assert len(star_benign.prompts("benign", mirror)) == 4
    (problem,) = aime.prompts("2025", mirror)
    assert json.loads(problem["gold"]) == {"scorer": "math", "answer": "2"} and "\\boxed{}" in problem["text"]


def test_tasks_carry_their_input_and_long_ones_are_left_out(mirror: str):
    texts = [row["text"] for row in self_instruct.prompts("seed", mirror)]
    assert texts == ["Name a colour.", "Sum up.\n\na short text"]


@pytest.mark.parametrize("instances", [[], "text", [{"output": "x"}], [{"input": 3}], None])
def test_a_task_without_an_input_is_refused(instances: object, mirror: str):
    rows = [{"instruction": "do it", "instances": instances}] * 3
    write(Path(mirror) / "self_instruct/seed_tasks.jsonl", rows)
    with pytest.raises(UserError, match="row 1: 'instances' must be"):
        self_instruct.prompts("seed", mirror)


def test_wildjailbreak_is_drawn_as_the_baselines_draw_it(mirror: str):
    from datasets import Dataset

    drawn = [row["text"] for row in wildjailbreak.prompts("eval", mirror)]
    harmful = [row["adversarial"] for row in TSV_ROWS if row["data_type"] == "adversarial_harmful"]
    assert drawn == [text.strip() for text in Dataset.from_dict({"a": harmful}).shuffle(seed=42)["a"][:250]]
    assert len(set(drawn)) == 250 and drawn != [text.strip() for text in harmful[:250]]


def test_traces_lose_the_open_tag_and_unfinished_ones_are_left_out(mirror: str, tiny_model: Path):
    from safe_reasoning.sampling.engine import load_tokenizer

    assert unsafechain.demonstrations(mirror) == [
        {"prompt": "how", "completion": "I think.\n</think>\nSorry."}
    ]
    traces = safechain.demonstrations(mirror)
    assert [is_complete(trace) for trace in traces] == [True, False]
    assert demonstration("q", "a</think>b</think>c")["completion"].count("</think>") == 2
    tokenizer = load_tokenizer(tiny_model)
    (row,) = trace_demonstrations("safechain", traces, tokenizer)
    assert (
        tokenizer.decode(row["completion_ids"][:-1]) == "I think.\n</think>\nSorry."
        and row["completion_ids"][-1] == tokenizer.eos_token_id
    )
    assert tokenizer.decode(row["prompt_ids"]).endswith("<think>\n")


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (FILES["strongreject"][:3], "has 3 rows, 5 are expected: the set is cut or changed"),
        (
            [{"prompt": "x"}] * 5,
            "has no column 'forbidden_prompt' \\(it has prompt\\): its authors changed it",
        ),
    ],
)
def test_a_changed_set_is_one_line(rows: list[dict], message: str, mirror: str):
    write(Path(mirror) / "strongreject/strongreject_dataset.csv", rows)
    with pytest.raises(UserError, match=message) as caught:
        strongreject.prompts("full", mirror)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"\xff\xfe broken"])
def test_an_empty_or_broken_file_is_one_line(content: bytes, mirror: str):
    (Path(mirror) / "strongreject/strongreject_dataset.csv").write_bytes(content)
    with pytest.raises(UserError, match="has 0 rows, 5 are expected|cannot be read") as caught:
        strongreject.prompts("full", mirror)
    assert "\n" not in str(caught.value)
    (Path(mirror) / "star_benign/train.parquet").write_bytes(content)
    with pytest.raises(UserError, match="cannot be read"):
        star_benign.prompts("benign", mirror)


def test_too_few_rows_to_draw_from(mirror: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(wildjailbreak, "DRAW", 1000)
    with pytest.raises(UserError, match="400 adversarial harmful rows, 1000 are drawn"):
        wildjailbreak.prompts("eval", mirror)


@pytest.mark.parametrize(
    ("module", "split"), [(strongreject, "full, small"), (wildjailbreak, "eval"), (aime, "2024, 2025")]
)
def test_unknown_splits_list_the_known(module: object, split: str, mirror: str):
    with pytest.raises(UserError, match=f"no split 'other': use .*{split}"):
        module.prompts("other", mirror)  # type: ignore[attr-defined]
