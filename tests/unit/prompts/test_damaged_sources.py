"""Files of prompts with damage anywhere: rows, or one line that names the file."""

import gzip
import io
import json
import random
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from safe_reasoning.prompts.readers import read
from tests.support.mutations import damaged, outcome

ROWS = [{"id": number, "text": f'a, "b" é {number}\nc', "tags": ["x", "y"]} for number in range(20)]


def content_of(form: str) -> bytes:
    """The rows in a form of file."""
    lines = "\n".join(json.dumps(row) for row in ROWS).encode()
    if form == "parquet":
        sink = io.BytesIO()
        pq.write_table(pa.Table.from_pylist(ROWS), sink)
        return sink.getvalue()
    cells = "\n".join(f'{row["id"]},"a ""b""\nc",x' for row in ROWS)
    return {
        "csv": f"id,text,tags\n{cells}\n".encode(),
        "tsv": f"id\ttext\ttags\n{cells}\n".replace(",", "\t").encode(),
        "json": json.dumps(ROWS).encode(),
        "jsonl": lines,
        "jsonl.gz": gzip.compress(lines),
    }[form]


@pytest.mark.parametrize("form", ["csv", "tsv", "json", "jsonl", "jsonl.gz", "parquet"])
def test_damage_is_read_over_or_refused_in_one_line(form: str, tmp_path: Path):
    path, content, chance = tmp_path / f"set.{form}", content_of(form), random.Random(form)
    path.write_bytes(content)
    whole = read(path)
    assert len(whole) == len(ROWS)
    found = Counter[str]()
    for _ in range(150):
        path.write_bytes(damaged(content, chance))
        found[outcome(lambda: read(path), whole)] += 1
    assert found["refused"] > 20, found
