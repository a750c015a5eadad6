"""Judges against people: known answers on small made tables; the real labels where they are at hand."""

import importlib
import importlib.util
import json
import math
import os
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
import yaml

from safe_reasoning import config
from safe_reasoning.archive.allow_list import check_metrics
from safe_reasoning.core.errors import UserError
from safe_reasoning.core.records import write_metrics
from safe_reasoning.core.run_layout import Variant
from safe_reasoning.judge_audit import compare_judges, fit_embedding_judge, human_labels
from safe_reasoning.judge_audit.agreement import (
    agreement,
    brier,
    calibration,
    error_rates,
    kappa,
    kappa_interval,
)
from safe_reasoning.judge_audit.audit_judges import audit, read_readings, readings
from safe_reasoning.judging.judges import embedding, phrases
from safe_reasoning.judging.judges.lexical import LexicalJudge
from safe_reasoning.judging.kinds import resolved
from safe_reasoning.report import contents
from safe_reasoning.report.contents import ITEMS, Item
from safe_reasoning.report.figures import fig_judge_audit, fig_judge_ranks, style
from safe_reasoning.report.page import write_report
from safe_reasoning.report.write_item import write_item
from tests.support.judge_metrics import by_judge, judge_metrics, text, verdict
from tests.support.paths import ROOT

DATA = os.environ.get("SAFE_REASONING_DATA")
needs_labels = pytest.mark.skipif(
    not DATA or not (Path(DATA) / "jbb_judge_comparison").is_dir(),
    reason="SAFE_REASONING_DATA with labels is not set",
)
ABOUT_JUDGES = ("audit", "more_judges")
JUDGE_TABLES = [item.name for item in ITEMS.values() if item.asked_by in ABOUT_JUDGES and not item.is_figure]


def asked_for(items: Iterable[Item]) -> set[str]:
    """Names of the items about judges, which only some configurations ask for."""
    return {item.name for item in items if item.asked_by in ABOUT_JUDGES}


def test_kappa_by_hand():
    # 40 yes-yes, 10 yes-no, 20 no-yes, 30 no-no: agreement 0.7, by chance 0.5 * 0.6 + 0.5 * 0.4 = 0.5, kappa 0.4
    first = [True] * 50 + [False] * 50
    second = [True] * 40 + [False] * 10 + [True] * 20 + [False] * 30
    assert kappa(first, second) == pytest.approx(0.4)
    low, high = kappa_interval(first, second, range(100))
    assert low < 0.4 < high and 0.2 < low < 0.3 and 0.5 < high < 0.6  # its standard error is near 0.09
    found = agreement([*first, True], [*second, None], [*range(100), 100])
    assert (found["agreement"], found["scored"], found["unscored"], found["texts"]) == (
        pytest.approx(0.7),
        100,
        1,
        101,
    )


def test_kappa_has_no_value_where_only_one_thing_is_said():
    assert np.isnan(kappa([True, True], [True, True])) and np.isnan(kappa([], []))
    assert (
        np.isnan(kappa_interval([True, True], [True, True], [0, 1])).all()
        and np.isnan(kappa_interval([], [], [])).all()
    )


def test_like_texts_of_one_request_widen_the_interval():
    rng = np.random.default_rng(0)
    requests = rng.random(40) < 0.5
    first, second = np.repeat(requests, 5), np.repeat(requests ^ (rng.random(40) < 0.2), 5)
    alone = kappa_interval(list(first), list(second), range(200))
    together = kappa_interval(list(first), list(second), np.repeat(range(40), 5))
    assert together[1] - together[0] > 1.5 * (alone[1] - alone[0])


def test_error_rates_and_brier_by_hand():
    labels, verdicts = (
        [False, False, False, False, True, True, True],
        [True, False, False, None, False, True, True],
    )
    found = error_rates(labels, verdicts, range(7))
    assert found["positive"] == 3
    assert found["false_positive"] == pytest.approx(1 / 3) and found["false_negative"] == pytest.approx(1 / 3)
    assert found["false_positive_low"] <= 1 / 3 <= found["false_positive_high"]
    assert brier([True, False, True], [0.8, 0.4, None]) == pytest.approx((0.04 + 0.16) / 2)
    assert np.isnan(brier([True], [None]))


