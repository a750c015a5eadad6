"""The configured judge or cue detector, made by name."""

from __future__ import annotations

from safe_reasoning.config import Config
from safe_reasoning.config import judges as kinds
from safe_reasoning.config.judges import EmbeddingDetector
from safe_reasoning.core.errors import UserError
from safe_reasoning.judging.base import CueDetector, Judge
from safe_reasoning.judging.judges import embedding, harmbench, llama_guard, phrases, qwen3guard, strongreject, wildguard, xstest
from safe_reasoning.judging.judges.rubric import RubricJudge
from safe_reasoning.judging.official_prompts import official_text
from safe_reasoning.sampling.chat_models.factory import open_chat, open_weights


def get_judge(name: str, config: Config) -> Judge:
    """The judge of that name: exact, lexical, or one of the configuration's `judges`."""
    if name == "exact":
        from safe_reasoning.judging.judges.exact import ExactJudge

        return ExactJudge()
    if name == "lexical":
        from safe_reasoning.judging.judges.lexical import LexicalJudge

        return LexicalJudge()
    if name in config.judges:
        from safe_reasoning.judging.factory import open_judge

        return open_judge(name, config)
    raise UserError(f"unknown judge {name!r}: use one of {', '.join(['exact', 'lexical', *config.judges])}")


def get_detector(name: str, config: Config) -> CueDetector:
    """The cue detector of that name: exact, lexical, or one of the configuration's `detectors`."""
    if name == "exact":
        from safe_reasoning.judging.detectors.exact import ExactCueDetector

        return ExactCueDetector()
    if name == "lexical":
        from safe_reasoning.judging.detectors.lexical import LexicalCueDetector

        return LexicalCueDetector()
    if name in config.detectors:
        detector = config.detectors[name]
        if isinstance(detector, EmbeddingDetector):
            from safe_reasoning.judging.detectors.embedding import EmbeddingCueDetector

            return EmbeddingCueDetector(name)
        from safe_reasoning.judging.detectors.few_shot import FewShotCueDetector
        from safe_reasoning.sampling.chat_models.factory import open_chat

        return FewShotCueDetector(name, open_chat(detector.chat, config))
    raise UserError(f"unknown cue detector {name!r}: use one of {', '.join(['exact', 'lexical', *config.detectors])}")


def open_judge(name: str, config: Config) -> Judge:
    """The judge of that name in `judges`. Words, weights and coefficients must be there, or a UserError says which are not."""
    entry, mirror = config.judges[name], config.data_mirror
    match entry:
        case kinds.ChatJudge():
            return RubricJudge(name, open_chat(entry.chat, config))
        case kinds.LlamaGuardJudge():
            return llama_guard.LlamaGuardJudge(name, open_weights(entry.source, config, llama_guard.MAX_NEW_TOKENS))
        case kinds.HarmBenchJudge():
            template = official_text(harmbench.PROMPTS[entry.prompt][0], mirror, *harmbench.PROMPTS[entry.prompt][1:])
            weights = open_weights(entry.source, config, harmbench.MAX_NEW_TOKENS)
            return harmbench.HarmBenchJudge(name, weights, entry.prompt, template)
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
            system, user = (official_text(place[0], mirror, *place[1:]) for place in (xstest.SYSTEM, xstest.USER))
            return xstest.XSTestJudge(name, open_chat(entry.chat, config, max_new_tokens=xstest.MAX_NEW_TOKENS), system, user)
        case kinds.PhraseJudge():
            return phrases.PhraseListJudge(name, entry.source, mirror)
        case kinds.EmbeddingJudge():
            return embedding.EmbeddingJudge(name, embedding.coefficients_file(config.run, name))
