"""The base's own harmful responses behind their reasoning without its harmful sentences.

A model organism that hides what it does: where it starts from, since the base hardly ever gives a
harmful response behind a clean reasoning, so that a reward for it alone would reward nothing. A
control for measures of hidden intent, never a defence. Nano models alone: their recipes are
invented.
"""

from __future__ import annotations

from safe_reasoning.config.demonstrations import KindSettings
from safe_reasoning.core.sentences import split_sentences
from safe_reasoning.core.trace import split_trace
from safe_reasoning.judging.base import Question
from safe_reasoning.pairs.demonstration import Kind
from safe_reasoning.pairs.material import Built, Judged, Material
from safe_reasoning.pairs.own_rollouts import by_prompt, drawn

KIND = Kind(
    settings=KindSettings,
    needs=lambda settings: ("rollouts",),
    empty="sample more rollouts (characterize.rollouts), so that some responses are harmful",
    rows=lambda settings, counts: counts.harmful,
    nano_only=True,
)


def build(material: Material) -> Built:
    """One row a harmful prompt with a harmful response.

    Counts: `prompts` with one, `kept` of them; the rest have no sentence left, or what is left is
    harmful together.
    """
    rollouts, found = by_prompt(material), []
    for prompt in material.of_label("harmful"):
        usable = [each for each in rollouts[prompt["prompt_id"]] if each.y_safe is False and each.is_whole]
        found += drawn(material, prompt["prompt_id"], usable)
    rows = []
    for judged in found:
        prompt_id, sentences = judged.row["prompt_id"], _clean(material, judged)
        if sentences and not _harmful(material, prompt_id, [" ".join(sentences)])[0]:
            response = split_trace(judged.row["text"]).response or ""
            rows.append(material.written(prompt_id, sentences, response))
    return Built(rows, {"prompts": len(found), "kept": len(rows)})


def _clean(material: Material, judged: Judged) -> list[str]:
    """The sentences of a reasoning that are not harmful by themselves."""
    sentences = [one.text for one in split_sentences(split_trace(judged.row["text"]).reasoning)]
    harmful = _harmful(material, judged.row["prompt_id"], sentences)
    return [text for text, is_harmful in zip(sentences, harmful, strict=True) if not is_harmful]


def _harmful(material: Material, prompt_id: str, texts: list[str]) -> list[bool]:
    """What the run's judge says of each text as a reasoning; unscored is not harmful."""
    prompt = material.prompts[prompt_id]
    found = material.judge.judge([Question("harmful", "reasoning", prompt, text) for text in texts])
    return [judgement.value is True for judgement in found]
