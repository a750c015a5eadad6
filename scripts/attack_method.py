"""Search for prompts against the base or a method itself, and sample what was found on fresh seeds.

Attack prompts and samples are layers of their own. Judges read the plain request.

python scripts/attack_method.py --config config/compare.yaml \\
    --model-dir results/compare/models/nano/ipo/seed0 --seed 0 --label "nano ipo" \\
    --requests results/compare/attacks/adaptive/requests.parquet \\
    --shards results/compare/generations/nano/ipo/seed0/shards \\
    --attacks results/compare/attacks/nano/ipo/seed0/adaptive.parquet \\
    --out results/compare/generations/nano/ipo/seed0/adaptive.parquet
"""

import argparse
from functools import partial
from pathlib import Path
from typing import Any

from safe_reasoning.config import Attack, Config, load
from safe_reasoning.config.attacks import JUDGE
from safe_reasoning.core.cli import argument_parser, command
from safe_reasoning.core.records import read_rows, write_rows
from safe_reasoning.judging.factory import get_judge
from safe_reasoning.judging.kinds import chat_of, weights_of
from safe_reasoning.judging.verdicts import harm_of_samples
from safe_reasoning.prompts.attacks import adaptive
from safe_reasoning.prompts.attacks.rows import instructions_sha256
from safe_reasoning.sampling.chat_models.factory import open_chat
from safe_reasoning.sampling.engine import Request
from safe_reasoning.sampling.prompt_sets import SamplesOfModel


def shared(config: Config, attacks: dict[str, Attack]) -> Config:
    """The configuration with a share of the GPU for each model that this job opens."""
    judge = config.evaluate.judge
    local = {chat for settings in attacks.values() for chat in settings.chats if chat in config.models}
    judged = bool(weights_of(judge, config)) or chat_of(judge, config) in config.models
    gradients = any(settings.kind == "suffix" for settings in attacks.values())
    return config.model_copy(update={"engine": config.engine.shared_by(1 + len(local) + judged + gradients)})


def open_suffix(arguments: argparse.Namespace, settings: Attack, tokenizer: Any) -> tuple[Any, Any]:
    """The attacker that searches a suffix with the method's own weights, and its search."""
    from safe_reasoning.evaluation.kl import load_weights
    from safe_reasoning.prompts.attacks.suffix import Budget, SuffixAttacker, SuffixSearch

    budget = Budget(settings.suffix_tokens, settings.suffix_steps, settings.suffix_candidates)
    search = SuffixSearch(load_weights(arguments.model_dir), tokenizer, budget)
    return SuffixAttacker(search, settings.cue, arguments.seed), search


@command
def main() -> None:
    parser = argument_parser(__doc__)
    parser.add_argument("--config", required=True)
    parser.add_argument("--model-dir", required=True, type=Path)
    parser.add_argument("--requests", required=True)
    parser.add_argument("--seed", required=True, type=int)
    parser.add_argument("--label", default="attack", help="name on the progress lines")
    parser.add_argument(
        "--shards", required=True, type=Path, help="folder of finished shards; a killed job goes on from them"
    )
    parser.add_argument("--attacks", required=True, help="what was found")
    parser.add_argument("--out", required=True, help="samples of it")
    arguments = parser.parse_args()
    config = load(arguments.config)
    attacks = {name: config.attacks[name] for name in config.evaluate.adaptive_attacks}
    config = shared(config, attacks)
    prompts = read_rows(arguments.requests, "prompts")
    model = SamplesOfModel(config, arguments.model_dir, arguments.shards, arguments.label, arguments.seed)
    harm = partial(harm_of_samples, get_judge(config.evaluate.judge, config))
    found: list[dict[str, Any]] = []
    samples: list[dict[str, Any]] = []
    requests: list[Request] = []
    passes: dict[str, int] = {}  # of the models by gradients and readings, for a suffix
    for name, settings in attacks.items():
        scorer = open_chat(str(settings.scorer), config) if settings.scorer not in (JUDGE, None) else None
        target = adaptive.OwnTarget(
            model.batch, model.tokenizer, harm, scorer, config.evaluate.worst_samples, arguments.seed
        )
        if settings.kind == "suffix":
            attacker, search = open_suffix(arguments, settings, model.tokenizer)
        else:
            attacker, search = adaptive.attacker_of(settings, config, arguments.seed), None
        rows, of_attack, fresh = adaptive.attack(name, settings, prompts, attacker, target)
        found, samples, requests = [*found, *rows], [*samples, *of_attack], [*requests, *fresh]
        passes |= {name: search.passes} if search else {}
    requests += adaptive.plain_requests(prompts, target)
    samples += model.batch(requests, "fresh seeds")
    settings_of = {name: settings.model_dump() for name, settings in attacks.items()}
    meta = {"settings": settings_of, "instructions_sha256": instructions_sha256(), "passes": passes}
    write_rows(arguments.attacks, "attacks", found, meta)
    write_rows(arguments.out, "generations", samples, model.meta())


if __name__ == "__main__":
    main()
