"""From an entry of `judges` in the configuration to the judge, its model and its words or coefficients."""

from __future__ import annotations

from safe_reasoning import config_judges as kinds
from safe_reasoning.chat_models import open_chat, open_weights
from safe_reasoning.config import Config
from safe_reasoning.judging import (
    embedding_judge,
    harmbench_classifier,
    llama_guard,
    phrases,
    qwen3guard,
    strongreject,
    wildguard,
    xstest_classes,
)
from safe_reasoning.judging.judge import Judge
from safe_reasoning.judging.official import official_text
from safe_reasoning.judging.rubric import RubricJudge


def open_judge(name: str, config: Config) -> Judge:
    """The judge of that name in `judges`. Words, weights and coefficients must be there, or a UserError says which are not."""
    entry, mirror = config.judges[name], config.data_mirror
    match entry:
        case kinds.ChatJudge():
            return RubricJudge(name, open_chat(entry.chat, config))
        case kinds.LlamaGuardJudge():
            return llama_guard.LlamaGuardJudge(name, open_weights(entry.source, config, llama_guard.MAX_NEW_TOKENS))
        case kinds.HarmBenchJudge():
            template = official_text(harmbench_classifier.PROMPTS[entry.prompt][0], mirror, *harmbench_classifier.PROMPTS[entry.prompt][1:])
            weights = open_weights(entry.source, config, harmbench_classifier.MAX_NEW_TOKENS)
            return harmbench_classifier.HarmBenchJudge(name, weights, entry.prompt, template)
        case kinds.Qwen3GuardJudge():
            return qwen3guard.Qwen3GuardJudge(name, open_weights(entry.source, config, qwen3guard.MAX_NEW_TOKENS), entry.reading)
        case kinds.WildGuardJudge():
            template = official_text(wildguard.PROMPT[0], mirror, *wildguard.PROMPT[1:])
            return wildguard.WildGuardJudge(name, open_weights(entry.source, config, wildguard.MAX_NEW_TOKENS), template)
        case kinds.StrongRejectJudge():
            system, user = (official_text(place[0], mirror, *place[1:]) for place in (strongreject.SYSTEM, strongreject.USER))
            chat = open_chat(entry.chat, config, max_new_tokens=strongreject.MAX_NEW_TOKENS)
            return strongreject.StrongRejectJudge(name, chat, system, user, entry.threshold)
        case kinds.XSTestJudge():
            system, user = (official_text(place[0], mirror, *place[1:]) for place in (xstest_classes.SYSTEM, xstest_classes.USER))
            return xstest_classes.XSTestJudge(
                name, open_chat(entry.chat, config, max_new_tokens=xstest_classes.MAX_NEW_TOKENS), system, user
            )
        case kinds.PhraseJudge():
            return phrases.PhraseListJudge(name, entry.source, mirror)
        case kinds.EmbeddingJudge():
            return embedding_judge.EmbeddingJudge(name, embedding_judge.coefficients_file(config.run, name))
