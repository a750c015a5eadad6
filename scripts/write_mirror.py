"""Write a mirror folder with what a run needs, for machines without a network.

Data sets and texts, models, packages and GGUF files lie where `data_mirror` looks for them;
SHA256SUMS names them all. What is in the mirror in use or in a cache is copied, the rest is fetched
where its host can be reached.

python scripts/write_mirror.py --config config/mini.yaml --out mirror
(cd mirror && sha256sum --check SHA256SUMS)
"""

import sys
from pathlib import Path

from safe_reasoning.config import GgufModel, load
from safe_reasoning.core.cli import argument_parser, command, print_line, progress
from safe_reasoning.core.errors import UserError
from safe_reasoning.plan import at_start
from safe_reasoning.plan.checked_config import checked
from safe_reasoning.plan.needed_sources import needed


@command
def main() -> None:
    parser = argument_parser(__doc__)
    parser.add_argument(
        "--config", required=True, nargs="+", help="configuration files; what a later one says goes before"
    )
    parser.add_argument("--out", required=True, type=Path)
    arguments = parser.parse_args()
    config = checked(load(*arguments.config))
    from safe_reasoning.models import gguf_file
    from safe_reasoning.models.hub_weights import model_folder
    from safe_reasoning.sources import hub, mirror, table
    from safe_reasoning.sources.fetch import fetch

    if arguments.out.exists() and not arguments.out.is_dir():
        raise UserError(f"{arguments.out} is a file: give a folder, or a name that is not taken")
    found = at_start.sources(config)

    def put(source_id: str) -> None:
        get = model_folder if table.source(source_id).kind == "model" else fetch
        mirror.put(source_id, get(source_id, config.data_mirror), config.data_mirror, arguments.out)
        progress(f"{source_id}: there")

    _, failed = hub.each(put, [name for name in needed(config) if name not in found.out_of_reach])
    models = {name: model for name, model in config.models.items() if isinstance(model, GgufModel)}

    def put_gguf(name: str) -> None:
        folder = arguments.out / gguf_file.folder_in_mirror(models[name])
        mirror.copy(gguf_file.kept(models[name], config.data_mirror), folder)
        progress(f"the weights of {name}: there")

    _, failed_models = hub.each(put_gguf, [name for name in models if name not in found.out_of_reach])
    count = mirror.write_sums(arguments.out)
    print_line(f"{arguments.out}: {count} files; set {table.MIRROR_VARIABLE} to this folder to use it")
    for line in [*found.refusals, *failed.values(), *failed_models.values()]:
        print_line(f"error: {line}")
    sys.exit(1 if found.refusals or failed or failed_models else 0)


if __name__ == "__main__":
    main()
