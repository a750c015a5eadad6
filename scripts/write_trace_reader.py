"""Write the trace reader.

One page on which a person reads traces with sentences, cues, triggers and the continuation safety
ratio, masked by default.

python scripts/write_trace_reader.py --config results/demo/config.yaml --run results/demo \\
    --templates workflow/report \\
    --out results/demo/traces.html
"""

from pathlib import Path

from safe_reasoning.config import load
from safe_reasoning.core.cli import argument_parser, command
from safe_reasoning.core.files import write_bytes


@command
def main() -> None:
    parser = argument_parser(__doc__)
    parser.add_argument("--config", required=True)
    parser.add_argument("--run", required=True, type=Path, help="folder of the run, with its generations")
    parser.add_argument("--templates", required=True, type=Path, help="folder of the page's templates")
    parser.add_argument("--out", required=True)
    arguments = parser.parse_args()
    from safe_reasoning.report.traces.page import write_traces

    write_bytes(
        arguments.out, write_traces(load(arguments.config), arguments.run, arguments.templates).encode()
    )


if __name__ == "__main__":
    main()
