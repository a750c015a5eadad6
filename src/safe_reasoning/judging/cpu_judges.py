"""Judges of the configuration that ask no language model."""

from __future__ import annotations

from safe_reasoning.config import Config
from safe_reasoning.config_cpu_judges import EmbeddingJudge, PhraseJudge
from safe_reasoning.judging import embedding_judge, phrases


def open_cpu_judge(
    name: str, settings: PhraseJudge | EmbeddingJudge, config: Config
) -> embedding_judge.EmbeddingJudge | phrases.PhraseListJudge:
    """The judge of that name by its settings; a missing list or missing coefficients are a UserError."""
    if isinstance(settings, PhraseJudge):
        return phrases.PhraseListJudge(name, settings.source, config.data_mirror)
    return embedding_judge.EmbeddingJudge(name, embedding_judge.coefficients_file(config.run, name))
