"""A blinded sheet: texts of a run for a person to label, without method, model or verdict, in
random order; and the way back, to the agreement of each judge with the person.

The sheet alone goes to the person. Its key (which item is which generation) stays next to it in the
run's folder `labels`, which git ignores.
"""

from __future__ import annotations

import csv
import hashlib
import io
import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from safe_reasoning.core.errors import UserError
from safe_reasoning.core.files import read_json, sha256, write_bytes, write_json
from safe_reasoning.core.records import read_rows
from safe_reasoning.core.run_layout import variant_of
from safe_reasoning.core.seeds import derive_seed
from safe_reasoning.core.trace import split_trace
from safe_reasoning.judge_audit.agreement import agreement, error_rates

COLUMNS = ("item", "part", "request", "text", "harmful", "note")
ANSWERS = {"yes": True, "no": False, "unsure": None, "": None}
PARTS = ("reasoning", "response")


def _cell(text: str) -> str:
    """A text that no spreadsheet takes for a formula."""
    return f" {text}" if text[:1] in "=+-@" else text


def _masked(text: str) -> str:
    return f"[{len(text)} characters, not shown]"


def candidates(run: Path) -> list[dict[str, Any]]:
    """Both parts of every generation of the safety sets, of all models and methods.

    A run that holds none is a UserError.
    """
    prompts = {
        row["prompt_id"]: row
        for path in sorted(run.glob("prompts/*.parquet"))
        for row in read_rows(path, "prompts")
    }
    found = []
    for path in sorted(run.glob("generations/*/*/seed*/evaluation.parquet")):
        names = {"model": path.parents[2].name, **variant_of(path)._asdict()}
        for row in read_rows(path, "generations"):
            prompt, trace = prompts.get(row["prompt_id"]), split_trace(row["text"])
            if prompt and prompt["role"] == "safety" and trace.response is not None:
                for part, text in zip(PARTS, (trace.reasoning, trace.response), strict=True):
                    if text.strip():
                        ids = {
                            "generation_id": row["generation_id"],
                            "prompt_id": row["prompt_id"],
                            "part": part,
                        }
                        found.append({**names, **ids, "request": prompt["request"], "text": text.strip()})
    if not found:
        raise UserError(
            f"{run} holds no generations of safety prompts: run the workflow there first (stored "
            "evidence has metrics alone)"
        )
    return found


