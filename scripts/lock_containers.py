"""Write the digests of the base images into containers/digests.lock, as their registries have them
now. Needs a network.

python scripts/lock_containers.py

A base whose digest has changed also gets today's snapshot of its distribution's archive: an older
one could not be installed on it.
"""

from datetime import UTC, datetime

from safe_reasoning.core.cli import argument_parser, command, progress
from safe_reasoning.core.files import write_bytes
from safe_reasoning.runtime import images
from safe_reasoning.runtime.registries import digest_of, parts


@command
def main() -> None:
    argument_parser(__doc__).parse_args()
    content = images.table()
    today = datetime.now(UTC)
    found = {
        image: digest_of(image) for image in sorted({base["image"] for base in content["bases"].values()})
    }
    for folder, base in content["bases"].items():
        digest = found[base["image"]]
        changed = digest != base["digest"]
        if changed:
            base["digest"], base["snapshot"] = digest, f"{today:%Y%m%dT000000Z}"
        base["learned"] = f"from {parts(base['image'])[0]} on {today:%Y-%m-%d}"
        progress(
            f"{folder}: {base['image']} is {digest}, "
            f"{'which is new: run make containers' if changed else 'as before'}"
        )
    write_bytes(images.ROOT / images.TABLE, images.text_of(content).encode())


if __name__ == "__main__":
    main()
