"""Which prompts of a GRPO step begin with given reasoning, and which reasoning that is.

A prompt with a beginning is a longer prompt: its group shares it, and no loss falls on it. All
processes give out the same beginnings: the first one chooses, and owns the buffer of `own`.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from accelerate.utils import broadcast_object_list, gather_object

from safe_reasoning.config.methods import Prefill
from safe_reasoning.core.files import read_json, write_json
from safe_reasoning.core.seeds import derive_seed
from safe_reasoning.core.trace import Tokenizer
from safe_reasoning.judging.base import CueDetector, Row
from safe_reasoning.judging.cues import find_cues, tokens_through
from safe_reasoning.training.reset_buffer import NAME, Given, ResetBuffer, chosen_groups
from safe_reasoning.training.rewards import Label, Outcome

# The side that a beginning takes: cooperative reasoning goes along with the request
SIDES: dict[str, dict[Label, str]] = {
    "opposite": {"harmful": "cooperative", "benign": "refusing"},
    "aligned": {"harmful": "refusing", "benign": "cooperative"},
}


def ready_beginnings(
    settings: Prefill, labels: Mapping[str, Label], prefixes: Sequence[Row]
) -> dict[str, list[tuple[int, ...]]]:
    """Beginnings by prompt, cut to `tokens`.

    Args:
        settings: their source, and how many tokens they may have.
        labels: kinds of the prompts by prompt_id.
        prefixes: rows of schema prefixes; one that says what it has to only later is left out.
    """
    sides = SIDES.get(settings.source, {})
    found: dict[str, list[tuple[int, ...]]] = {}
    for row in prefixes:
        label = labels.get(row["prompt_id"])
        if label and sides.get(label) == row["side"] and row["least_tokens"] <= settings.tokens:
            found.setdefault(row["prompt_id"], []).append(tuple(row["prefix_ids"][: settings.tokens]))
    return found


class Beginnings:
    """Hands out beginnings of reasonings to the groups of a step."""

    def __init__(
        self,
        settings: Prefill,
        labels: Mapping[str, Label],
        prefixes: Sequence[Row],
        rollouts: int,
        seed: int,
    ) -> None:
        """Ready to hand out.

        Args:
            settings: of the method.
            labels: kinds of the prompts by prompt_id.
            prefixes: rows of schema prefixes, for `opposite` and `aligned`.
            rollouts: completions of a group.
            seed: of the training.
        """
        self.buffer = ResetBuffer(settings.buffer)
        self._settings, self._labels, self._rollouts, self._seed = settings, labels, rollouts, seed
        self._ready = ready_beginnings(settings, labels, prefixes)

    def hand_out(self, names: Sequence[str], step: int, process: int = 0) -> list[Given]:
        """What each completion of this process goes on from.

        Args:
            names: prompt_id of each.
            step: of the training.
            process: this one's number; all have as many completions.
        """
        groups = gather_object(list(names))[:: self._rollouts]
        given = broadcast_object_list([self._choose(groups, step) if process == 0 else None])[0]
        mine = [one for one in given for _ in range(self._rollouts)]
        return mine[process * len(names) : (process + 1) * len(names)]

    def _choose(self, groups: Sequence[str], step: int) -> list[Given]:
        """What each group of a step goes on from."""
        rng = random.Random(derive_seed("beginnings", self._seed, step))
        own = self._settings.source == "own"
        eligible = [
            number
            for number, name in enumerate(groups)
            if (self._labels[name] == "harmful" if own else name in self._ready)
        ]
        draw, order = rng.random(), rng.sample(range(len(groups)), len(groups))
        chosen = chosen_groups(eligible, self._settings.share, draw, order)
        given = []
        for number, name in enumerate(groups):
            state = Given(name)
            if number in chosen:
                state = (self.buffer.pop() or state) if own else Given(name, rng.choice(self._ready[name]))
            given.append(state)
        return given

    def take_back(self, states: Sequence[Given], process: int = 0) -> None:
        """Keep the beginnings of unsafe completions of all processes (`own`)."""
        every = gather_object(list(states))
        if process == 0:
            self.buffer.push(every)

    def save(self, checkpoint: Path) -> None:
        """Store the buffer with a checkpoint, before the checkpoint is whole."""
        if self._settings.source == "own":
            checkpoint.mkdir(parents=True, exist_ok=True)
            write_json(checkpoint / NAME, self.buffer.as_json())

    def load(self, checkpoint: Path) -> None:
        """Go on with the buffer of a checkpoint."""
        if (checkpoint / NAME).exists():
            self.buffer.restore(read_json(checkpoint / NAME))

    def counts(self) -> dict[str, Any]:
        """What `training.json` says of them."""
        if self._settings.source == "own":
            return {"resets": self.buffer.counts()}
        return {"prompts_with_beginnings": len(self._ready)}


def unsafe_states(
    settings: Prefill,
    tokenizer: Tokenizer,
    detector: CueDetector,
    given: Sequence[Given],
    completions: Sequence[Sequence[int]],
    found: Sequence[Outcome],
) -> list[Given]:
    """States to reset from: the unsafe completions of harmful prompts, cut at their first cue.

    A completion counts as unsafe when its reasoning or its response is harmful. One that had a
    beginning is reset no second time. The cut lies in the reasoning, and one later than
    `tokens` is left out.

    Args:
        settings: of the method.
        tokenizer: of the model.
        detector: of compliance cues.
        given: what each completion went on from.
        completions: token ids of each, as sampled.
        found: what is known about each.
    """
    unsafe = [
        number
        for number, (start, outcome) in enumerate(zip(given, found, strict=True))
        if not start.prefix and (outcome.z_safe is False or outcome.y_safe is False)
    ]
    cues = find_cues(tokenizer, [completions[number] for number in unsafe], detector)
    states = []
    for number, (cue, _) in zip(unsafe, cues, strict=True):
        if cue is None:
            continue
        ids = list(completions[number])
        cut = cue.token if settings.cut == "before_cue" else tokens_through(tokenizer, ids, cue)
        if 0 < cut <= settings.tokens:
            states.append(Given(given[number].prompt_id, tuple(ids[:cut])))
    return states
