"""Digests of container images, asked from their registries over the distribution API.

Public images only: no credentials are read or sent.
"""

from __future__ import annotations

import hashlib
import re

import httpx2

from safe_reasoning.core.errors import UserError

# An index of several platforms where there is one: that is what a tag names.
ACCEPT = ", ".join(
    f"application/{kind}+json"
    for kind in (
        "vnd.oci.image.index.v1",
        "vnd.docker.distribution.manifest.list.v2",
        "vnd.oci.image.manifest.v1",
        "vnd.docker.distribution.manifest.v2",
    )
)
HUB = "registry-1.docker.io"


def digest_of(image: str) -> str:
    """The digest (`sha256:...`) of what a tag names in its registry now.

    Args:
        image: `[registry/]repository:tag`; without a registry, Docker Hub is meant.

    Raises:
        UserError: the registry cannot be reached, or has no such tag. Only a registry on loopback
            is asked without TLS.
    """
    registry, repository, tag = parts(image)
    scheme = "http" if registry.partition(":")[0] in ("localhost", "127.0.0.1") else "https"
    address = f"{scheme}://{registry}/v2/{repository}/manifests/{tag}"
    try:
        answer = httpx2.get(address, headers={"Accept": ACCEPT}, follow_redirects=True, timeout=60)
        if answer.status_code == 401:
            headers = {"Accept": ACCEPT, "Authorization": f"Bearer {_token(answer, image)}"}
            answer = httpx2.get(address, headers=headers, follow_redirects=True, timeout=60)
    except httpx2.HTTPError as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise UserError(
            f"the registry {registry} cannot be reached for {image} ({reason}): try again on a connected "
            "machine"
        ) from None
    if answer.status_code != 200:
        raise UserError(
            f"the registry {registry} does not show {image} (status {answer.status_code}): fix "
            "containers/digests.lock"
        )
    # The digest is the hash of these very bytes, so nothing that the registry says of it has to be
    # believed.
    return f"sha256:{hashlib.sha256(answer.content).hexdigest()}"


def parts(image: str) -> tuple[str, str, str]:
    """Registry, repository and tag of an image.

    `python:3.12` is (registry-1.docker.io, library/python, 3.12).
    """
    path, _, tag = image.rpartition(":")
    if not path or "/" in tag:
        raise UserError(f"{image} has no tag: write one in containers/digests.lock")
    first, _, rest = path.partition("/")
    if rest and ("." in first or ":" in first or first == "localhost"):
        return first, rest, tag
    return HUB, path if rest else f"library/{path}", tag


def pinned(image: str, digest: str) -> str:
    """A tagged image by its digest instead, with its registry.

    `docker.io/library/python@sha256:...`. Not every builder takes tag and digest together.
    """
    registry, repository, _ = parts(image)
    return f"{'docker.io' if registry == HUB else registry}/{repository}@{digest}"


def _token(answer: httpx2.Response, image: str) -> str:
    """A token for reading, from where the registry's refusal says that anybody gets one."""
    challenge = dict(re.findall(r'(\w+)="([^"]*)"', answer.headers.get("WWW-Authenticate", "")))
    realm = challenge.pop("realm", None)
    if not realm:
        raise UserError(
            f"the registry asks for a login for {image}: use a public image in containers/digests.lock"
        )
    given = httpx2.get(realm, params=challenge, follow_redirects=True, timeout=60)
    if given.status_code != 200:
        raise UserError(
            f"the registry gives no one a token for {image} (status {given.status_code}): use a public image"
        )
    content = given.json()
    return str(content.get("token") or content["access_token"])