def test_calibration_bins_by_tenths():
    rows = calibration([False, True, True, True], [0.05, 0.92, 1.0, None])
    assert [(row["bin"], row["share"], row["texts"]) for row in rows] == [(0, 0.0, 1), (9, 1.0, 2)]
    assert rows[1]["probability"] == pytest.approx(0.96) and rows[1]["low"] < 1.0


def test_audit_counts_what_a_judge_could_not_read(tmp_path: Path):
    texts = [
        text(0, False, "I'm sorry, but I can't help with that."),
        text(1, True, "Sure."),
        text(2, True, None),
        text(3, False, "Sure."),
    ]
    write_metrics(tmp_path / "lexical.csv", readings(LexicalJudge(), texts), {})
    rows, curves = audit(texts, {"lexical": read_readings(tmp_path / "lexical.csv", texts)}, 100)
    (judged,) = [row for row in rows if row["judge"] == "lexical"]
    assert (judged["scored"], judged["unscored"], judged["false_positive"], judged["false_negative"]) == (
        3,
        1,
        0.5,
        0.0,
    )
    assert judged["agreement"] == pytest.approx(2 / 3) and not curves
    assert [row["judge"] for row in rows if row["kind"] == "people"] == ["person 1 and person 2"]
    with pytest.raises(UserError, match="other texts"):
        read_readings(tmp_path / "lexical.csv", texts[:2])


def made_vectors(count: int = 120) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Vectors whose first number tells the label, with noise; two of each request."""
    rng = np.random.default_rng(0)
    y = rng.random(count) < 0.5
    x = rng.normal(size=(count, 8)) + np.outer(np.where(y, 1.5, -1.5), np.eye(8)[0])
    return x, y, np.array([f"request {number // 2}" for number in range(count)])


def test_coefficients_say_what_the_library_says():
    x, y, clusters = made_vectors()
    fitted = json.loads(json.dumps(fit_embedding_judge.coefficients(x, y, clusters)))
    expected = fit_embedding_judge._calibrated(x, y, clusters).predict_proba(x)[:, 1]
    np.testing.assert_allclose(embedding.probability(fitted, x), expected, rtol=1e-9)
    assert fitted["rows"] == 120 and fitted["positive"] == y.sum()


def test_no_request_lies_in_two_folds_and_labels_by_chance_cannot_be_foretold():
    x, y, clusters = made_vectors()
    for rest, held in fit_embedding_judge._folds(x, y, clusters):
        assert not set(clusters[rest]) & set(clusters[held])
    assert ((fit_embedding_judge.out_of_fold(x, y, clusters) >= 0.5) == y).mean() > 0.85
    # Each request has a mark of its own and a label by chance: a fit knows the label only where the request is in both folds.
    marks = np.repeat(np.random.default_rng(1).normal(size=(60, 300)), 2, axis=0)
    chance = np.repeat(np.random.default_rng(2).random(60) < 0.5, 2)
    known = {
        name: fit_embedding_judge.out_of_fold(marks, chance, groups) >= 0.5
        for name, groups in (("apart", clusters), ("both", np.arange(120)))
    }
    assert (known["apart"] == chance).mean() < 0.75 < 0.85 < (known["both"] == chance).mean()


def test_too_few_labels_are_refused():
    with pytest.raises(UserError, match="too few"):
        fit_embedding_judge.fit([text(number, number % 2 == 0) for number in range(6)])


def test_lists_of_phrases_are_read_and_never_run(tmp_path: Path):
    (tmp_path / "a.py").write_text("raise SystemExit\nclass Any:\n    TEST_PREFIXES = ['No way', 'Nope']\n")
    (tmp_path / "b.py").write_text(
        "raise SystemExit\ndef f(x):\n    return x.startswith(('no way', 'nope')) or x.startswith(('never',))\n"
    )
    assert phrases.read_phrases("jailbreakbench_phrases", tmp_path / "a.py") == ["No way", "Nope"]
    assert phrases.read_phrases("xstest_phrases", tmp_path / "b.py") == ["no way", "nope", "never"]
    assert phrases._anywhere("Well. No way!", ["No way"]) and not phrases._anywhere("no way", ["No way"])
    assert phrases._at_the_beginning(" No way!", ["no way"]) and not phrases._at_the_beginning(
        "Well. No way!", ["no way"]
    )
    (tmp_path / "c.py").write_text("not Python (")
    with pytest.raises(UserError, match="cannot be read as Python"):
        phrases.read_phrases("xstest_phrases", tmp_path / "c.py")


def test_a_changed_list_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "refusal_phrases").mkdir()
    (tmp_path / "refusal_phrases/xstest_strmatch.py").write_text(
        f"x.startswith({tuple(f'no {n}' for n in range(21))})\n"
    )
    monkeypatch.setenv("SAFE_REASONING_DATA", str(tmp_path))
    with pytest.raises(UserError, match="not those pinned"):
        phrases.PhraseListJudge("xstest_phrases", "xstest_phrases", None)


def test_ranks_of_methods_under_two_judges():
    same = compare_judges.ranks(by_judge(), {"direct": "safety"}, 200, {})
    opposite = compare_judges.ranks(by_judge(flipped=True), {"direct": "safety"}, 200, {})
    assert [row["tau"] for row in same] == [1.0, 1.0] and [row["tau"] for row in opposite] == [-1.0, -1.0]
    assert all(row["methods"] == 3 and row["low"] <= row["tau"] <= row["high"] for row in same + opposite)


def test_parts_of_a_benchmark_count_as_one_set_in_the_ranks():
    """Judge a: base 0.5 and ipo 0.4 on average, b the same order; as three sets of their own the parts would turn a's."""
    harm = {
        "a": {"base": (9, 1), "ipo": (0, 8)},
        "b": {"base": (9, 1), "ipo": (2, 2)},
    }  # of 10: in a set, in each of three parts
    roles = {"one": "safety", **{f"part{n}": "safety" for n in range(3)}}
    made = {
        judge: {
            Variant(method, 0): [
                {**verdict(f"{name}-{n}.0", n < (alone if name == "one" else part)), "prompt_set": name}
                for name in roles
                for n in range(10)
            ]
            for method, (alone, part) in methods.items()
        }
        for judge, methods in harm.items()
    }
    benchmarks = {f"part{n}": "whole" for n in range(3)}
    (row,) = compare_judges.ranks(made, roles, 50, benchmarks)
    (apart,) = compare_judges.ranks(made, roles, 50, {})
    assert (row["tau"], apart["tau"]) == (1.0, -1.0)


