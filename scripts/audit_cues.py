"""Compare cue detectors with sentences that GPT-5 labelled as self-jailbreaking (docs/suites.md).

python scripts/audit_cues.py --config config/my.yaml --out results/my/metrics/cue_audit.csv
"""

from pathlib import Path

from safe_reasoning.config import load
from safe_reasoning.core.cli import argument_parser, command, progress
from safe_reasoning.core.records import write_metrics


@command
def main() -> None:
    parser = argument_parser(__doc__)
    parser.add_argument("--config", required=True, help="its evaluate.cue_labels names the files")
    parser.add_argument("--out", required=True)
    arguments = parser.parse_args()
    config = load(arguments.config)

    from safe_reasoning.judge_audit.audit_cues import audit_cues, label_row
    from safe_reasoning.judge_audit.cue_labels import labelled_reasonings
    from safe_reasoning.judging.chat_annotator import provenance
    from safe_reasoning.judging.factory import get_marker
    from safe_reasoning.judging.kinds import audited_detectors, sharing_a_gpu

    names = audited_detectors(config)
    config = sharing_a_gpu(config, *names)
    bootstrap = config.evaluate.bootstrap
    files = {Path(file).stem: labelled_reasonings(Path(file)) for file in config.evaluate.cue_labels}
    rows = [{"source": file, **label_row(found, bootstrap)} for file, found in files.items()]
    about = {}
    for name in names:
        detector = get_marker(name, config)
        for file, found in files.items():
            progress(f"{name}: {file}")
            rows.append({"source": file, **audit_cues(found, detector, bootstrap)})
        about[name] = provenance(detector)
    write_metrics(arguments.out, rows, {"bootstrap": bootstrap, "detectors": about})


if __name__ == "__main__":
    main()
