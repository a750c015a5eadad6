"""Data files: from a mirror, checked; every fault is one line with its repair."""

import hashlib
import re
from pathlib import Path

import pytest
import yaml

from safe_reasoning.core.errors import UserError
from safe_reasoning.sources import fetch
from safe_reasoning.sources import table as sources_table

CONTENT = b"id,prompt\n1,hello\n"


@pytest.fixture
def mirror(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    pin = {
        "kind": "dataset",
        "repository": "someone/something",
        "revision": "0" * 40,
        "hub_file": "data/file.csv",
        "mirror_file": "set/file.csv",
        "sha256": hashlib.sha256(CONTENT).hexdigest(),
        "rows": 1,
        "licence": "MIT",
        "gated": False,
    }
    table = tmp_path / "sources.yaml"
    table.write_text(yaml.safe_dump({"some_set": pin}))
    monkeypatch.setattr(sources_table, "TABLE", table)
    monkeypatch.delenv(sources_table.MIRROR_VARIABLE, raising=False)
    folder = tmp_path / "mirror"
    (folder / "set").mkdir(parents=True)
    (folder / "set" / "file.csv").write_bytes(CONTENT)
    return folder


def one_line(error: pytest.ExceptionInfo[UserError]) -> str:
    assert "\n" not in str(error.value)
    return str(error.value)


def test_a_mirror_is_read(mirror: Path) -> None:
    assert fetch.fetch("some_set", str(mirror)).read_bytes() == CONTENT


def test_the_environment_overrides_the_config(mirror: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(sources_table.MIRROR_VARIABLE, str(mirror))
    assert fetch.fetch("some_set", "nowhere") == mirror / "set" / "file.csv"


def test_what_a_mirror_lacks_comes_from_its_host(mirror: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = mirror.parent / "cache.csv"
    (mirror / "set" / "file.csv").rename(kept)
    calls = fake_download(monkeypatch, kept)
    assert fetch.fetch("some_set", str(mirror)) == kept and len(calls) == 1


def test_a_file_that_neither_has_is_named_once(mirror: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub.errors import LocalEntryNotFoundError

    (mirror / "set" / "file.csv").unlink()
    fake_download(monkeypatch, LocalEntryNotFoundError("offline"))
    message = r"^some_set: .*/mirror has no set/file\.csv, and the hub cannot be reached"
    with pytest.raises(UserError, match=message) as error:
        fetch.fetch("some_set", str(mirror))
    assert one_line(error).count("some_set") == 1


def test_a_mirror_that_does_not_exist_is_said_to_be_so(mirror: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UserError, match=r"^data_mirror: the folder nowhere does not exist: correct it"):
        fetch.fetch("some_set", "nowhere")
    monkeypatch.setenv(sources_table.MIRROR_VARIABLE, "/not/there")
    with pytest.raises(UserError, match=r"^SAFE_REASONING_DATA: the folder /not/there does not exist"):
        fetch.fetch("some_set", str(mirror))


def test_an_altered_file_is_refused(mirror: Path) -> None:
    (mirror / "set" / "file.csv").write_bytes(CONTENT + b"2,x\n")
    with pytest.raises(UserError, match=r"is altered .*: delete it and fetch it again") as error:
        fetch.fetch("some_set", str(mirror))
    one_line(error)


def test_an_unknown_source_lists_the_known(mirror: Path) -> None:
    with pytest.raises(UserError, match="data source 'other' is unknown: use one of some_set"):
        fetch.fetch("other", str(mirror))


def test_a_broken_table_is_refused(mirror: Path) -> None:
    sources_table.TABLE.write_text("some_set: {kind: dataset}\n")
    with pytest.raises(UserError, match="is not a valid table of sources") as error:
        fetch.fetch("some_set", str(mirror))
    one_line(error)


def fake_download(monkeypatch: pytest.MonkeyPatch, result: Path | Exception) -> list[tuple]:
    import huggingface_hub

    calls = []

    def hf_hub_download(*args: object, **kwargs: object) -> str:
        calls.append((args, kwargs))
        if isinstance(result, Exception):
            raise result
        return str(result)

    monkeypatch.setattr(huggingface_hub, "hf_hub_download", hf_hub_download)
    return calls


def test_the_hub_is_asked_for_the_pinned_revision(mirror: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = fake_download(monkeypatch, mirror / "set" / "file.csv")
    assert fetch.fetch("some_set", None).read_bytes() == CONTENT
    assert calls == [(("someone/something", "data/file.csv"), {"repo_type": "dataset", "revision": "0" * 40})]


def test_an_altered_download_is_refused(mirror: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (mirror / "set" / "file.csv").write_bytes(b"other")
    fake_download(monkeypatch, mirror / "set" / "file.csv")
    with pytest.raises(UserError, match="is altered"):
        fetch.fetch("some_set", None)


def test_an_unreachable_hub_is_told_with_the_repair(mirror: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import httpx2
    from huggingface_hub.errors import LocalEntryNotFoundError

    for fault in (
        LocalEntryNotFoundError("offline"),
        httpx2.ConnectError("no route\nto host"),
        OSError("broken"),
    ):
        fake_download(monkeypatch, fault)
        with pytest.raises(
            UserError, match=r"name a folder that holds set/file\.csv in data_mirror or SAFE_REASONING_DATA"
        ) as error:
            fetch.fetch("some_set", None)
        one_line(error)


def test_every_entry_of_the_project_is_pinned_or_says_that_it_floats() -> None:
    for name, entry in sources_table.table().items():
        assert re.fullmatch(
            r"\d+\.\d+\.\d+" if entry.host == "pypi" else r"[0-9a-f]{40}|floating", entry.revision
        ), name
        assert entry.hub_identical or entry.content_sha256, (
            "a file of unknown bytes needs a digest of its content"
        )


def test_every_prompt_source_and_every_trace_set_is_in_the_table() -> None:
    from safe_reasoning.prompts.benchmark import splits, trace_sets

    sources = {split.source for _, split in splits().values()}
    assert len(splits()) == 21 and trace_sets() == ["safechain", "star1", "unsafechain"]
    assert sources | {*trace_sets()} <= set(sources_table.table())
