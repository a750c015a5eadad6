"""How to cite, where the repository is and whom to ask: in CITATION.cff, and everything else agrees with it."""

import re
import tomllib

import pytest
import yaml

from tests.support.paths import ROOT
from tools import citation

TEXT = (ROOT / "CITATION.cff").read_text()
PLACE = citation.address(TEXT)
THERE = "https://example.org/group/safe-reasoning"


def test_pages_and_project_name_the_address_of_the_citation():
    assert citation.pages(), "no page says how to get the repository"
    for path in citation.pages():
        assert path.read_text() == citation.page(path.read_text(), PLACE), f"{path}: python -m tools.citation"
    project = (ROOT / "pyproject.toml").read_text()
    assert project == citation.project(project, PLACE), "python -m tools.citation"
    assert tomllib.loads(project)["project"]["version"] == str(yaml.safe_load(TEXT)["version"])


def test_no_page_has_an_address_or_a_person_of_its_own():
    """`git clone` of anything else, or an e-mail address, would be a second place."""
    pages = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("config/*.md")]
    for path in pages:
        text = path.read_text()
        assert set(re.findall(r"git clone (?:-\S+ )*(\S+)", text)) <= {PLACE, "."}, path
        assert not re.search(r"\b[\w.+-]+@[\w-]+\.\w{2,}\b", text), path


@pytest.mark.parametrize("place", [THERE, citation.UNKNOWN])
def test_an_address_goes_into_pages_and_project_and_out_again(place: str):
    filled = TEXT if place == citation.UNKNOWN else f"{TEXT}\nrepository-code: {place}\n"
    assert citation.address(filled) == place
    page = "```bash\ngit clone <address-of-this-repository> safe-reasoning\ngit clone other\n```\n"
    assert citation.page(citation.page(page, THERE), place) == page.replace(citation.UNKNOWN, place)
    project = (ROOT / "pyproject.toml").read_text()
    written = citation.project(citation.project(project, THERE), place)
    urls = tomllib.loads(written)["project"].get("urls")
    assert urls == (None if place == citation.UNKNOWN else {"Repository": place})
    assert citation.project(written, PLACE) == project


def test_ipo_is_told_apart_at_first_sight():
    first = (ROOT / "README.md").read_text().split("```")[0]
    for text in (first, str(yaml.safe_load(TEXT)["abstract"])):
        said = " ".join(text.split())
        assert "Identity Preference Optimization" in said and 'loss_type="ipo"' in said
    assert re.search(r"reasoning z\b.*response y\b", " ".join(first.split()))


def test_pages_say_that_the_mini_runs_weights_were_four_bits():
    file = yaml.safe_load((ROOT / "config/mini.yaml").read_text())["models"]["smollm2"]["file"]
    assert ".Q4_" in file
    for page in ("README.md", "config/README.md", "docs/results.md", "src/safe_reasoning/report/page.py"):
        assert re.search(r"4-bit\b.*converted[\s\"]+back", (ROOT / page).read_text(), re.DOTALL), page
