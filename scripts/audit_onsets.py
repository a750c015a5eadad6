"""Compare cue detectors with the first unsafe sentence that people marked (docs/suites.md).

python scripts/audit_onsets.py --config config/my.yaml --out results/my/metrics/onset_audit.csv
"""

from safe_reasoning.config import load
from safe_reasoning.core.cli import argument_parser, command, progress
from safe_reasoning.core.records import write_metrics


@command
def main() -> None:
    parser = argument_parser(__doc__)
    parser.add_argument("--config", required=True)
    parser.add_argument("--out", required=True)
    arguments = parser.parse_args()
    config = load(arguments.config)

    from safe_reasoning.judge_audit.audit_onsets import audit_onsets
    from safe_reasoning.judge_audit.onset_labels import ROWS, marked_reasonings
    from safe_reasoning.judging.chat_annotator import provenance
    from safe_reasoning.judging.factory import get_detector
    from safe_reasoning.judging.kinds import audited_detectors, sharing_a_gpu

    names = audited_detectors(config)
    config = sharing_a_gpu(config, *names)
    found = marked_reasonings(config.data_mirror)
    rows, about = [], {}
    for name in names:
        progress(f"{name}: first unsafe sentences")
        detector = get_detector(name, config)
        rows.append({"source": ROWS, **audit_onsets(found, detector, config.evaluate.bootstrap)})
        about[name] = provenance(detector)
    write_metrics(arguments.out, rows, {"bootstrap": config.evaluate.bootstrap, "detectors": about})


if __name__ == "__main__":
    main()
