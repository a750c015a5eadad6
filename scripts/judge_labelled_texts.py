"""Let one judge read every text that people have labelled.

python scripts/judge_labelled_texts.py --config config/mini.yaml --judge lexical \\
    --out results/mini/audit/lexical.csv
"""

from safe_reasoning.config import load
from safe_reasoning.core.cli import argument_parser, command
from safe_reasoning.core.records import write_metrics
from safe_reasoning.judge_audit.audit_judges import readings
from safe_reasoning.judge_audit.human_labels import labelled_texts, sources_of
from safe_reasoning.judging.chat_annotator import provenance
from safe_reasoning.judging.factory import get_judge


@command
def main() -> None:
    parser = argument_parser(__doc__)
    parser.add_argument("--config", required=True)
    parser.add_argument("--judge", required=True)
    parser.add_argument("--out", required=True)
    arguments = parser.parse_args()
    config = load(arguments.config)
    judge, texts = get_judge(arguments.judge, config), labelled_texts(config.data_mirror)
    write_metrics(
        arguments.out,
        readings(judge, texts),
        {"judge": judge.name, "sources": sources_of(config.data_mirror), **provenance(judge)},
    )


if __name__ == "__main__":
    main()