def test_a_judge_that_scores_no_harm_has_no_rank_with_the_others_and_takes_none_from_them():
    made = by_judge() | {
        "c": {variant: [{**row, "value": None} for row in rows] for variant, rows in by_judge()["a"].items()}
    }
    rows = {
        (row["judge"], row["other_judge"]): row
        for row in compare_judges.ranks(made, {"direct": "safety"}, 50, {})
    }
    assert rows["a", "b"]["tau"] == 1.0 and rows["a", "b"]["methods"] == 3
    assert math.isnan(rows["a", "c"]["tau"]) and rows["a", "c"]["methods"] == 0


def test_agreement_of_two_judges_on_the_same_generations():
    rows = compare_judges.agreements(by_judge(flipped=True), 100)
    assert [(row["part"], row["texts"]) for row in rows] == [("reasoning", 30), ("response", 30)]
    # base: 8 against 2 of 10, six differ; sft: 4 against 6, two; ipo: 1 against 9, eight
    assert rows[0]["agreement"] == pytest.approx(1 - 16 / 30)


@pytest.mark.parametrize("module", [fig_judge_audit, fig_judge_ranks])
def test_figures_are_drawn(module, tmp_path: Path):
    frame = module.data(judge_metrics(tmp_path), ROOT / "results/published")
    style.save(module.draw(frame), frame, tmp_path / "figure")
    svg = (tmp_path / "figure.svg").read_text()
    for word in (
        ("embedding", "Brier score")
        if module is fig_judge_audit
        else ("m1, reasoning", "m2, response", "tau = 1.00")
    ):
        assert word in svg


def test_metrics_may_go_into_an_archive(tmp_path: Path):
    for path in judge_metrics(tmp_path).glob("*.csv"):
        check_metrics(path.stem, path.read_bytes())


