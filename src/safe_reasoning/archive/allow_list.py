"""What may be seen of a run's texts.

In its archive, and in logs, tables, figures and the trace reader.

An archive holds numbers, ids and short labels by lists of what is allowed; no prompt, no
completion, no attack, no path of a machine. Elsewhere a text is replaced by its length and a short
hash (`masked`), which are the same wherever the text stands, so that it can be found again in the
stored rows.

The one free text among the metrics are the mined trigger sentences. A sentence is kept only where
the run measured that reasoning after it is safe more often than not, and where it shares no five
words in a row with a prompt of the run (`is_harmless`). Compliance cues stand in no metric.
"""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from safe_reasoning.core.errors import UserError
from safe_reasoning.core.records import read_table
from safe_reasoning.core.redaction import is_harmless, strip_local_paths
from safe_reasoning.core.schemas import SCHEMAS
from safe_reasoning.judging.kinds import judge_kind, names

MASKED = "[left out]"
LABEL = r"[\w .,:;+()%/&<>=-]{0,80}"
# What a judgement's detail may hold next to plain words, by the kinds that say so.
_DETAILS = "|".join(dict.fromkeys(kind.details for kind in map(judge_kind, names("judges")) if kind.details))
# Column by column what a verdict may say. Written out here and not taken from the schema: a column
# that comes to the schema does not come to the archive by itself.
VERDICTS = {
    "generation_id": r"[a-z0-9_]+-\d+\.\d+(?:@\d+|\+(?:\d+|[a-z]+)\.\d+)?",
    "prompt_id": r"[a-z0-9_]+-\d+",
    "prompt_set": r"[a-z0-9_]+",
    "sample": None,
    "part": r"reasoning|response",
    "measure": r"harmful|complies|correct|risk_named",
    "value": None,
    "detail": rf"[a-z_]{{0,30}}|(?:[a-z_]{{1,30}}; )?(?:{_DETAILS})",
    "judge": r"[a-z0-9_]+",
}
SENTENCE = ("triggers", "text")  # the one column of free text
# Columns of metrics that hold numbers, ids and short labels, and keys of meta files that hold no
# text.
_METRICS = """
above agreement any at at_1 at_1_fixed at_1_high at_1_low at_k at_k_fixed at_k_high at_k_low attack
attempts bases below between bin brier cluster condition continuations count csr csr_after
csr_before cue_undetermined data detail detector difference eta exact false_negative
false_negative_high false_negative_low false_positive false_positive_high false_positive_low files
first_cue_token first_exact first_exact_high first_exact_low first_offset first_offset_high
first_offset_low first_position first_sentence first_within_one first_within_one_high
first_within_one_low found found_high found_low found_without found_without_high found_without_low
generated_tokens generations generations_per_prompt harmful help high instance_rate
instance_rate_high instance_rate_low judge k kappa kappa_high kappa_low kept kind kinds kl label
labels learning_rate loss low max_rounds_reached measure method methods model models monitor mu n
near_duplicate negatives ngram13 no_cue no_cue_harmful occurrences of_response of_unsafe
of_unsafe_high of_unsafe_low other_judge outcome outside p_adjusted p_value pairs part part_of
per_sentence picked position positive positives prefix_tokens probability prompt_high prompt_id
prompt_low prompt_set prompts queries r rate read_at reasoning reference requests response
reward_margin role rollouts rounds rounds_1 rows_per_step safe_rollouts safe_share
safe_turning_point safe_turning_point_high safe_turning_point_low same_sign samples
samples_per_prompt sampling_seconds scenario scored sd sd_bases sd_seeds se_infinite_samples
se_plus_one_sample se_same_budget_new_prompts seconds seed seeds seen_in_time seen_in_time_high
seen_in_time_low selection sentences share source stable_tokens standard_error step steps
steps_share target_high target_low target_met tau templates texts theme threshold tokens trace
trace_class traces trained_tokens training_prompts training_seconds training_set trials trigger_end
trigger_start undetermined unreadable unsafe unsafe_turning_point unsafe_turning_point_high
unsafe_turning_point_low unscored value with_cue with_cue_high with_cue_low within within_share
without_cue
"""
_META = """
asked commit file generations_sha256 instructions_sha256 judge machine official_sha256 rows schema
schema_version software tables tokens traces unparsed_replies unscored weights without_reply
"""
METRICS, META = frozenset(_METRICS.split()), frozenset(_META.split())


