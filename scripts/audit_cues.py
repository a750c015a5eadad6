"""Compare cue detectors with sentences that GPT-5 labelled as self-jailbreaking (docs/suites.md).

python scripts/audit_cues.py --config config/mini.yaml --detectors lexical \\
    --annotations self-jailbreaking/artifacts/FILE.jsonl --out cue_audit.csv
"""

import argparse
from pathlib import Path

from safe_reasoning.config import load
from safe_reasoning.core.cli import command, progress
from safe_reasoning.core.records import write_metrics


@command
def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--config", required=True, help="names the detectors that ask a model")
    parser.add_argument("--annotations", required=True, type=Path, help="a file of your own clone")
    parser.add_argument("--detectors", required=True, nargs="+", help="that mark every cue")
    parser.add_argument("--out", required=True, type=Path)
    arguments = parser.parse_args()
    config = load(arguments.config)

    from safe_reasoning.judge_audit.audit_cues import audit_cues, label_row
    from safe_reasoning.judge_audit.cue_labels import labelled_reasonings
    from safe_reasoning.judging.factory import get_marker

    reasonings, bootstrap = labelled_reasonings(arguments.annotations), config.evaluate.bootstrap
    rows = [label_row(reasonings, bootstrap)]
    for name in arguments.detectors:
        rows.append(audit_cues(reasonings, get_marker(name, config), bootstrap))
        row = rows[-1]
        progress(
            f"{name}: kappa {row['kappa']:.2f} over {row['scored']} sentences of {row['traces']} traces; "
            f"first cue in one place in {100 * row['first_exact']:.0f} % (labels by GPT-5, not people)"
        )
    write_metrics(arguments.out, rows, {"file": arguments.annotations.name, "bootstrap": bootstrap})
    progress(f"wrote {arguments.out}")


if __name__ == "__main__":
    main()
