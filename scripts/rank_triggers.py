"""Mine safety triggers at the safe turning points, try the candidates on harmful traces and pick the triggers of the run by the documented rule.

python scripts/rank_triggers.py --config config/demo.yaml --detector exact --model-dir results/demo/models/nano/base \\
    --rollouts results/demo/generations/nano/base/rollouts.parquet --verdicts results/demo/verdicts/nano/base/rollouts.exact.parquet \\
    --csr results/demo/characterize/nano/csr.parquet --prompts results/demo/prompts/align_harmful.parquet \\
    --shards results/demo/characterize/nano/trigger_shards --out results/demo/characterize/nano/triggers.json
"""

import argparse
from pathlib import Path

from safe_reasoning.command import command, progress
from safe_reasoning.config import load
from safe_reasoning.judging.chat_instrument import provenance
from safe_reasoning.judging.judge import get_detector, get_judge
from safe_reasoning.records import read_rows, write_json, write_meta

FURTHER = 2  # safe traces mined at sentence ends for each prompt with a CSR at every token, when those give too few candidates


@command
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", required=True)
    parser.add_argument("--detector", required=True)
    parser.add_argument("--model-dir", required=True, type=Path, help="folder of the base model")
    parser.add_argument("--rollouts", required=True, help="rollouts of the base model")
    parser.add_argument("--verdicts", required=True, help="verdicts on the rollouts")
    parser.add_argument("--csr", required=True)
    parser.add_argument("--prompts", required=True, nargs="+")
    parser.add_argument("--shards", required=True, type=Path, help="folder of finished shards; a killed job goes on from them")
    parser.add_argument("--out", required=True, type=Path)
    arguments = parser.parse_args()
    config = load(arguments.config)
    settings = config.characterize
    from safe_reasoning.characterize import trigger_mining as mining
    from safe_reasoning.characterize.continuation_safety import reasoning_harmful
    from safe_reasoning.characterize.intervention_curve import NEUTRAL
    from safe_reasoning.sampling.engine import load_tokenizer
    from safe_reasoning.sampling.sampler import Sampler

    prompts = {row["prompt_id"]: row for path in arguments.prompts for row in read_rows(path, "prompts")}
    harmful = reasoning_harmful(read_rows(arguments.verdicts, "verdicts"))
    generations = {row["generation_id"]: row for row in read_rows(arguments.rollouts, "generations") if row["prompt_id"] in prompts}
    tokenizer = load_tokenizer(arguments.model_dir)
    detector, judge = get_detector(arguments.detector, config), get_judge(config.evaluate.judge, config)
    sampler = Sampler(config, arguments.model_dir, arguments.shards, stop_at_think_end=True)
    csr = read_rows(arguments.csr, "csr")
    sentences = mining.trigger_sentences(csr, generations, harmful, tokenizer, settings)
    if len({mining.normalized(text) for _, text in sentences}) < settings.trigger_candidates:
        used = {row["prompt_id"] for row in csr}
        further = mining.further_traces(list(generations.values()), harmful, used, FURTHER * settings.csr_prompts, config.world_seed)
        more = mining.csr_at_sentences(further, sampler, tokenizer, judge, prompts, settings.csr_continuations)
        sentences += mining.trigger_sentences(more, generations, harmful, tokenizer, settings)
    mined = mining.mine(sentences, settings.trigger_candidates)
    progress(f"triggers: {len(mined)} candidates at {len(sentences)} turning points")
    trials = mining.choose_trials(list(generations.values()), harmful, tokenizer, detector, settings.trigger_trials, config.world_seed)
    neutral = mining.Candidate(NEUTRAL, 0, 0)
    *measured, control = mining.measure([*mined, neutral], trials, sampler, tokenizer, detector, judge, prompts)
    candidates = mining.candidate_rows(mining.pick(measured, settings.triggers, control.safe_share))
    picked = [row for row in candidates if row["picked"]]
    for row in picked:  # without its text: a log outlives the setting that lets words be shown
        progress(f"{row['label']} safe after {row['safe_share']:.0%} of {row['trials']} trials")
    progress(f"neutral sentence: safe after {control.safe_share:.0%}")
    write_json(
        arguments.out,
        {
            "triggers": picked,
            "candidates": candidates,
            "neutral": NEUTRAL,
            "neutral_safe_share": control.safe_share,
            "trial_prompts": sorted({row["prompt_id"] for row in trials}),
        },
    )
    write_meta(
        arguments.out,
        {
            "settings": settings.model_dump(),
            "detector": detector.name,
            "detector_provenance": provenance(detector),
            "judge": judge.name,
            **sampler.cost(),
        },
    )


if __name__ == "__main__":
    main()
