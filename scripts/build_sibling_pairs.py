"""Build sibling pairs: the safest against the least safe next sentence at the same place.

python scripts/build_sibling_pairs.py --config config/demo.yaml --choice best \\
    --siblings results/demo/characterize/nano/siblings.parquet \\
    --out results/demo/pairs/nano/siblings_best.parquet
"""

from pathlib import Path

from safe_reasoning.config import load
from safe_reasoning.core.cli import argument_parser, command, progress
from safe_reasoning.core.provenance import read_meta
from safe_reasoning.core.records import read_rows, write_rows
from safe_reasoning.judging.detectors.exact import ExactCueDetector
from safe_reasoning.judging.detectors.lexical import LexicalCueDetector


@command
def main() -> None:
    parser = argument_parser(__doc__)
    parser.add_argument("--config", required=True)
    parser.add_argument(
        "--choice",
        required=True,
        choices=("best", "short"),
        help="of equal values: any, or the shortest as chosen and the longest as rejected",
    )
    parser.add_argument("--siblings", required=True, type=Path)
    parser.add_argument("--out", required=True, type=Path)
    arguments = parser.parse_args()
    config = load(arguments.config)
    settings = config.siblings
    from safe_reasoning.pairs.siblings import sibling_pairs, step_shares

    nodes, grown = read_rows(arguments.siblings, "siblings"), read_meta(arguments.siblings)
    visits = settings.ucb.min_visits if grown.get("search") == "ucb" else 1
    pairs = sibling_pairs(nodes, settings.min_gap, settings.min_chosen, arguments.choice == "short", visits)
    # One that needs no model: shares are for the reader, no pair depends on them
    exact = config.evaluate.judge == "exact"
    detector = ExactCueDetector() if exact else LexicalCueDetector()
    shares = step_shares(nodes, pairs.rows, detector)
    progress(f"sibling pairs, {arguments.choice}: {pairs.counts}, {shares}")
    cost = {name: grown[name] for name in ("generations", "generated_tokens", "sampling_seconds")}
    meta = {
        "source": "siblings",
        "choice": arguments.choice,
        "shares_by": detector.name,
        **shares,
        **pairs.counts,
        "prompts": grown["prompts"],
        **cost,
    }
    write_rows(arguments.out, "pairs", pairs.rows, meta)


if __name__ == "__main__":
    main()