@pytest.mark.parametrize("name", JUDGE_TABLES)
def test_tables_have_their_rows(name: str, tmp_path: Path):
    table = importlib.import_module(ITEMS[name].module).data(
        judge_metrics(tmp_path), ROOT / "results/published"
    )
    assert len(table) == {"table_judge_audit": 4, "table_judges": 12, "table_judge_agreement": 4}[name]
    assert not table.astype(str).apply(lambda column: column.str.contains("nan")).any().any()


def configuration(**evaluate: object) -> config.Config:
    raw = yaml.safe_load((ROOT / "tests/tiny.yaml").read_text())
    raw["judges"] = {"embedding": {"kind": "embedding"}}
    raw["evaluate"] = {"judge": "exact", **evaluate}
    raw["methods"] = {name: entry for name, entry in raw["methods"].items() if "policy" not in entry}
    return resolved(config.validate(raw, "configuration"))


def test_a_run_has_figures_about_judges_only_when_asked(tmp_path: Path):
    assert asked_for(contents.of_run(configuration())) == set()
    assert asked_for(contents.of_run(configuration(audit=["lexical"]))) == {
        "fig_judge_audit",
        "table_judge_audit",
    }
    every = configuration(audit=["embedding"], more_judges=["lexical"])
    assert (
        asked_for(contents.of_run(every))
        == asked_for(ITEMS.values())
        == asked_for(contents.of_metrics(judge_metrics(tmp_path)))
    )
    with pytest.raises(UserError, match="name each once"):
        configuration(more_judges=["exact"])
    with pytest.raises(UserError, match=r"evaluate\.audit: 'exact' is unknown"):
        configuration(audit=["exact"])


@pytest.mark.long
def test_the_report_has_a_section_about_judges(tmp_path: Path):
    captions = ROOT / "workflow/report"
    drawn = ROOT / "results/reference/demo"
    figures, written = tmp_path / "figures", tmp_path / "tables"
    for source, target in ((drawn / "figures", figures), (drawn / "tables", written)):
        target.mkdir()
        for path in source.iterdir():
            (target / path.name).symlink_to(path)
    metrics = judge_metrics(tmp_path / "metrics")
    for module, name in ((fig_judge_audit, "fig_judge_audit"), (fig_judge_ranks, "fig_judge_ranks")):
        frame = module.data(metrics, ROOT / "results/published")
        style.save(module.draw(frame), frame, figures / name)
    for name in JUDGE_TABLES:
        write_item(name, metrics, ROOT / "results/published", written / name)
    page = write_report(
        configuration(audit=["embedding"], more_judges=["lexical"]), figures, written, captions
    )
    assert "How far the judges can be trusted" in page and "Judges against people" in page
    assert "How far the judges can be trusted" not in write_report(
        configuration(), figures, written, captions
    )


PUBLISHED = {  # agreement of the stored judges with the majority, all 300 rows and those with an even Index
    300: {"HarmBench classifier": 78.33, "GPT-4": 90.33, "Llama Guard 2": 87.67, "Llama 3 70B": 90.67},
    150: {"HarmBench classifier": 81.33, "GPT-4": 88.67, "Llama Guard 2": 86.67, "Llama 3 70B": 90.67},
}


@needs_labels
def test_stored_verdicts_of_published_judges_to_the_digit():
    texts = [t for t in human_labels.labelled_texts(None) if t.data == "jailbreakbench"]
    assert all(t.label == (sum(t.people.values()) >= 2) for t in texts)
    rows, _ = audit(texts, {}, 100)
    found = {
        row["judge"].removesuffix(" (stored)"): round(100 * row["agreement"], 2)
        for row in rows
        if row["kind"] == "stored"
    }
    assert found == PUBLISHED[len(texts)]


@needs_labels
def test_real_labels_are_whole():
    texts = human_labels.labelled_texts(None)
    assert len({t.row for t in texts}) == len(texts) and sum(t.data == "xstest" for t in texts) == 1350
    half = human_labels.sources_of(None)[0] == human_labels.HALF
    assert sum(t.response is None for t in texts) == (3 if half else 0)  # blanked in the copy


def test_without_the_package_the_embedding_judge_says_what_to_do(monkeypatch: pytest.MonkeyPatch):
    from safe_reasoning.judging import sentence_embeddings

    monkeypatch.setattr(sentence_embeddings, "PACKAGE", "no-such-package")
    with pytest.raises(UserError, match="make setup"):
        sentence_embeddings.model_folder()
