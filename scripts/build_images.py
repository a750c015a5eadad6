"""Build the container images and write their digests into containers/digests.lock.

Needs a network. Without a name all images are built that are missing or out of date, as files of
Apptainer; with `--push` an image is built for a registry, by buildah, podman or docker.

python scripts/build_images.py
python scripts/build_images.py serve --push registry.example.org/me
"""

from safe_reasoning.core.cli import argument_parser, command, progress
from safe_reasoning.runtime import images
from safe_reasoning.runtime.image_builds import build


@command
def main() -> None:
    parser = argument_parser(__doc__)
    parser.add_argument(
        "names",
        nargs="*",
        metavar="NAME",
        help=f"of {', '.join(images.NAMES)}; without any, those that the workflow would refuse",
    )
    parser.add_argument("--push", metavar="REGISTRY/PATH", help="build for this registry instead of files")
    arguments = parser.parse_args()
    for name in arguments.names:
        # An unknown name is refused before the first build, which may take an hour
        images.image(name)
    wanted = arguments.names or [name for name in images.NAMES if images.refusals([name])]
    for name in wanted:
        progress(f"building {name}")
        build(name, arguments.push)
        progress(f"{name} is {images.image(name)}")
    if not wanted:
        progress("all images are as containers/digests.lock says")


if __name__ == "__main__":
    main()