def write_sheet(run: Path, items: int, seed: int, show_text: bool) -> Path:
    """Draw items at random, the same number of reasonings and responses, and write sheet and key.

    A sheet that is there already is never written over.

    Args:
        run: folder of a finished run.
        items: texts in all, as many as there are at most.
        seed: of the draw and of the order.
        show_text: whether request and text stand in the sheet; without, it shows its form alone and
            cannot be labelled.
    """
    folder = run / "labels"
    sheet = folder / "sheet.csv"
    if sheet.exists():
        raise UserError(f"{sheet} is there already and may hold a person's work: move it away first")
    rng, pool = random.Random(derive_seed("label sheet", seed)), candidates(run)
    chosen = []
    for part in PARTS:
        of_part = [text for text in pool if text["part"] == part]
        chosen += rng.sample(of_part, min(items // 2, len(of_part)))
    rng.shuffle(chosen)
    show = _cell if show_text else _masked
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for number, text in enumerate(chosen, start=1):
        shown = {"request": show(text["request"]), "text": show(text["text"])}
        writer.writerow({"item": number, "part": text["part"], **shown, "harmful": "", "note": ""})
    # Spreadsheets take it for UTF-8 by its mark
    write_bytes(sheet, out.getvalue().encode("utf-8-sig"))
    key = [
        {name: text[name] for name in text if name not in ("request", "text")}
        | {"text_sha256": _digest(text["text"])}
        for text in chosen
    ]
    write_json(folder / "key.json", {"seed": seed, "items": key})
    return sheet


def _name(item: Mapping[str, Any]) -> tuple[Any, ...]:
    """What identifies an item in its run."""
    return tuple(item[key] for key in ("model", "method", "seed", "generation_id", "part"))


def _digest(text: str) -> str:
    """What the key keeps of a text, so that answers are never laid next to another one."""
    return hashlib.sha256(text.encode()).hexdigest()


def read_sheet(sheet: Path, count: int) -> list[bool | None]:
    """A person's answers in the order of the items.

    Anything but a whole sheet with yes, no, unsure or nothing in each row is a UserError.
    """
    try:
        rows = list(csv.DictReader(io.StringIO(sheet.read_text(encoding="utf-8-sig"), newline="")))
    except FileNotFoundError:
        raise UserError(
            f"{sheet} does not exist: write it with make label-sheet RUN=mini SHOW_TEXT=yes"
        ) from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"{sheet} is no CSV file in UTF-8 ({error}): save it as such") from None
    for column in ("item", "harmful"):
        if not rows or column not in rows[0]:
            raise UserError(
                f"{sheet} has no column {column!r}: save it as CSV with commas, and keep its first row"
            )
    items = [str(row["item"] or "").strip() for row in rows]
    if sorted(items) != sorted(str(number) for number in range(1, count + 1)):
        raise UserError(
            f"{sheet} does not hold each item from 1 to {count} once: keep every row, and add none"
        )
    answers = {}
    for item, row in zip(items, rows, strict=True):
        answer = str(row["harmful"] or "").strip().lower()
        if answer not in ANSWERS:
            raise UserError(
                f"{sheet}: item {item} says something else than yes, no or unsure in the column harmful: "
                "fix it"
            )
        answers[int(item)] = ANSWERS[answer]
    if not any(answer is not None for answer in answers.values()):
        raise UserError(f"{sheet} holds no yes and no no: fill in the column harmful")
    return [answers[number] for number in range(1, count + 1)]


def audit_sheet(sheet: Path, resamples: int) -> list[dict[str, Any]]:
    """One row per part and judge whose verdicts the run holds.

    Agreement with the person, errors, intervals over requests.

    Args:
        sheet: as it came back, in the folder in which it was written, next to its key.
        resamples: of the bootstrap.
    """
    key: list[Mapping[str, Any]] = read_json(sheet.parent / "key.json")["items"]
    answers = read_sheet(sheet, len(key))
    now = {_name(text): _digest(text["text"]) for text in candidates(sheet.parents[1])}
    if changed := sum(now.get(_name(item)) != item["text_sha256"] for item in key):
        raise UserError(
            f"{sheet.parents[1]} now holds other texts for {changed} of {len(key)} items: the answers are "
            "about those that the sheet showed"
        )
    verdicts = _verdicts(sheet.parents[1], key)
    if not verdicts:
        raise UserError(
            f"{sheet.parents[1]} holds no verdicts of these texts: lay the sheet back into the folder "
            "labels of its run"
        )
    rows = []
    for part in PARTS:
        chosen = [
            number
            for number, (item, answer) in enumerate(zip(key, answers, strict=True))
            if item["part"] == part and answer is not None
        ]
        labels, clusters = (
            [bool(answers[number]) for number in chosen],
            [key[number]["prompt_id"] for number in chosen],
        )
        for judge, says in verdicts.items():
            if chosen:
                verdicts_of_judge = [says.get(number) for number in chosen]
                both = agreement(labels, verdicts_of_judge, clusters, resamples=resamples)
                rows.append(
                    {
                        "judge": judge,
                        "part": part,
                        **both,
                        **error_rates(labels, verdicts_of_judge, clusters, resamples=resamples),
                    }
                )
    return rows


def _verdicts(run: Path, key: Sequence[Mapping[str, Any]]) -> dict[str, dict[int, bool | None]]:
    """What each judge of the run says of the items, by their place in the key."""
    found: dict[str, dict[int, bool | None]] = {}
    wanted: dict[tuple[str, str, int], dict[tuple[str, str], int]] = {}
    for number, item in enumerate(key):
        place = item["model"], item["method"], item["seed"]
        wanted.setdefault(place, {})[item["generation_id"], item["part"]] = number
    for (model, method, seed), items in wanted.items():
        for path in sorted(run.glob(f"verdicts/{model}/{method}/seed{seed}/evaluation.*.parquet")):
            judge = path.suffixes[0].removeprefix(".")
            for row in read_rows(path, "verdicts"):
                number = items.get((row["generation_id"], row["part"]), -1)
                if row["measure"] == "harmful" and number >= 0:
                    found.setdefault(judge, {})[number] = row["value"]
    return found


def write_audit(sheet: Path, resamples: int) -> pd.DataFrame:
    """Agreement of each judge with the person, also written next to the sheet."""
    frame = pd.DataFrame(audit_sheet(sheet, resamples))
    frame.insert(0, "sheet_sha256", sha256(sheet))
    write_bytes(sheet.with_name("agreement.csv"), frame.to_csv(index=False, lineterminator="\n").encode())
    return frame
