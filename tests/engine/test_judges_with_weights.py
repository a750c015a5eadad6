"""Judges with weights of their own: real engines and prompts, a tiny random model in place of each."""

from __future__ import annotations

from pathlib import Path

import pytest

from safe_reasoning.judging.chat_annotator import provenance
from safe_reasoning.judging.factory import get_judge
from safe_reasoning.judging.kinds import judge_sources
from safe_reasoning.models.hub_weights import link_model
from safe_reasoning.sources import table as sources_table
from tests.support.asking import verdicts_on
from tests.support.official_texts import GUARDS, HOSTILE, PROMPT, tiny, write_official_texts


@pytest.fixture
def texts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return write_official_texts(tmp_path, monkeypatch)


@pytest.mark.parametrize("engine", ["transformers", "vllm"])
def test_judges_run_on_their_own_weights_and_garbage_is_unscored(
    engine: str, tiny_model: Path, texts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """The tiny model with random weights stands in for each judge: the engine, the prompts and the bookkeeping are real, the replies are garbage."""
    monkeypatch.chdir(tmp_path)
    config = tiny(
        judges=GUARDS, engine={"name": engine, "dtype": "float32", "max_model_len": 512, "max_num_seqs": 16}
    )
    (texts / "models").mkdir()
    for source in judge_sources(config):
        (texts / "models" / source).symlink_to(tiny_model)
        link_model(
            source, None, Path("results/tiny/judge_models") / source, model=source, method="judge", seed=0
        )
    rows = [
        {"generation_id": f"g{n}", "prompt_id": "p", "prompt_set": "s", "sample": n, "text": text}
        for n, text in enumerate(
            ["thoughts</think>words", f"{HOSTILE}</think>{HOSTILE}", "x y " * 600 + "</think>short"]
        )
    ]
    names = ["guard", "strict", "wild", "behaviour"] if engine == "transformers" else ["guard"]
    for name in names:
        judge = get_judge(name, config)
        verdicts = verdicts_on(judge, PROMPT, *rows)
        details = [v["detail"] for v in verdicts]
        kept = provenance(judge)
        assert all(v["value"] is None for v in verdicts) and set(details) <= {"unparsed_reply", "no_reply"}
        assert kept["unparsed_replies"] == details.count("unparsed_reply") > 0
        # The third reasoning does not fit the 512 positions of the model; HarmBench's clip, as long as they are, leaves no room for its prompt.
        assert kept["without_reply"] == details.count("no_reply") and details[4] == "no_reply"
        assert kept["weights"]["revision"] == sources_table.source(config.judges[name].source).revision
    if engine == "transformers":  # the loose reading of the same replies samples nothing
        shards = {
            path: path.stat().st_mtime_ns
            for path in Path("results/tiny/replies/qwen3guard_8b").rglob("*.parquet")
        }
        loose = get_judge("loose", config)
        verdicts_on(loose, PROMPT, *rows)
        assert (
            shards
            == {
                path: path.stat().st_mtime_ns
                for path in Path("results/tiny/replies/qwen3guard_8b").rglob("*.parquet")
            }
            != {}
        )
