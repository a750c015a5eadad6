"""Sample every evaluation set under a decode-time policy.

Writes the completions as delivered, the same without what the policy inserted, and the log of its
edits.

python scripts/generate_controlled.py --config config/compare.yaml --method replace_cue \\
    --model-dir results/compare/models/nano/base --seed 0 --label "nano replace_cue" \\
    --prompts results/compare/prompts/*.parquet \\
    --triggers results/compare/characterize/nano/triggers.json \\
        --shards results/compare/generations/nano/replace_cue/seed0/shards \\
        --out results/compare/generations/nano/replace_cue/seed0/evaluation.parquet \\
        --without results/compare/generations/nano/replace_cue/seed0/evaluation_without.parquet \\
        --edits results/compare/control/nano/replace_cue/seed0/edits.parquet
"""

import importlib
from pathlib import Path

from safe_reasoning.config import load
from safe_reasoning.core.cli import argument_parser, command
from safe_reasoning.core.errors import UserError
from safe_reasoning.core.records import read_rows, write_rows
from safe_reasoning.judging.kinds import sharing_a_gpu


@command
def main() -> None:
    parser = argument_parser(__doc__)
    parser.add_argument("--config", required=True)
    parser.add_argument("--method", required=True, help="a method of the recipe decode")
    parser.add_argument("--model-dir", required=True, type=Path, help="folder of the weights to sample from")
    parser.add_argument("--prompts", required=True, nargs="+")
    parser.add_argument("--triggers", type=Path, help="the picked triggers")
    parser.add_argument("--rollouts", type=Path, help="rollouts of the base, to fit the policy on")
    parser.add_argument("--scorer", type=Path, help="the learned step scorer")
    parser.add_argument("--base", type=Path, help="training.json of the base, whose states that scorer reads")
    parser.add_argument("--benign-prompts", nargs="+", default=[], help="the benign prompts among them")
    parser.add_argument("--seed", required=True, type=int)
    parser.add_argument("--label", default="controlled", help="name on the progress lines")
    parser.add_argument(
        "--shards", required=True, type=Path, help="folder of finished shards; a killed job goes on from them"
    )
    parser.add_argument("--out", required=True, type=Path, help="completions as delivered")
    parser.add_argument("--without", required=True, type=Path, help="the same without inserted words")
    parser.add_argument("--edits", required=True, type=Path, help="log of what was edited")
    arguments = parser.parse_args()
    config = load(arguments.config)
    from safe_reasoning.control.inputs import PolicyInputs
    from safe_reasoning.control.paths import run_paths
    from safe_reasoning.control.policy import annotators_of, copies_of, settings_of
    from safe_reasoning.sampling.chat_template import template_hash
    from safe_reasoning.sampling.engine import load_tokenizer
    from safe_reasoning.sampling.prompt_sets import requests_for
    from safe_reasoning.sampling.sampler import Sampler

    if (name := config.methods[arguments.method].policy) is None:
        raise UserError(f"{arguments.method} has no policy: give a method of the recipe decode")
    settings = settings_of(config, name)
    config = sharing_a_gpu(config, *annotators_of(config, name), copies=copies_of(config, name))
    tokenizer = load_tokenizer(arguments.model_dir)
    prompts = [row for path in arguments.prompts for row in read_rows(path, "prompts")]
    benign = [row for path in arguments.benign_prompts for row in read_rows(path, "prompts")]
    inputs = PolicyInputs(
        config,
        name,
        tokenizer,
        arguments.model_dir,
        {row["prompt_id"]: row for row in [*prompts, *benign]},
        arguments.triggers,
        arguments.rollouts,
        arguments.scorer,
        arguments.base.parent if arguments.base else None,
    )
    policy = importlib.import_module(f"safe_reasoning.control.policies.{settings.kind}").open_policy(inputs)
    samples = {each: entry.samples for each, entry in config.prompt_sets.items()}
    limits = {each: entry.max_new_tokens for each, entry in config.prompt_sets.items()}
    requests = requests_for(prompts, samples, tokenizer, arguments.seed, limits, config.cut_sets)
    sampler = Sampler(config, arguments.model_dir, arguments.shards, stop_at_think_end=False)
    done = run_paths(
        lambda asked, label: sampler(asked, f"{arguments.label}, {label}"),
        tokenizer,
        policy,
        requests,
        config.decoding.max_new_tokens,
    )
    meta = {
        "policy": settings.model_dump(),
        "decoding": config.decoding.model_dump(),
        "engine": config.engine.model_dump(),
        "seed": arguments.seed,
        "chat_template_sha256": template_hash(tokenizer),
    }
    write_rows(arguments.edits, "edits", [each.log for each in done], meta)
    write_rows(arguments.without, "generations", [each.without for each in done], meta)
    rows = [each.row for each in done]
    write_rows(arguments.out, "generations", rows, {**meta, **sampler.cost()})


if __name__ == "__main__":
    main()
