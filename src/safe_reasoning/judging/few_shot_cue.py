"""The paper's cue detector: a chat model reads the numbered sentences of the reasoning, not the prompt, and answers one number (section 2)."""

from __future__ import annotations

from collections.abc import Sequence

from safe_reasoning.judging.chat_instrument import ChatInstrument, instruction, quoted, single_number


class FewShotCueDetector(ChatInstrument):
    """Finds the first compliance cue. A reply that is no number of a sentence after the first counts as no cue and is counted: in `unparsed`, or in `without_reply`."""

    instructions = ("compliance_cue",)

    def first_cue(self, sentences: Sequence[str]) -> int | None:
        """Zero-based index of the first cue, None when there is none."""
        if len(sentences) < 2:
            return None
        numbered = "\n".join(f"{number}. {' '.join(sentence.split())}" for number, sentence in enumerate(sentences, start=1))
        question = instruction("compliance_cue").format(sentences=quoted(numbered))
        number = single_number(self.ask(question))
        if number is not None and 2 <= number <= len(sentences):
            return number - 1
        if number != 0:
            self.count_unparsed(question)
        return None
