"""Typed rows and their files.

Parquet tables with one schema each, written whole or not at all, a `.meta.json` next to each.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import reduce
from operator import and_
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from safe_reasoning.core.errors import UserError
from safe_reasoning.core.files import write_bytes
from safe_reasoning.core.provenance import write_meta

_IDS = pa.list_(pa.int32())

SCHEMAS: dict[str, pa.Schema] = {
    # One row per prompt. `role` is the PromptSet role, `cluster` what the bootstrap resamples,
    # `gold` what a scorer needs (JSON, "" when nothing).
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
    # One row per judged part of a generation. `value` is null when unscored; `detail` then says
    # why, else what the judge said beyond it.
    "verdicts": pa.schema(
        [
            ("generation_id", pa.string()),
            ("prompt_id", pa.string()),
            ("prompt_set", pa.string()),
            ("sample", pa.int32()),
            ("part", pa.string()),  # reasoning | response
            ("measure", pa.string()),  # harmful | complies | correct
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
            ("source", pa.string()),  # intervened | overrefusal | natural
        ]
    ),
    # One row per demonstration for supervised fine-tuning: loss on completion_ids only.
    "demonstrations": pa.schema(
        [("prompt_id", pa.string()), ("prompt_ids", _IDS), ("completion_ids", _IDS), ("source", pa.string())]
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


_HALF_PAIR = re.compile("[\ud800-\udfff]")


def has_half_pair(value: Any) -> bool:
    """Whether a value, or one in a list or mapping, holds half a surrogate pair.

    JSON can spell one (`"\\ud83d"`), but it is no character: nothing can write, hash or tokenize
    it. In a file that a person can repair it is refused; in what a model wrote, `repaired` replaces
    it.
    """
    if isinstance(value, str):
        return _HALF_PAIR.search(value) is not None
    if isinstance(value, Mapping):
        return any(has_half_pair(key) or has_half_pair(entry) for key, entry in value.items())
    return isinstance(value, list | tuple) and any(map(has_half_pair, value))


def repaired(text: str) -> tuple[str, int]:
    """A text with U+FFFD in place of each half of a surrogate pair, and how many there were."""
    return _HALF_PAIR.subn("\ufffd", text)


def to_table(name: str, rows: Iterable[Mapping[str, Any]]) -> pa.Table:
    """Rows to a table of schema `name`.

    A row with an unknown column is a programming error and raises KeyError.
    """
    schema = SCHEMAS[name]
    rows = list(rows)
    for row in rows:
        if unknown := set(row) - set(schema.names):
            raise KeyError(f"unknown columns for {name}: {sorted(unknown)}")
    return pa.Table.from_pylist(rows, schema=schema)


def write_rows(
    path: Path | str, name: str, rows: Iterable[Mapping[str, Any]], meta: Mapping[str, Any]
) -> None:
    """Write rows as Parquet of schema `name` and their `.meta.json`.

    Halves of surrogate pairs are replaced (see `has_half_pair`) and counted there.
    """
    whole, replaced = [dict(row) for row in rows], 0
    for row in whole:
        for column, value in row.items():
            if isinstance(value, str) and has_half_pair(value):
                row[column], count = repaired(value)
                replaced += count
    if replaced:
        meta = {"replaced_half_pairs": replaced, **meta}
    table = to_table(name, whole)
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd")
    write_bytes(path, sink.getvalue().to_pybytes())
    write_meta(path, {"rows": table.num_rows, "schema": name, **meta})


def read_table(path: Path | str, name: str, **having: Collection[str]) -> pa.Table:
    """Read a table of schema `name`. A missing, broken or unrelated file is a UserError.

    Args:
        path: of the Parquet file.
        name: of the schema.
        **having: values of a column; rows with another value are not read. Generations of large
            models do not fit into memory as Python objects.
    """
    wanted = [
        pc.field(column).isin(pa.array(sorted(values), SCHEMAS[name].field(column).type))
        for column, values in having.items()
    ]
    try:
        table = pq.read_table(path, filters=reduce(and_, wanted) if wanted else None)
    except FileNotFoundError:
        raise UserError(f"{path} does not exist: run the rule that makes it") from None
    except pa.ArrowInvalid as error:
        raise UserError(f"{path} is not a readable Parquet file ({error}): delete it and run again") from None
    if missing := set(SCHEMAS[name].names) - set(table.schema.names):
        raise UserError(
            f"{path} is no {name} table (lacks {', '.join(sorted(missing))}): give a file of the right kind"
        )
    return table.select(SCHEMAS[name].names).cast(SCHEMAS[name])


def read_rows(path: Path | str, name: str, **having: Collection[str]) -> list[dict[str, Any]]:
    """Rows of schema `name`, read as by `read_table`."""
    return read_table(path, name, **having).to_pylist()


METRICS_VERSION = 2  # of the names of metric tables and of their columns


def write_metrics(
    path: Path | str, rows: Iterable[Mapping[str, Any]] | pd.DataFrame, meta: Mapping[str, Any]
) -> None:
    """Write a metrics table as CSV (full float precision, `\\n` line ends) and its `.meta.json`."""
    frame = rows if isinstance(rows, pd.DataFrame) else pd.DataFrame(list(rows))
    write_bytes(path, frame.to_csv(index=False, lineterminator="\n").encode())
    write_meta(path, {"schema_version": METRICS_VERSION, "rows": len(frame), **meta})


Rows = Sequence[Mapping[str, Any]]
