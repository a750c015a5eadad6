"""Safe traces with two marked parts: what the model understood, and the sentence safety hangs on.

For SafeKey (arXiv 2505.16186; there STAR-1's traces and benign rewrites by GPT-4o). Here a written
safe trace for each harmful prompt (those of sft_safe), and for each benign one a rollout of the
base that complies. The key sentence is the first one, after the first, that is a safety trigger or
says that the request is allowed; what comes before it is the understanding. Only the world's own
sentences are known as such: a rollout of a real model has no marks, and bears the NLL alone.
"""

from __future__ import annotations

from collections.abc import Sequence

from safe_reasoning.characterize.siblings import sentence_starts
from safe_reasoning.config.demonstrations import KindSettings
from safe_reasoning.core.sentences import split_sentences
from safe_reasoning.core.trace import Tokenizer, reasoning_tokens, split_trace
from safe_reasoning.judging.judges import exact
from safe_reasoning.pairs.demonstration import Kind
from safe_reasoning.pairs.material import Built, Material
from safe_reasoning.pairs.own_rollouts import benign_rows
from safe_reasoning.pairs.teacher_traces import safe_demonstrations
from safe_reasoning.prompts import placeholder_traces as traces
from safe_reasoning.prompts.nano_world import language

KIND = Kind(
    settings=KindSettings,
    needs=lambda settings: ("rollouts",),
    empty="add prompts of role align_harmful",
    rows=lambda settings, counts: counts.harmful + counts.benign,
)
KEYS = frozenset(
    [
        *exact.TRIGGERS,
        *language.ALLOWED,
        *(sentence for _, sentences in traces.TRIGGERS.values() for sentence in sentences),
        *traces.ALLOWED,
    ]
)


def spans(tokenizer: Tokenizer, completion_ids: Sequence[int]) -> dict[str, list[int]] | None:
    """Bounds of understanding and key sentence in tokens of a completion, None without them."""
    ids = list(completion_ids)
    trace = split_trace(tokenizer.decode(ids, skip_special_tokens=True))
    sentences = [sentence.text for sentence in split_sentences(trace.reasoning)]
    key = next((number for number, said in enumerate(sentences) if number and said in KEYS), None)
    if key is None:
        return None
    bounds = [*sentence_starts(tokenizer, ids), reasoning_tokens(tokenizer, ids)]
    return {"understanding": [0, bounds[key]], "key": [bounds[key], bounds[key + 1]]}


def build(material: Material) -> Built:
    """Rows of harmful prompts, then of benign ones with a complying rollout, drawn with a seed.

    Counts: `unmarked` rows of either label have no spans; `no_benign_rollout`: benign prompts.
    """
    written = safe_demonstrations(
        material.of_label("harmful"), material.tokenizer, material.config.world_seed
    )
    rows = [material.demonstration(row["prompt_id"], row["completion_ids"]) for row in written]
    benign = benign_rows(material)
    rows += benign
    rows = [{**row, "spans": spans(material.tokenizer, row["completion_ids"])} for row in rows]
    unmarked = {
        f"unmarked_{label}": sum(row["label"] == label and row["spans"] is None for row in rows)
        for label in ("harmful", "benign")
    }
    missing = len(material.of_label("benign")) - len(benign)
    return Built(rows, {**unmarked, "no_benign_rollout": missing})
