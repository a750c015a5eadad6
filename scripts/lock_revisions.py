"""Write the commits of all floating sources into config/sources.yaml, as their hosts have them now.

Needs a network; run again it changes nothing.

python scripts/lock_revisions.py
"""

import sys

from safe_reasoning.core.cli import argument_parser, command, print_line, progress
from safe_reasoning.core.files import write_bytes
from safe_reasoning.sources import hub, table


@command
def main() -> None:
    argument_parser(__doc__).parse_args()
    known = table.table()
    ids = [source_id for source_id, entry in known.items() if entry.revision == table.FLOATING]
    progress(f"{len(ids)} of {len(known)} sources have a floating revision")
    found, failed = hub.each(lambda source_id: hub.resolve(source_id, known[source_id]), ids)
    text = table.TABLE.read_text()
    for source_id, (revision, digest) in found.items():
        text = table.lock_revision(text, source_id, revision, digest)
        progress(f"{source_id}: {known[source_id].repository} at {revision}")
    if found:
        write_bytes(table.TABLE, text.encode())
    for line in failed.values():
        print_line(f"error: {line}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
