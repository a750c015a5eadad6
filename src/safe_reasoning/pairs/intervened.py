"""Intervened pairs: same prefix, safety trigger and what follows against compliance cue and what
follows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from safe_reasoning.characterize.intervention import Case, Sample, State, run_interventions
from safe_reasoning.core.seeds import derive_seed
from safe_reasoning.core.trace import Tokenizer
from safe_reasoning.judging.base import CueDetector, Judge
from safe_reasoning.judging.cues import Cue
from safe_reasoning.judging.verdicts import reasonings_are_safe
from safe_reasoning.pairs.rows import Pairs, Row, _checked, _count, is_usable, share_prefix, side_ids
from safe_reasoning.sampling.engine import Request


def rollout_requests(
    prompts: Sequence[Row], prompt_ids: Mapping[str, list[int]], triggers: Sequence[Row]
) -> list[Request]:
    """One rollout per prompt and trigger (paper section 3 step 2, N = 1), each with a seed of its
    own.

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
            requests.append(
                Request(name, prompt["prompt_id"], prompt["prompt_set"], number, derive_seed(name), ids)
            )
    return requests


def intervened_pairs(
    rollouts: Sequence[Row],
    triggers: Sequence[Row],
    sample: Sample,
    tokenizer: Tokenizer,
    detector: CueDetector,
    judge: Judge,
    prompts: Mapping[str, Row],
    max_rounds: int,
    append_response: bool,
) -> Pairs:
    """Pairs from intervened rollouts (paper section 3 steps 2 to 5).

    The prefix is x + z^{<h} with h the first cue of the rollout, however many rounds follow: a
    later round replaces a cue that comes after the trigger, so the chosen side then is trigger +
    text + trigger + continuation. Rejected is the rollout from its cue on.

    Args:
        rollouts: rows of schema generations for `rollout_requests`: `sample` is the trigger's
            number.
        triggers: the picked triggers, with `label` and `text`.
        sample: draws continuations.
        tokenizer: of the model.
        detector: finds the cues that are replaced.
        judge: of the rollouts without a cue.
        prompts: rows of schema prompts by prompt_id.
        max_rounds: interventions before a rollout is given up.
        append_response: both sides go on to the response; otherwise both end with the reasoning.

    Returns:
        Rows, and counts: `attempts` = `unfinished` (rollout or corrected continuation not usable) +
            `no_cue` + `max_rounds_reached` (a cue left after the last
        round) + `cue_undetermined` (the detector could not decide whether there is one) + `kept`;
        `no_cue_harmful` of the `no_cue` are harmful nevertheless: harm that no pair holds.
        `pairs` = `kept` - all `dropped_*`. `rounds_N` of the kept ones took N rounds.
    """
    counts = _count(rollouts, "max_rounds_reached", "rounds_1", "cue_undetermined")
    usable = [row for row in rollouts if is_usable(row["text"], row["finish_reason"], append_response)]
    counts["unfinished"] = len(rollouts) - len(usable)
    cases = [Case(row["generation_id"], row, triggers[row["sample"]]["text"]) for row in usable]
    rows = []
    no_cue: list[Row] = []
    for case, history in zip(
        cases, run_interventions(sample, tokenizer, cases, detector, max_rounds), strict=True
    ):
        first, last = history[0], history[-1]
        if last.cue_undetermined:
            counts["cue_undetermined"] += 1
        elif first.cue is None:
            no_cue.append(case.row)
        elif last.cue is not None:
            counts["max_rounds_reached"] += 1
        elif not is_usable(last.text, last.finish_reason, append_response):
            counts["unfinished"] += 1
        else:
            rounds = next(number for number, state in enumerate(history) if state.cue is None)
            counts["kept"] += 1
            counts[f"rounds_{rounds}"] += 1
            if last.token_ids[: first.cue.token] != first.token_ids[: first.cue.token]:
                # A detector that reads context may move its first cue to before the trigger; then
                # the sides no longer share z^{<h}.
                counts["dropped_prefix_lost"] += 1
                continue
            rows.append(_intervened_pair(case, first, first.cue, last, rounds, tokenizer, append_response))
    safe = reasonings_are_safe(
        judge, [prompts[row["prompt_id"]] for row in no_cue], [row["text"] for row in no_cue]
    )
    counts.update(
        {"no_cue": len(safe), "no_cue_harmful": safe.count(False), "no_cue_unscored": safe.count(None)}
    )
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
