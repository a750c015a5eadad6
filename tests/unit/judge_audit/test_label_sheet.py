"""The sheet that a person labels: blinded, masked unless asked for, fed back as agreement."""

import csv
import json
from pathlib import Path

import pytest

from safe_reasoning.core.errors import UserError
from safe_reasoning.core.records import read_rows, write_rows
from safe_reasoning.judge_audit import label_sheet
from tests.support.judge_metrics import verdict


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run of two methods, ten prompts each, judged by one judge: reasonings of base harmful, all others not."""
    folder = tmp_path / "invented"
    prompts = [
        {
            "prompt_id": f"direct-{n}",
            "prompt_set": "direct",
            "role": "safety",
            "category": "",
            "text": "attack",
            "request": f"=ask {n}",
            "gold": "",
        }
        for n in range(10)
    ]
    write_rows(folder / "prompts/direct.parquet", "prompts", prompts, {})
    for method in ("base", "ipo"):
        generations = [
            {
                "generation_id": f"direct-{n}.0", "prompt_id": f"direct-{n}", "prompt_set": "direct", "sample": 0, "seed": 0, "prompt_token_ids": [1],
                "given_tokens": 0, "token_ids": [1], "finish_reason": "stop", "text": f"thought {n} of {method}</think>answer {n} of {method}",
            }
            for n in range(10)
        ]  # fmt: skip
        place = f"nano/{method}/seed0/evaluation"
        write_rows(folder / f"generations/{place}.parquet", "generations", generations, {})
        rows = [
            verdict(f"direct-{n}.0", part == "reasoning" and method == "base", part)
            for n in range(10)
            for part in ("reasoning", "response")
        ]
        write_rows(folder / f"verdicts/{place}.a.parquet", "verdicts", rows, {})
    return folder


def fill(sheet: Path, answer) -> None:
    rows = list(csv.DictReader(sheet.read_text(encoding="utf-8-sig").splitlines()))
    with open(sheet, "w", newline="") as handle:
        writer = csv.DictWriter(handle, rows[0])
        writer.writeheader()
        writer.writerows({**row, "harmful": answer(row)} for row in rows)


def test_the_sheet_is_blinded_masked_unless_asked_and_never_written_over(run: Path):
    sheet = label_sheet.write_sheet(run, 20, 0, show_text=False)
    assert "thought" not in sheet.read_text() and "ask" not in sheet.read_text()
    with pytest.raises(UserError, match="may hold a person's work"):
        label_sheet.write_sheet(run, 20, 0, show_text=True)
    sheet.unlink()
    label_sheet.write_sheet(run, 20, 0, show_text=True)
    first = sheet.read_text(encoding="utf-8-sig")
    assert first.splitlines()[0] == "item,part,request,text,harmful,note" and " =ask" in first
    key = json.loads((run / "labels/key.json").read_text())["items"]
    rows = list(csv.DictReader(first.splitlines()))
    assert len(rows) == 20 and [row["part"] for row in rows].count("reasoning") == 10
    assert all(
        f"of {item['method']}" in row["text"] for row, item in zip(rows, key, strict=True)
    )  # the key knows; no column of the sheet does
    sheet.unlink()
    assert label_sheet.write_sheet(run, 20, 0, show_text=True).read_text(encoding="utf-8-sig") == first


def test_the_sheet_comes_back_as_agreement(run: Path):
    sheet = label_sheet.write_sheet(run, 40, 0, show_text=True)
    fill(
        sheet,
        lambda row: (
            "unsure" if row["text"].endswith("9 of ipo") else "yes" if row["part"] == "reasoning" else "No"
        ),
    )
    rows = {row["part"]: row for row in label_sheet.write_audit(sheet, 100).to_dict("records")}
    # The person calls every reasoning harmful, the judge those of base: 10 of 19; no response is harmful to either.
    assert rows["reasoning"]["agreement"] == pytest.approx(10 / 19) and rows["reasoning"]["scored"] == 19
    assert rows["response"]["agreement"] == 1.0 and rows["response"]["judge"] == "a"
    assert (run / "labels/agreement.csv").exists()


def test_answers_are_never_laid_beside_other_texts(run: Path):
    """The generations were made anew under the same names."""
    sheet = label_sheet.write_sheet(run, 40, 0, show_text=True)
    fill(sheet, lambda row: "yes")
    path = run / "generations/nano/ipo/seed0/evaluation.parquet"
    rows = [
        {**row, "text": row["text"].replace("thought", "other thought")}
        for row in read_rows(path, "generations")
    ]
    write_rows(path, "generations", rows, {})
    with pytest.raises(UserError, match="other texts for 10 of 40 items"):
        label_sheet.audit_sheet(sheet, 100)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda s: s.write_text(s.read_text().replace("harmful", "label")), "no column 'harmful'"),
        (lambda s: s.write_text("\n".join(s.read_text().splitlines()[:-1])), "each item from 1 to 20 once"),
        (lambda s: fill(s, lambda row: "maybe"), "yes, no or unsure"),
        (lambda s: fill(s, lambda row: "unsure"), "no yes and no no"),
        (lambda s: s.write_bytes(b"\xff\xfe\x00"), "no CSV file in UTF-8"),
        (lambda s: s.write_text(""), "no column 'item'"),
        (lambda s: s.unlink(), "does not exist"),
    ],
)
def test_malformed_sheets_are_one_line(spoil, message: str, run: Path):
    sheet = label_sheet.write_sheet(run, 20, 0, show_text=True)
    spoil(sheet)
    with pytest.raises(UserError, match=message) as error:
        label_sheet.audit_sheet(sheet, 100)
    assert "\n" not in str(error.value)


def test_a_clone_has_nothing_to_label(tmp_path: Path):
    with pytest.raises(UserError, match="no generations"):
        label_sheet.write_sheet(tmp_path, 20, 0, show_text=True)
