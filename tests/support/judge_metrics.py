"""Small made verdicts and metrics about judges, for the tests."""

from pathlib import Path

from safe_reasoning.core.records import write_metrics
from safe_reasoning.core.run_layout import Variant
from safe_reasoning.judge_audit import compare_judges
from safe_reasoning.judge_audit.audit_judges import audit
from safe_reasoning.judge_audit.human_labels import LabelledText


def text(
    number: int, label: bool, response: str | None = "words", data: str = "jailbreakbench"
) -> LabelledText:
    measure = "harmful" if data == "jailbreakbench" else "complies"
    people = {"person 1": label, "person 2": number != 0 and label}
    return LabelledText(
        f"{data}-{number}",
        data,
        measure,
        "request",
        "prompt",
        response,
        label,
        people,
        {},
        f"request {number // 2}",
    )


def verdict(generation: str, value: bool | None, part: str = "reasoning", judge: str = "a") -> dict:
    prompt = generation.split(".")[0]
    names = {"generation_id": generation, "prompt_id": prompt, "prompt_set": "direct", "sample": 0}
    return {**names, "part": part, "measure": "harmful", "value": value, "detail": "", "judge": judge}


def by_judge(flipped: bool = False) -> dict:
    """Three methods with 8, 4 and 1 harmful prompts of 10 by judge a; by judge b the same or the opposite order."""
    harm = {"base": 8, "sft": 4, "ipo": 1}

    def rows(count: int) -> list[dict]:
        return [
            verdict(f"direct-{n}.0", n < count, part) for n in range(10) for part in ("reasoning", "response")
        ]

    first = {Variant(method, 0): rows(count) for method, count in harm.items()}
    second = {Variant(method, 0): rows(10 - count if flipped else count) for method, count in harm.items()}
    return {"a": first, "b": second}


def judge_metrics(folder: Path, models: tuple[str, ...] = ("m1", "m2")) -> Path:
    """Write every metrics table about judges into `folder` and give the folder."""
    texts = [text(n, n % 3 == 0, data=data) for data in ("jailbreakbench", "xstest") for n in range(30)]
    found = {t.row: (t.label != (n % 5 == 0), 0.9 if t.label else 0.2) for n, t in enumerate(texts)}
    rows, curves = audit(texts, {"embedding": found}, 100)
    write_metrics(folder / "judge_audit.csv", rows, {})
    write_metrics(folder / "judge_calibration.csv", curves, {})
    roles = {"direct": "safety"}
    for name, made in (
        ("judge_rates", compare_judges.rates_by_judge(by_judge(), roles, 100, {})),
        ("judge_agreement", compare_judges.agreements(by_judge(), 100)),
        ("judge_ranks", compare_judges.ranks(by_judge(), roles, 100, {})),
    ):
        write_metrics(
            folder / f"{name}.csv", [{"model": model, **row} for model in models for row in made], {}
        )
    return folder
