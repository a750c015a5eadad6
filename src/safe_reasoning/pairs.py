"""Preference pairs (paper section 3, steps 1 to 6, and stage 2), with their invariants.

A pair's prompt_ids end with what both sides share, so a trainer that scores everything after the prompt scores the suffix only.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle
from typing import Any

from safe_reasoning.intervene import Case, Cue, Sample, State, find_cue, run_interventions
from safe_reasoning.judging.judge import CueDetector, Judge
from safe_reasoning.sampling.engine import Request
from safe_reasoning.seeds import derive_seed
from safe_reasoning.text import CLOSE_TAG, Tokenizer, split_trace, whole_tokens

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Pairs:
    """Rows of schema pairs and how many attempts ended in each way."""

    rows: list[dict[str, Any]]
    counts: dict[str, int]


def share_prefix(pair: dict[str, Any]) -> dict[str, Any]:
    """Move the tokens with which both sides begin into the prompt, so that the sides differ at their first token.

    A trigger and a cue often begin alike ("I should not ...", "I will ..."). The loss of such a token is the same on both sides and says nothing, and
    the paper's loss is on the tokens after the shared prefix only: these belong to the prefix, in spite of lying after the cue's start.
    """
    chosen, rejected = pair["chosen_ids"], pair["rejected_ids"]
    shared = 0
    while shared < min(len(chosen), len(rejected)) and chosen[shared] == rejected[shared]:
        shared += 1
    return {
        **pair,
        "prompt_ids": pair["prompt_ids"] + chosen[:shared],
        "prefix_tokens": pair["prefix_tokens"] + shared,
        "chosen_ids": chosen[shared:],
        "rejected_ids": rejected[shared:],
    }


def check_pair(pair: Row, tokenizer: Tokenizer, detector: CueDetector | None = None) -> str:
    """The first invariant that a pair breaks, "" when it keeps them all.

    - `empty_side`: both sides hold tokens.
    - `identical`: the sides are not the same.
    - `same_first_token`: with a shared reasoning prefix, the sides differ at the first token after it. (Sides of whole traces may begin alike.)
    - `not_closed`: the reasoning of both sides is closed, once.
    - `chosen_has_cue`: the reasoning that ends with the chosen side holds no cue, when a detector is given.

    That both sides start with the same token ids needs no check: they have one prompt_ids.
    """
    chosen, rejected = pair["chosen_ids"], pair["rejected_ids"]
    prefix = pair["prompt_ids"][len(pair["prompt_ids"]) - pair["prefix_tokens"] :]
    if not chosen or not rejected:
        return "empty_side"
    if chosen == rejected:
        return "identical"
    if prefix and chosen[0] == rejected[0]:
        return "same_first_token"
    for side in (chosen, rejected):
        if split_trace(tokenizer.decode(prefix + side, skip_special_tokens=True)).kind != "complete":
            return "not_closed"
    if detector is not None and find_cue(tokenizer, prefix + chosen, detector) is not None:
        return "chosen_has_cue"
    return ""


def side_ids(tokenizer: Tokenizer, token_ids: Sequence[int], whole: bool) -> list[int]:
    """The tokens of a completion that a pair holds.

    Args:
        tokenizer: of the model.
        token_ids: a completion whose reasoning is closed.
        whole: keep the response and end with the end-of-sequence token; otherwise end with the last token of the closing think tag.
    """
    ids = list(token_ids)
    if whole:
        return [*ids, tokenizer.eos_token_id]
    trace = split_trace(tokenizer.decode(ids, skip_special_tokens=True))
    before = whole_tokens(tokenizer, ids, trace.end)
    length = next(n for n in range(before + 1, len(ids) + 1) if CLOSE_TAG in tokenizer.decode(ids[before:n], skip_special_tokens=True))
    return ids[:length]


def is_usable(text: str, finish_reason: str, whole: bool) -> bool:
    """Whether a completion can be a side: its reasoning is there and closed once, and its response ended by itself when that belongs to the side."""
    return split_trace(text).kind == "complete" and (finish_reason == "stop" or not whole)


def rollout_requests(prompts: Sequence[Row], prompt_ids: Mapping[str, list[int]], triggers: Sequence[Row]) -> list[Request]:
    """One rollout a prompt and trigger (paper section 3 step 2, N = 1), each with a seed of its own.

    Args:
        prompts: rows of schema prompts.
        prompt_ids: templated token ids by prompt_id.
        triggers: the picked triggers, with `label`.
    """
    requests = []
    for prompt in prompts:
        for number, trigger in enumerate(triggers):
            name = f"pairs/{prompt['prompt_id']}/{trigger['label']}"
            ids = prompt_ids[prompt["prompt_id"]]
            requests.append(Request(name, prompt["prompt_id"], prompt["prompt_set"], number, derive_seed(name), ids))
    return requests


def intervened_pairs(
    rollouts: Sequence[Row],
    triggers: Sequence[Row],
    sample: Sample,
    tokenizer: Tokenizer,
    detector: CueDetector,
    max_rounds: int,
    append_response: bool,
) -> Pairs:
    """Pairs from intervened rollouts (paper section 3 steps 2 to 5).

    The prefix is x + z^{<h} with h the first cue of the rollout, however many rounds follow: a later round replaces a cue that comes after the trigger,
    so the chosen side then is trigger + text + trigger + continuation. Rejected is the rollout from its cue on.

    Args:
        rollouts: rows of schema generations for `rollout_requests`: `sample` is the trigger's number.
        triggers: the picked triggers, with `label` and `text`.
        sample: draws continuations.
        tokenizer: of the model.
        detector: finds the cues that are replaced.
        max_rounds: interventions before a rollout is given up.
        append_response: both sides go on to the response; otherwise both end with the reasoning.

    Returns:
        Rows, and counts: `attempts` = `unfinished` (rollout or corrected continuation not usable) + `no_cue` + `given_up` (a cue left after the last
        round) + `unread_cue` (the detector could not tell whether there is one) + `kept`; `pairs` = `kept` - all `dropped_*`. `rounds_N` of the kept ones took N rounds.
    """
    counts = _count(rollouts, "no_cue", "given_up", "rounds_1", "unread_cue")
    usable = [row for row in rollouts if is_usable(row["text"], row["finish_reason"], append_response)]
    counts["unfinished"] = len(rollouts) - len(usable)
    cases = [Case(row["generation_id"], row, triggers[row["sample"]]["text"]) for row in usable]
    rows = []
    for case, history in zip(cases, run_interventions(sample, tokenizer, cases, detector, max_rounds), strict=True):
        first, last = history[0], history[-1]
        if last.unread:
            counts["unread_cue"] += 1
        elif first.cue is None:
            counts["no_cue"] += 1
        elif last.cue is not None:
            counts["given_up"] += 1
        elif not is_usable(last.text, last.finish_reason, append_response):
            counts["unfinished"] += 1
        else:
            rounds = next(number for number, state in enumerate(history) if state.cue is None)
            counts["kept"] += 1
            counts[f"rounds_{rounds}"] += 1
            if last.token_ids[: first.cue.token] != first.token_ids[: first.cue.token]:
                # A detector that reads context may move its first cue to before the trigger; then the sides no longer share z^{<h}.
                counts["dropped_prefix_lost"] += 1
                continue
            rows.append(_intervened_pair(case, first, first.cue, last, rounds, tokenizer, append_response))
    return _checked(rows, counts, tokenizer, detector)


def _intervened_pair(
    case: Case, first: State, cue: Cue, last: State, rounds: int, tokenizer: Tokenizer, append_response: bool
) -> dict[str, Any]:
    return share_prefix(
        {
            "pair_id": case.case_id,
            "prompt_id": case.row["prompt_id"],
            "prompt_ids": list(case.row["prompt_token_ids"]) + first.token_ids[: cue.token],
            "prefix_tokens": cue.token,
            "chosen_ids": side_ids(tokenizer, last.token_ids, append_response)[cue.token :],
            "rejected_ids": side_ids(tokenizer, first.token_ids, append_response)[cue.token :],
            "trigger": case.trigger,
            "cue": cue.text,
            "rounds": rounds,
            "source": "intervened",
        }
    )


def natural_pairs(generations: Sequence[Row], harmful: Mapping[str, bool | None], tokenizer: Tokenizer, append_response: bool) -> Pairs:
    """Safe against harmful rollouts of one prompt: the baseline without intervention.

    The n-th safe rollout meets the n-th harmful one, so no rollout is used twice. prompt_ids is x alone: sides that begin alike keep their common tokens,
    which add nothing to the preference.

    Args:
        generations: rollouts of harmful prompts (schema generations).
        harmful: verdict on the reasoning by generation_id; unscored rollouts are left out.
        tokenizer: of the model.
        append_response: as in `intervened_pairs`.
    """
    sides: dict[str, dict[bool, list[Row]]] = defaultdict(lambda: {False: [], True: []})
    counts = _count(generations, "unscored")
    for row in generations:
        verdict = harmful.get(row["generation_id"])
        if verdict is None:
            counts["unscored"] += 1
        elif not is_usable(row["text"], row["finish_reason"], append_response):
            counts["unfinished"] += 1
        else:
            sides[row["prompt_id"]][verdict].append(row)
    rows = [
        _whole_pair(safe, bad, tokenizer, append_response, "natural")
        for by_verdict in sides.values()
        for safe, bad in zip(by_verdict[False], by_verdict[True], strict=False)
    ]
    counts["kept"] = len(rows)
    return _checked(rows, counts, tokenizer)


def overrefusal_pairs(
    base: Sequence[Row],
    base_complies: Mapping[str, bool | None],
    aligned: Sequence[Row],
    judge: Judge,
    prompts: Mapping[str, Row],
    tokenizer: Tokenizer,
) -> Pairs:
    """Stage 2 (paper section 3 step 8): the base model's normal answer to a benign prompt against the stage-1 model's refusal.

    Each refusal makes one pair; a prompt's refusals go round its compliant base rollouts. A refusal is a matter of the response, so both sides are
    whole completions, and prompt_ids is x alone.

    Args:
        base: the base model's rollouts of benign prompts (schema generations).
        base_complies: verdict on their responses by generation_id.
        aligned: the stage-1 model's completions of benign prompts.
        judge: says which of those comply; unscored ones are left out.
        prompts: rows of schema prompts by prompt_id.
        tokenizer: of the model.
    """
    normal: dict[str, list[Row]] = defaultdict(list)
    for row in base:
        if base_complies.get(row["generation_id"]) and is_usable(row["text"], row["finish_reason"], whole=True):
            normal[row["prompt_id"]].append(row)
    counts = _count(aligned, "unscored", "complied", "no_compliant_base")
    refusals: dict[str, list[Row]] = defaultdict(list)
    for row in aligned:
        if not is_usable(row["text"], row["finish_reason"], whole=True):
            counts["unfinished"] += 1
            continue
        complies = judge.complies(prompts[row["prompt_id"]], split_trace(row["text"]).response or "")
        if complies is None:
            counts["unscored"] += 1
        elif complies:
            counts["complied"] += 1
        elif not normal[row["prompt_id"]]:
            counts["no_compliant_base"] += 1
        else:
            refusals[row["prompt_id"]].append(row)
    rows = [
        _whole_pair(good, refusal, tokenizer, True, "overrefusal")
        for prompt_id, rejected in refusals.items()
        for good, refusal in zip(cycle(normal[prompt_id]), rejected, strict=False)
    ]
    counts["kept"] = len(rows)
    return _checked(rows, counts, tokenizer)


def _count(attempts: Sequence[Row], *outcomes: str) -> Counter[str]:
    """Counts to begin with: what can happen is there even when it never does."""
    begin = dict.fromkeys(("unfinished", "kept", *outcomes), 0)
    return Counter(begin | {"attempts": len(attempts), "prompts": len({row["prompt_id"] for row in attempts})})


def _whole_pair(chosen: Row, rejected: Row, tokenizer: Tokenizer, append_response: bool, source: str) -> dict[str, Any]:
    return {
        "pair_id": f"{source}/{chosen['generation_id']}/{rejected['generation_id']}",
        "prompt_id": chosen["prompt_id"],
        "prompt_ids": list(chosen["prompt_token_ids"]),
        "prefix_tokens": 0,
        "chosen_ids": side_ids(tokenizer, chosen["token_ids"], append_response),
        "rejected_ids": side_ids(tokenizer, rejected["token_ids"], append_response),
        "trigger": "",
        "cue": "",
        "rounds": 0,
        "source": source,
    }


def _checked(rows: list[dict[str, Any]], counts: Counter[str], tokenizer: Tokenizer, detector: CueDetector | None = None) -> Pairs:
    """Drop the pairs that break an invariant and count them by the invariant."""
    good = []
    for row in rows:
        if fault := check_pair(row, tokenizer, detector):
            counts[f"dropped_{fault}"] += 1
        else:
            good.append(row)
    counts["pairs"] = len(good)
    counts["prompts_with_pairs"] = len({row["prompt_id"] for row in good})
    return Pairs(good, dict(counts))
