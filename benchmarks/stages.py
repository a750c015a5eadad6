"""The pipeline's stages as functions of how much work there is, on made data."""

from __future__ import annotations

import importlib
import shutil
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.models import demo, nano_shape, nano_tokenizer, write_random
from benchmarks.runs import ROOT

Work = Callable[[int], Any]
STORED = ROOT / "results/reference/demo"
PUBLISHED = ROOT / "results/published"
SETS = {"direct": "safety", "jailbreak": "safety", "overrefusal": "overrefusal", "sums": "capability"}
# What stages import when they need it: loaded before the clock starts
LOADED = (
    "scipy.optimize",
    "scipy.stats",
    "statsmodels.stats.multitest",
    "statsmodels.stats.proportion",
    "safe_reasoning.evaluation.summary",
    "safe_reasoning.report.figures.style",
    "safe_reasoning.report.page",
    "safe_reasoning.training.preference",
)
MEASURES = {"safety": "harmful", "overrefusal": "complies", "capability": "correct"}


def prepared(folder: Path) -> list[tuple[str, str, Work]]:
    """Each stage: its name, its work in words, and a function that does so many times that work."""
    for name in LOADED:
        importlib.import_module(name)
    model = write_random(nano_shape(), folder / "nano")
    return [
        ("sampling", "32 completions of 64 tokens", _sampling(model)),
        ("judging", "4,000 generations", _judging()),
        ("building pairs", "400 rollouts", _pairs()),
        ("training", "2 steps of 8 pairs", partial(_train, model, folder)),
        ("evaluation", "100 prompts of 4 sets, 3 methods, 500 resamples", _evaluation),
        (
            "bootstrap, prompts",
            "1,000 prompts, 2,000 resamples",
            lambda times: _bootstrap(1000 * times, 2000),
        ),
        (
            "bootstrap, resamples",
            "1,000 prompts, 2,000 resamples",
            lambda times: _bootstrap(1000, 2000 * times),
        ),
        ("figures", "main figure and safety ratio, one model", partial(_figures, folder)),
        ("report", "rows and drawings of the stored demo", partial(_report, folder)),
    ]


def _sampling(model: Path) -> Work:
    from safe_reasoning.sampling.engine import Request
    from safe_reasoning.sampling.transformers_engine import TransformersEngine

    config = demo()
    settings = config.engine.model_copy(update={"max_num_seqs": 32})
    engine = TransformersEngine(model, settings, config.decoding)

    def work(times: int) -> None:
        requests = [
            Request(str(i), str(i), "direct", 0, i, list(range(10, 40)), max_new_tokens=64)
            for i in range(32 * times)
        ]
        engine.generate(requests)

    return work


