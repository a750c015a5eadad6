"""The columns of each kind of row."""

from __future__ import annotations

import pyarrow as pa

_IDS = pa.list_(pa.int32())
IGNORED = -100  # label of a token that bears no loss

SCHEMAS: dict[str, pa.Schema] = {
    # One row per prompt. `role` is the PromptSet role, `gold` what a scorer needs (JSON, "" when
    # nothing).
    "prompts": pa.schema(
        [
            ("prompt_id", pa.string()),
            ("prompt_set", pa.string()),
            ("role", pa.string()),
            ("category", pa.string()),
            ("text", pa.string()),
            # What is asked for without an attack around it; judges read this
            ("request", pa.string()),
            ("gold", pa.string()),
        ]
    ),
    # One row per attacked prompt: what an attack made of a request. An attack that gave nothing
    # usable leaves the request as it was (`attacked` false).
    "attacks": pa.schema(
        [
            ("prompt_id", pa.string()),
            ("attack", pa.string()),
            ("technique", pa.string()),
            ("request_sha256", pa.string()),
            ("text", pa.string()),
            ("attacked", pa.bool_()),
            ("iteration", pa.int32()),
            ("score", pa.int32()),
            ("unparsed", pa.int32()),
        ]
    ),
    # One row per sampled completion. `token_ids` is everything after the prompt; its first
    # `given_tokens` ids were given, not sampled.
    "generations": pa.schema(
        [
            ("generation_id", pa.string()),
            ("prompt_id", pa.string()),
            ("prompt_set", pa.string()),
            ("sample", pa.int32()),
            ("seed", pa.int64()),
            ("prompt_token_ids", _IDS),
            ("given_tokens", pa.int32()),
            ("token_ids", _IDS),
            ("text", pa.string()),
            ("finish_reason", pa.string()),
        ]
    ),
    # One row per beginning of a harmful reasoning that all methods continue: the `sentences` first
    # ones of a generation, as token ids.
    "beginnings": pa.schema(
        [
            ("generation_id", pa.string()),
            ("prompt_id", pa.string()),
            ("prompt_set", pa.string()),
            ("sentences", pa.int32()),
            ("prompt_ids", _IDS),
            ("given_ids", _IDS),
        ]
    ),
    # One row per judged part of a generation. `value` is null when unscored; `detail` then says
    # why, else what the judge said beyond it.
    "verdicts": pa.schema(
        [
            ("generation_id", pa.string()),
            ("prompt_id", pa.string()),
            ("prompt_set", pa.string()),
            ("sample", pa.int32()),
            ("part", pa.string()),  # reasoning | response
            ("measure", pa.string()),  # harmful | complies | correct | risk_named
            ("value", pa.bool_()),
            ("detail", pa.string()),
            ("judge", pa.string()),
        ]
    ),
    # One row per preference pair: prompt_ids ends with the shared prefix; prefix_tokens of them are
    # reasoning.
    "pairs": pa.schema(
        [
            ("pair_id", pa.string()),
            ("prompt_id", pa.string()),
            ("prompt_ids", _IDS),
            ("prefix_tokens", pa.int32()),
            ("chosen_ids", _IDS),
            ("rejected_ids", _IDS),
            ("trigger", pa.string()),
            ("cue", pa.string()),
            ("rounds", pa.int32()),
            ("source", pa.string()),  # intervened | overrefusal | natural | siblings | short_answers
        ]
    ),
    # One row per demonstration for supervised fine-tuning: loss on completion_ids only.
    "demonstrations": pa.schema(
        [
            ("prompt_id", pa.string()),
            ("prompt_ids", _IDS),
            ("completion_ids", _IDS),
            ("source", pa.string()),
            # Completion tokens before it are context and bear no loss; null: 0
            ("loss_from", pa.int32()),
            # Label of each completion token where it is not the token itself (-100: none), or null
            ("label_ids", _IDS),
            ("label", pa.string()),  # harmful | benign | capability, of the prompt; or null
            # First and past-the-last completion token of the model's understanding of the request
            # and of the sentence that its safety hangs on; or null
            ("spans", pa.struct([("understanding", _IDS), ("key", _IDS)])),
            # A completion of the same prompt that is turned away from (preferences), or null
            ("rejected_ids", _IDS),
        ]
    ),
    # One row per beginning of a reasoning that reinforcement learning may start from. It says what
    # its side stands for only after `least_tokens`.
    "prefixes": pa.schema(
        [
            ("prompt_id", pa.string()),
            ("side", pa.string()),  # cooperative | refusing
            ("prefix_ids", _IDS),
            ("least_tokens", pa.int32()),
        ]
    ),
    # One row per prompt: completions to be ranked (`label` harmful), or to be kept as they are
    # (benign, without scores). Lists go by completion; the first `reasoning_ends` ids of one are
    # its reasoning, closing tag included. Scores: 1 to 5, higher is safer.
    "groups": pa.schema(
        [
            ("prompt_id", pa.string()),
            ("label", pa.string()),  # harmful | benign
            ("prompt_ids", _IDS),
            ("completions", pa.list_(_IDS)),
            ("reasoning_ends", _IDS),
            ("reasoning_scores", pa.list_(pa.float32())),
            ("response_scores", pa.list_(pa.float32())),
        ]
    ),
    # One row per next sentence that was drawn after `prefix_ids` of a reasoning, with the
    # continuation safety ratio after it. Siblings have one `parent_id`; `depth` sentences come
    # before. `closed`: the reasoning ends with it.
    "siblings": pa.schema(
        [
            ("node_id", pa.string()),
            ("parent_id", pa.string()),
            ("prompt_id", pa.string()),
            ("prompt_ids", _IDS),
            ("prefix_ids", _IDS),
            ("step_ids", _IDS),
            ("step", pa.string()),
            ("depth", pa.int32()),
            ("closed", pa.bool_()),
            ("safe", pa.int32()),
            ("unscored", pa.int32()),
            ("continuations", pa.int32()),
        ]
    ),
    # One row per completion under a decode-time policy. `edits` counts them, an opening not.
    # Lists go by what was inserted, an opening first: its tokens in the delivered completion, from
    # `starts` to before `ends` (the same where only a part was sampled again), and why.
    "edits": pa.schema(
        [
            ("generation_id", pa.string()),
            ("prompt_id", pa.string()),
            ("prompt_set", pa.string()),
            ("sample", pa.int32()),
            ("edits", pa.int32()),
            ("sampled_tokens", pa.int32()),
            ("delivered_tokens", pa.int32()),
            ("starts", _IDS),
            ("ends", _IDS),
            ("reasons", pa.list_(pa.string())),
        ]
    ),
    # One row per token prefix of a trace: the continuation safety ratio after `prefix_tokens`
    # reasoning tokens.
    "csr": pa.schema(
        [
            ("generation_id", pa.string()),
            ("prompt_id", pa.string()),
            ("prefix_tokens", pa.int32()),
            ("safe", pa.int32()),
            ("unscored", pa.int32()),
            ("continuations", pa.int32()),
        ]
    ),
    # One row per continuation behind the ratio of a trace. It is a sample at each of the ratio's
    # prefix lengths from `first` to `last`. `safe` is null when unscored.
    "csr_continuations": pa.schema(
        [
            ("generation_id", pa.string()),
            ("first", pa.int32()),
            ("last", pa.int32()),
            ("safe", pa.bool_()),
        ]
    ),
    # One row per continuation of the traces of a prompt: the `number`-th that is sampled after
    # `start` tokens of the `origin`-th. It follows the `trace`-th up to `left` tokens and goes on
    # with `token` (null: not drawn yet).
    "followed": pa.schema(
        [(name, pa.int32()) for name in ("origin", "start", "number", "trace", "left", "token")]
    ),
    # One row per corrected trace after `rounds` interventions with one trigger (or a control).
    "interventions": pa.schema(
        [
            ("generation_id", pa.string()),
            ("prompt_id", pa.string()),
            ("trigger", pa.string()),
            ("condition", pa.string()),  # trigger | neutral | none
            ("rounds", pa.int32()),
            ("harmful", pa.bool_()),
            ("has_cue", pa.bool_()),
        ]
    ),
}

# Columns that files of earlier versions lack; they are read as null.
LATER: dict[str, frozenset[str]] = {
    "demonstrations": frozenset(("loss_from", "label_ids", "label", "spans", "rejected_ids"))
}
