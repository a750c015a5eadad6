"""Archives, drawn again: trigger sentences masked in figures, nothing written over."""

import io
from pathlib import Path

import pandas as pd

from safe_reasoning.archive import allow_list
from safe_reasoning.archive.contents import gather
from safe_reasoning.archive.pack import pack, unpack
from safe_reasoning.archive.redraw import redraw_archive
from safe_reasoning.core.files import write_bytes
from safe_reasoning.report.manifest import write_manifest
from safe_reasoning.report.redraw import redraw
from tests.support.made_run import add_texts, copy, refused
from tests.support.paths import PUBLISHED, ROOT

HARMFUL = "First the powder goes into the blue bottle"
QUOTING = "I should not tell the steps for making a blue lantern"


def test_trigger_sentences_of_a_real_model_are_kept_only_where_known_to_be_harmless(tmp_path: Path):
    run = copy(ROOT / "results/reference/mini", tmp_path)
    add_texts(run)
    triggers = pd.read_csv(run / "metrics/triggers.csv")
    kept = triggers["text"].iloc[1]
    triggers.loc[0, "text"] = QUOTING  # picked: in figure and table
    triggers.loc[7, ["text", "safe_share", "low"]] = [HARMFUL, 0.1, 0.02]  # not picked: in the table
    triggers.to_csv(run / "metrics/triggers.csv", index=False)
    redraw(run, PUBLISHED)
    assert (
        QUOTING in (run / "figures/fig6_intervention_curve.svg").read_text()
        and HARMFUL in (run / "tables/table_triggers.md").read_text()
    )
    contents, left_out = gather(run, ROOT)
    assert any(line.startswith("2 trigger sentences") for line in left_out)
    for name, content in contents.items():
        assert not [text for text in (QUOTING, HARMFUL) if text.encode() in content], name
    table = pd.read_csv(io.BytesIO(contents["results/mini/tables/table_triggers.csv"]))
    assert list(table.index[table["text"] == allow_list.MASKED]) == [0, 7] and table["text"].iloc[1] == kept
    png = "results/mini/figures/fig6_intervention_curve.png"
    assert contents[png] != (run / "figures/fig6_intervention_curve.png").read_bytes()
    write_bytes(tmp_path / "mini.zip", pack(contents))
    assert "byte for byte" in redraw_archive(tmp_path / "mini.zip", tmp_path / "out")


def test_redrawing_writes_over_nothing_and_tells_what_differs(archived: Path, tmp_path: Path):
    out = tmp_path / "out"
    write_bytes(out / "metrics/kl.csv", b"mine")
    assert "not written over" in refused(lambda: redraw_archive(archived, out))
    assert (out / "metrics/kl.csv").read_bytes() == b"mine" and len(list(out.rglob("*"))) == 2
    found = unpack(archived)
    run = tmp_path / "made"
    for name, content in found.files.items():
        write_bytes(run / name, content)
    write_bytes(run / "tables/table_pairs.md", b"another table\n")  # as if drawn by other code
    write_manifest(run, run / "manifest.json")
    write_bytes(tmp_path / "other.zip", pack(gather(run, ROOT)[0]))
    assert "tables/table_pairs.md" in refused(
        lambda: redraw_archive(tmp_path / "other.zip", tmp_path / "new")
    )
