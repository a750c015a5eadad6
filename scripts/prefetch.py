"""Fetch everything a run needs, so that it can go on where there is no network.

Say what is gated and how to ask for it.

python scripts/prefetch.py --config config/paper.yaml
"""

import sys

from rich.console import Console
from rich.table import Table

from safe_reasoning.config import GgufModel, load
from safe_reasoning.core.cli import argument_parser, command, print_line, progress
from safe_reasoning.models import gguf_file
from safe_reasoning.models.hub_weights import model_folder
from safe_reasoning.plan.checked_config import checked
from safe_reasoning.plan.memory import BYTES_OF_WEIGHTS
from safe_reasoning.plan.needed_sources import needed
from safe_reasoning.sources import fetch as sources_fetch
from safe_reasoning.sources import hub
from safe_reasoning.sources import table as sources_table


@command
def main() -> None:
    parser = argument_parser(__doc__)
    parser.add_argument(
        "--config", required=True, nargs="+", help="configuration files; what a later one says goes before"
    )
    config = checked(load(*parser.parse_args().config))
    known, ids = sources_table.table(), needed(config)
    weights = sum((known[source_id].parameters or 0) * BYTES_OF_WEIGHTS for source_id in ids)
    progress(
        f"{config.run}: {len(ids)} sources, of which about {weights:.0f} GB of weights; what is there "
        "already is only checked"
    )
    for source_id in ids:
        if known[source_id].gated:
            progress(f"{source_id} is gated: {hub.how_to_ask(known[source_id])}")

    def get(source_id: str) -> str:
        fetch = model_folder if known[source_id].kind == "model" else sources_fetch.fetch
        place = fetch(source_id, config.data_mirror)
        progress(f"{source_id}: there")
        return str(place)

    _, failed = hub.each(get, ids)
    models = {name: model for name, model in config.models.items() if isinstance(model, GgufModel)}
    _, missing = hub.each(lambda name: str(gguf_file.kept(models[name], config.data_mirror)), list(models))
    table = Table("source", "kind", "revision", "licence", "gated", "there")
    for source_id in ids:
        entry = known[source_id]
        table.add_row(
            source_id,
            entry.kind,
            entry.revision[:12],
            entry.licence,
            "yes" if entry.gated else "",
            "no" if source_id in failed else "yes",
        )
    for name, settings in models.items():
        kind = "wheel" if settings.package else "GGUF file"
        table.add_row(name, kind, settings.pinned_by[:12], "", "", "no" if name in missing else "yes")
    Console(width=140).print(table)
    for line in [*failed.values(), *missing.values()]:
        print_line(f"error: {line}")
    sys.exit(1 if failed or missing else 0)


if __name__ == "__main__":
    main()
