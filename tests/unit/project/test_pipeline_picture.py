"""The README's picture of the pipeline is the one its tool draws, and names what exists."""

import xml.etree.ElementTree

import pytest

from tests.support.paths import ROOT
from tools.draw_pipeline import STAGES, Stage, svg


def test_committed_picture_is_what_the_tool_draws():
    assert (ROOT / "docs/images/pipeline.svg").read_text(encoding="utf-8") == svg(), (
        "run python tools/draw_pipeline.py"
    )


def test_picture_is_well_formed():
    assert xml.etree.ElementTree.fromstring(svg()).tag == "{http://www.w3.org/2000/svg}svg"


@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.title)
def test_stage_names_packages_and_rule_files_that_exist(stage: Stage):
    missing = [
        name for name in stage.packages if not (ROOT / "src/safe_reasoning" / name / "__init__.py").is_file()
    ]
    missing += [name for name in stage.rules if not (ROOT / f"workflow/rules/{name}.smk").is_file()]
    assert not missing
