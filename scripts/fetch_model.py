"""Link a model's weights into a run: pinned ones (from the hub's cache, downloaded if need be, or
from a mirror folder), or those of a folder of the user's.

python scripts/fetch_model.py --config config/paper.yaml --model ds_llama_8b \\
    --out results/paper/models/ds_llama_8b/base
python scripts/fetch_model.py --config config/paper.yaml --model ds_llama_8b --method star1 \\
    --seed 0 --out results/paper/models/ds_llama_8b/star1/seed0
python scripts/fetch_model.py --config my.yaml --judge-source llama_guard3_8b \\
    --out results/my/judge_models/llama_guard3_8b
"""

import argparse
from pathlib import Path

from safe_reasoning.config import FolderModel, HubModel, load
from safe_reasoning.core.cli import argument_parser, command
from safe_reasoning.core.errors import UserError
from safe_reasoning.judging.kinds import judge_sources


@command
def main() -> None:
    parser = argument_parser(__doc__)
    parser.add_argument("--config", required=True)
    parser.add_argument("--model", default="")
    parser.add_argument(
        "--judge-source",
        default="",
        help="id in config/sources.yaml of a judge's own weights, instead of --model",
    )
    parser.add_argument("--method", default="base", help="base, or a method of recipe released")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--out", required=True, type=Path, help="folder of the links; training.json in it is written last"
    )
    arguments = parser.parse_args()
    config = load(arguments.config)
    model = config.models.get(arguments.model)
    if arguments.method == "base" and isinstance(model, FolderModel):
        link_own(model, arguments)
        return
    if arguments.judge_source:
        source_id = arguments.judge_source if arguments.judge_source in judge_sources(config) else None
    elif arguments.method == "base":
        source_id = model.source if isinstance(model, HubModel) else None
    else:
        source_id = (
            config.methods[arguments.method].weights.get(arguments.model)
            if arguments.method in config.methods
            else None
        )
    if source_id is None:
        raise UserError(
            f"{arguments.judge_source or arguments.model} {arguments.method} names no weights of "
            "config/sources.yaml: "
            "give a model of kind hub or folder, a method of recipe released, or the source of a judge"
        )
    from safe_reasoning.models.hub_weights import link_model

    name, method = (
        (arguments.judge_source, "judge") if arguments.judge_source else (arguments.model, arguments.method)
    )
    link_model(source_id, config.data_mirror, arguments.out, model=name, method=method, seed=arguments.seed)


def link_own(model: FolderModel, arguments: argparse.Namespace) -> None:
    """Link a model of the user's."""
    from safe_reasoning.core.model_folder import check_own
    from safe_reasoning.models.hub_weights import link_folder

    folder = Path(model.path)
    check_own(f"models.{arguments.model}.path", folder)
    link_folder(folder, arguments.out, {}, model=arguments.model, method="base", seed=arguments.seed)


if __name__ == "__main__":
    main()
