"""The numbers in README and docs are those of the committed run and of the plan."""

import re
from pathlib import Path

import pandas as pd

from safe_reasoning.config import load
from safe_reasoning.plan import plan, price, totals
from safe_reasoning.tables import percent

ROOT = Path(__file__).parents[1]
LABELS = {
    "base": "base",
    "SFT, safe traces": "sft_safe",
    "SFT, chosen side": "sft",
    "DPO, natural pairs": "dpo_natural",
    "DPO, whole traces": "dpo_full",
    "GRPO, reward y": "grpo_y",
    "GRPO, reward z + y": "grpo_zy",
    "IPO": "ipo",
    "IPO, stage 2": "ipo_stage2",
}
COLUMNS = [
    ("safety_average", "reasoning", "harmful"),
    ("safety_average", "response", "harmful"),
    ("overrefusal", "response", "complies"),
    ("sums", "response", "correct"),
]


def measured_rows() -> list[str]:
    frame = pd.read_csv(ROOT / "results/demo/metrics/evaluation.csv").set_index(
        ["method", "prompt_set", "part", "measure"], verify_integrity=True
    )
    rows = []
    for label, method in LABELS.items():
        cells = [frame.loc[(method, *column)] for column in COLUMNS]
        rows.append(" | ".join([label, *(percent(*cell[["rate", "low", "high"]]) for cell in cells)]))
    return rows


def test_the_costs_in_the_docs_are_those_of_the_plan():
    config = load(ROOT / "config/paper.yaml")
    steps = plan(config)
    total, usd = totals(steps), [price(config, step) for step in steps]
    curves = sum(value for step, value in zip(steps, usd, strict=True) if step.stage == "continuation safety ratio")
    text = " ".join((ROOT / "docs/paper-scale.md").read_text().split())
    for told in (
        f"{total.generations / 1e6:.1f} million generations",
        f"{total.tokens / 1e9:.1f} billion tokens",
        f"{total.gpu_hours:.0f} GPU-hours",
        f"{sum(usd):,.0f} USD",
        f"of which {curves:,.0f} go into the continuation safety ratio",
    ):
        assert told in text, told


def test_readme_shows_the_committed_run():
    table = (ROOT / "README.md").read_text().split("<!-- demo-table -->")[1].split("\n\n")[0]
    rows = re.findall(r"^\| (.*) \|$", table, re.MULTILINE)[1:]  # without the head
    assert rows == measured_rows()


def test_what_fidelity_says_of_the_demo_is_in_its_configuration():
    config = load(ROOT / "config/demo.yaml")
    text = (ROOT / "docs/fidelity.md").read_text()
    assert f"the demo takes {config.characterize.csr_prompts} of them" in text
    assert f"the demo has {config.decoding.max_new_tokens}," in text


def test_status_tells_how_far_two_processors_lie_apart():
    text = (ROOT / "docs/status.md").read_text()
    for run in ("demo", "demo_elsewhere"):
        rates = pd.read_csv(ROOT / f"results/{run}/metrics/evaluation.csv").set_index(["method", "prompt_set", "measure"])["rate"]
        assert f"{100 * rates['ipo', 'overrefusal', 'complies']:.1f} %" in text