def mask_config(config: Mapping[str, Any]) -> dict[str, Any]:
    """A resolved configuration without the folder of its data mirror and without places (see
    `strip_local_paths`).
    """
    return {**strip_local_paths(config), "data_mirror": None}


def mask_meta(meta: Mapping[str, Any]) -> dict[str, Any]:
    """The keys of a meta file that are known to hold no text, without places."""
    return strip_local_paths({key: value for key, value in meta.items() if key in META})


def mask_verdicts(path: Path) -> bytes:
    """A verdict file with the allowed columns alone, as Parquet.

    A value that is no id, number or known word is a UserError, which does not repeat it.
    """
    table = read_table(path, "verdicts").select(list(VERDICTS))
    for column, pattern in VERDICTS.items():
        values = table[column].unique().to_pylist() if pattern else []
        if any(not re.fullmatch(str(pattern), str(value)) for value in values):
            raise UserError(
                f"{path}: column {column} holds something else than {pattern}, so it is not archived: see "
                "where it comes from"
            )
    # A new table: metadata of the file, where anything may stand, stays behind.
    schema = pa.schema([SCHEMAS["verdicts"].field(column) for column in VERDICTS])
    clean = pa.Table.from_arrays(
        [table[column].cast(schema.field(column).type) for column in VERDICTS], schema=schema
    )
    sink = pa.BufferOutputStream()
    pq.write_table(clean, sink, compression="zstd")
    return sink.getvalue().to_pybytes()


def read_cells(content: bytes) -> pd.DataFrame:
    """A CSV table, every cell as the text that stands there."""
    try:
        return pd.read_csv(io.BytesIO(content), dtype=str, keep_default_na=False)
    except pd.errors.EmptyDataError:
        return pd.DataFrame()


def check_metrics(name: str, content: bytes) -> None:
    """Refuse a metrics table with a column that is not on the list, or with a cell that is no
    number or short label, outside the trigger sentences.
    """
    frame = read_cells(content)
    for column in frame.columns:
        if (name, column) == SENTENCE:
            continue
        if column not in METRICS:
            raise UserError(
                f"metrics/{name}.csv has a column {column} that may hold text: name it in "
                "archive/allow_list.py if it can not"
            )
        if not frame[column].str.fullmatch(LABEL).all():
            raise UserError(
                f"metrics/{name}.csv: column {column} holds more than numbers and short labels, so it is "
                "not archived"
            )


def mask_triggers(
    content: bytes, invented: set[str], prompt_ngrams: set[tuple[str, ...]]
) -> tuple[bytes, int]:
    """The table of mined triggers without sentences that are not known to be harmless.

    Args:
        content: the CSV file.
        invented: models of the nano world, in which no sentence can do harm: theirs are kept.
        prompt_ngrams: `runs` of the run's prompts.

    Returns:
        The CSV file, the same bytes where nothing is left out, and the number of sentences left
        out.
    """
    frame = read_cells(content)
    if frame.empty:
        return content, 0
    low = pd.to_numeric(frame["low"], errors="coerce")
    harmless = pd.Series(
        [is_harmless(*row, prompt_ngrams) for row in zip(frame["text"], low, strict=True)], index=frame.index
    )
    hidden = ~frame["model"].isin(invented) & ~harmless
    if not hidden.any():
        return content, 0
    frame.loc[hidden, "text"] = MASKED
    return frame.to_csv(index=False, lineterminator="\n").encode(), int(hidden.sum())
