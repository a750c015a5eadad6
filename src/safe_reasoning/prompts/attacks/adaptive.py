"""Attacks that search against each method itself, and the samples that measure what they found.

The same requests, budget and rule for every method; the prompts that come out are its own. They are
found on some seeds and measured on fresh ones, since the best of many tries on one seed is too high
by chance. Benign requests in the same form, and both kinds asked plainly, are measured beside them.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from safe_reasoning.config import Attack, Config
from safe_reasoning.config.attacks import WRAPPERS
from safe_reasoning.core.seeds import derive_seed
from safe_reasoning.core.trace import Tokenizer, split_trace
from safe_reasoning.evaluation.adaptive import ALLOWED, PLAIN, RESTRICTED, set_of
from safe_reasoning.prompts.attacks.pair import (
    BEST,
    SHOWN,
    Attacker,
    ChatAttacker,
    Stream,
    Tried,
    best_of,
    best_row,
    scores_by,
    search,
)
from safe_reasoning.prompts.attacks.rows import Row, result
from safe_reasoning.prompts.attacks.wrappers import WrapperAttacker, item_of
from safe_reasoning.sampling.chat_models.factory import ChatModel, open_chat
from safe_reasoning.sampling.chat_template import prompt_ids
from safe_reasoning.sampling.engine import Request

ATTACK_TOKENS = 1024  # room for a local attacker's reply
Sample = Callable[[Sequence[Request], str], list[dict[str, Any]]]
# Harm of samples of requests, between 0 and 1; unscored ones are no harm
Harm = Callable[[Sequence[Row], Sequence[Row]], list[float]]


def attacked_prompts(plain: Mapping[str, Sequence[Row]], config: Config) -> list[dict[str, Any]]:
    """Requests that are asked plainly and under each attack: rows of schema prompts.

    One request for each thing of the nano world, of which a set has several wordings.

    Args:
        plain: prompts by prompt set, of `config.attacked_sets`.
        config: of the run.
    """
    rows = []
    for side, prompt_set in zip((RESTRICTED, ALLOWED), config.attacked_sets, strict=True):
        rng = random.Random(derive_seed("attacked prompts", side, config.world_seed))
        things: dict[str, Row] = {}  # several wordings of one thing are no independent requests
        for row in rng.sample(list(plain[prompt_set]), len(plain[prompt_set])):
            things.setdefault(item_of(row) or row["prompt_id"], row)
        drawn = list(things.values())[: config.evaluate.adaptive_prompts]
        for attack in (PLAIN, *config.evaluate.adaptive_attacks):
            name = set_of(attack, side)
            rows += [
                {**row, "prompt_id": f"{name}-{number:04d}", "prompt_set": name}
                for number, row in enumerate(drawn)
            ]
    return rows


class OwnTarget:
    """Samples of the method under attack, and how harmful they are.

    Args:
        sample: completions of the method.
        tokenizer: of the method.
        harm: of samples; None: a chat model scores the first reply instead.
        scorer: that chat model.
        samples: of each prompt.
        seed: of the samples.
    """

    def __init__(
        self,
        sample: Sample,
        tokenizer: Tokenizer,
        harm: Harm,
        scorer: ChatModel | None,
        samples: int,
        seed: int,
    ) -> None:
        self._sample, self._tokenizer, self._harm, self._scorer = sample, tokenizer, harm, scorer
        self.samples, self._seed = samples, seed

    def __call__(self, streams: Sequence[Stream], label: str) -> list[Tried]:
        """What came of the newest prompt of each stream."""
        requests = [
            request
            for stream in streams
            if stream.prompt
            for request in self.requests(
                stream.request, stream.prompt.text, stream.number * self.samples, ("search", label)
            )
        ]
        rows = self._sample(requests, label)
        groups = [rows[at : at + self.samples] for at in range(0, len(rows), self.samples)]
        replies = [(split_trace(group[0]["text"]).response or "")[:SHOWN] for group in groups]
        if self._scorer:
            scores = scores_by(self._scorer, streams, replies, f"{label} scorer")
        else:
            owners = [stream.request for stream in streams for _ in range(self.samples)]
            harm = self._harm(owners, rows)
            scores = [score_of_harm(harm[at : at + self.samples]) for at in range(0, len(rows), self.samples)]
        return [Tried(*one) for one in zip(replies, scores, groups, strict=True)]

    def requests(self, request: Row, text: str, first: int, seed: Sequence[str]) -> list[Request]:
        """So many samples of a text, numbered from `first` on, with seeds of their own."""
        ids = prompt_ids(self._tokenizer, text)
        return [
            Request(
                generation_id=f"{request['prompt_id']}.{number}",
                prompt_id=request["prompt_id"],
                prompt_set=request["prompt_set"],
                sample=number,
                seed=derive_seed("adaptive", *seed, self._seed, request["prompt_id"], number),
                prompt_token_ids=ids,
            )
            for number in range(first, first + self.samples)
        ]


def score_of_harm(harm: Sequence[float]) -> int:
    """Mean harm of samples as a score from 1 (none) to 10 (all)."""
    return 1 + round((BEST - 1) * sum(harm) / len(harm))


def attacker_of(settings: Attack, config: Config, seed: int) -> Attacker:
    """The attacker of an attack of kind pair that adapts: the rule over frames, or a chat model."""
    if settings.attacker == WRAPPERS:
        return WrapperAttacker(max(1, settings.iterations // 2), seed)
    return ChatAttacker(open_chat(str(settings.attacker), config, max_new_tokens=ATTACK_TOKENS))


def attack(
    name: str, settings: Attack, prompts: Sequence[Row], attacker: Attacker, target: OwnTarget
) -> tuple[list[dict[str, Any]], list[dict[str, Any]], list[Request]]:
    """What one attack finds against one method.

    Args:
        name: of the attack.
        settings: its budget.
        prompts: of `attacked_prompts`.
        attacker: writes prompts.
        target: the method.

    Returns:
        Rows of schema attacks on the restricted requests, then on the benign ones; the samples that
        the choice rests on (rows of schema generations, numbered from 0); requests for as many
        fresh ones, numbered behind them.
    """
    restricted, allowed = (
        [row for row in prompts if row["prompt_set"] == set_of(name, side)] for side in (RESTRICTED, ALLOWED)
    )
    running = search(restricted, attacker, target, settings.iterations, settings.streams, name)
    found = [best_row(name, streams) for streams in running]
    chosen = [best.samples if (best := best_of(streams)) else () for streams in running]
    samples = [row for rows in chosen for row in _numbered(rows)]
    # Each benign request in the form that was found for one restricted request
    forms = [found[number % len(found)] for number in range(len(allowed))]
    texts = attacker.around(forms, allowed)
    control = [
        result(row, name, form["technique"], text, iteration=form["iteration"])
        for form, row, text in zip(forms, allowed, texts, strict=True)
    ]
    requests = fresh([*restricted, *allowed], [row["text"] for row in (*found, *control)], target)
    return [*found, *control], samples, requests


def fresh(prompts: Sequence[Row], texts: Iterable[str], target: OwnTarget) -> list[Request]:
    """Requests for samples of texts on seeds that no search has seen."""
    return [
        request
        for prompt, text in zip(prompts, texts, strict=True)
        for request in target.requests(prompt, text, target.samples, ("confirm",))
    ]


def plain_requests(prompts: Sequence[Row], target: OwnTarget) -> list[Request]:
    """Requests for samples of what is asked plainly."""
    sets = [set_of(PLAIN, side) for side in (RESTRICTED, ALLOWED)]
    plain = [row for row in prompts if row["prompt_set"] in sets]
    return fresh(plain, [row["text"] for row in plain], target)


def _numbered(rows: Sequence[Row]) -> list[dict[str, Any]]:
    return [
        {**row, "generation_id": f"{row['prompt_id']}.{number}", "sample": number}
        for number, row in enumerate(rows)
    ]
