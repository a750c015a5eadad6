"""Judge every generation of a file: reasoning and response apart, unscored as a value.

python scripts/judge_generations.py --config config/demo.yaml --judge exact \\
    --generations results/demo/generations/nano/base/rollouts.parquet \\
    --prompts results/demo/prompts/*.parquet \\
        --out results/demo/verdicts/nano/base/rollouts.exact.parquet
"""

from safe_reasoning.config import load
from safe_reasoning.core.cli import argument_parser, command
from safe_reasoning.core.errors import UserError
from safe_reasoning.core.files import sha256
from safe_reasoning.core.records import read_rows, write_rows
from safe_reasoning.core.trace import split_trace
from safe_reasoning.judging.chat_annotator import provenance
from safe_reasoning.judging.factory import get_judge
from safe_reasoning.judging.verdicts import judge_generations, score_generations


@command
def main() -> None:
    parser = argument_parser(__doc__)
    parser.add_argument("--config", required=True)
    parser.add_argument("--judge", required=True)
    parser.add_argument("--generations", required=True)
    parser.add_argument("--prompts", required=True, nargs="+")
    parser.add_argument("--out", required=True)
    arguments = parser.parse_args()
    judge = get_judge(arguments.judge, load(arguments.config))
    prompts = {row["prompt_id"]: row for path in arguments.prompts for row in read_rows(path, "prompts")}
    generations = read_rows(arguments.generations, "generations")
    # None at all: a training that had nothing to do has no weights along its way
    if generations and all(split_trace(row["text"]).response is None for row in generations):
        raise UserError(
            f"none of the {len(generations)} generations in {arguments.generations} closes its reasoning "
            "with </think>: "
            "the model is no reasoning model, or decoding.max_new_tokens is too small"
        )
    if missing := {row["prompt_id"] for row in generations} - set(prompts):
        raise UserError(
            f"{len(missing)} generations have no prompt among --prompts (such as {min(missing)}): give "
            "every prompt file"
        )
    verdicts = judge_generations(judge, prompts, generations)
    verdicts += score_generations(prompts, generations)
    meta = {"judge": judge.name, "generations_sha256": sha256(arguments.generations)}
    write_rows(
        arguments.out,
        "verdicts",
        verdicts,
        {**meta, **provenance(judge), "unscored": sum(v["value"] is None for v in verdicts)},
    )


if __name__ == "__main__":
    main()
