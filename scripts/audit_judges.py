"""Hold the readings of judges against what people say of the same texts.

Agreement, kappa, error rates, calibration.

python scripts/audit_judges.py --config config/mini.yaml --readings results/mini/audit/*.csv \\
    --out results/mini/metrics
"""

from pathlib import Path

import pandas as pd

from safe_reasoning.config import load
from safe_reasoning.core.cli import argument_parser, command
from safe_reasoning.core.records import write_metrics
from safe_reasoning.judge_audit.audit_judges import audit, read_readings
from safe_reasoning.judge_audit.human_labels import labelled_texts, sources_of

CURVE_COLUMNS = ["data", "measure", "judge", "bin", "probability", "share", "low", "high", "texts"]


@command
def main() -> None:
    parser = argument_parser(__doc__)
    parser.add_argument("--config", required=True)
    parser.add_argument("--readings", required=True, nargs="+", type=Path)
    parser.add_argument("--out", required=True, type=Path, help="folder of the CSV files")
    arguments = parser.parse_args()
    config = load(arguments.config)
    texts = labelled_texts(config.data_mirror)
    found = {path.stem: read_readings(path, texts) for path in arguments.readings}
    rows, curves = audit(texts, found, config.evaluate.bootstrap)
    about = {"sources": sources_of(config.data_mirror), "bootstrap": config.evaluate.bootstrap}
    write_metrics(arguments.out / "judge_audit.csv", rows, about)
    write_metrics(arguments.out / "judge_calibration.csv", pd.DataFrame(curves, columns=CURVE_COLUMNS), about)


if __name__ == "__main__":
    main()