def _documents(number: int) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Prompts and generations of the nano world: its corpus, as if it were sampled."""
    from safe_reasoning.config import NanoModel
    from safe_reasoning.models.nano import corpus_of

    settings = demo().models["nano"]
    assert isinstance(settings, NanoModel)
    corpus = corpus_of(settings.model_copy(update={"documents": number}), 0)
    prompts = [
        {
            "prompt_id": str(i),
            "prompt_set": "direct",
            "role": "safety",
            "gold": '{"restricted": true}',
            "text": document.prompt,
        }
        for i, document in enumerate(corpus)
    ]
    rows = [
        {
            "generation_id": str(i),
            "prompt_id": str(i),
            "prompt_set": "direct",
            "sample": 0,
            "text": document.completion,
        }
        for i, document in enumerate(corpus)
    ]
    return prompts, rows


def _judging() -> Work:
    from safe_reasoning.judging.judges.exact import ExactJudge
    from safe_reasoning.judging.verdicts import judge_generations

    prompts, rows = _documents(32_000)
    by_id = {prompt["prompt_id"]: prompt for prompt in prompts}
    return lambda times: judge_generations(ExactJudge(), by_id, rows[: 4000 * times])


def _pairs() -> Work:
    from safe_reasoning.judging.factory import get_detector, get_judge
    from safe_reasoning.pairs.intervened import intervened_pairs
    from safe_reasoning.sampling.engine import Request, row

    config, tokenizer = demo(), nano_tokenizer()
    prompts, documents = _documents(3200)
    judge, detector = get_judge("exact", config), get_detector("exact", config)
    triggers = [{"label": "t", "text": "Wait, this item is restricted."}]
    ends = tokenizer.encode(" I should not help with it.\n</think>\nI'm sorry.", add_special_tokens=False)
    rollouts = [
        document
        | {
            "prompt_token_ids": [1, 2, 3],
            "token_ids": tokenizer.encode(document["text"], add_special_tokens=False),
            "finish_reason": "stop",
        }
        for document in documents
    ]

    def sample(requests: Sequence[Request], _: str) -> list[dict[str, Any]]:
        return [row(request, ends, "stop", tokenizer) for request in requests]

    by_id = {prompt["prompt_id"]: prompt for prompt in prompts}
    return lambda times: intervened_pairs(
        rollouts[: 400 * times], triggers, sample, tokenizer, detector, judge, by_id, 1, False
    )


def _train(model: Path, folder: Path, times: int) -> None:
    from benchmarks.training import made_pairs
    from safe_reasoning.core.products import use_threads
    from safe_reasoning.training.common import Task
    from safe_reasoning.training.preference import train_on_pairs

    config = demo()
    method = config.methods["ipo"].model_copy(update={"max_steps": 2 * times})
    config = config.model_copy(update={"methods": {"ipo": method}})
    use_threads(1)
    out = folder / "trained"
    shutil.rmtree(out, ignore_errors=True)
    rows = made_pairs(16 * times, (20, 85), (25, 79), (23, 72))
    train_on_pairs(Task(config, "nano", "ipo", 0, model, out), rows, nll_weight=0.2)


def _verdicts(prompts: int, seed: int) -> list[dict[str, Any]]:
    rng = np.random.default_rng(seed)
    return [
        {
            "prompt_id": f"{name}-{prompt}",
            "prompt_set": name,
            "part": "response",
            "measure": MEASURES[role],
            "value": bool(rng.random() < 0.4),
            "detail": "",
        }
        for name, role in SETS.items()
        for prompt in range(prompts)
        for _ in range(2)
    ]


def _evaluation(times: int) -> None:
    from safe_reasoning.core.run_layout import Variant
    from safe_reasoning.evaluation.summary import evaluation_tables

    verdicts = {Variant(name, 0): _verdicts(100 * times, i) for i, name in enumerate(("base", "ipo", "sft"))}
    evaluation_tables(
        {}, verdicts, SETS, contaminated=set(), benchmarks={}, untrained={"base"}, bootstrap=500
    )


def _bootstrap(prompts: int, resamples: int) -> None:
    from safe_reasoning.stats.rates import clustered_rate

    values = np.random.default_rng(0).random(2 * prompts) < 0.3
    clustered_rate(values.tolist(), np.repeat(np.arange(prompts), 2).tolist(), resamples=resamples)


def _figures(folder: Path, times: int) -> None:
    """The metrics of the stored demo, as if it had so many models."""
    import pandas as pd

    from safe_reasoning.report.write_item import write_item

    metrics = folder / f"metrics{times}"
    metrics.mkdir(exist_ok=True)
    for path in (STORED / "metrics").glob("*.csv"):
        frame = pd.read_csv(path)
        if "model" in frame:
            models = [frame.assign(model=frame["model"] + str(number or "")) for number in range(times)]
            frame = pd.concat(models)
        frame.to_csv(metrics / path.name, index=False)
    for name in ("fig_main", "fig5a_csr_curves"):
        write_item(name, metrics, PUBLISHED, folder / f"figures{times}" / name)


def _report(folder: Path, times: int) -> None:
    """The page of the stored demo with so many times its rows and its drawings' lines."""
    import pandas as pd

    from safe_reasoning.report.page import write_report

    place = folder / f"page{times}"
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(STORED / "tables", place / "tables")
    shutil.copytree(STORED / "figures", place / "figures")
    for path in (place / "tables").glob("*.csv"):
        pd.concat([pd.read_csv(path, keep_default_na=False, dtype=str)] * times).to_csv(path, index=False)
    for path in (place / "figures").glob("*.svg"):
        head, body = path.read_text().split("</metadata>", 1)
        path.write_text(f"{head}</metadata>{body.removesuffix('</svg>') * times}</svg>")
    write_report(demo(), place / "figures", place / "tables", ROOT / "workflow/report")
