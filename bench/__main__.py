"""bench/run: every part in turn, one table. Parts named on the command line are measured alone."""

from __future__ import annotations

import sys
import tempfile
from importlib import import_module
from pathlib import Path

from .figures import Row, missed, table

PARTS = (
    "machine", "messages", "bare", "signaling", "idle", "start", "pages", "practice", "desk", "directory", "booking",
    "cards", "visit", "files", "calls", "links", "guessing",
)  # fmt: skip
RESULTS = Path(__file__).parent / "results.md"


def main(wanted: list[str]) -> None:
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="ibolit-bench-") as folder:
        for part in wanted or PARTS:
            print(f"{part}…", file=sys.stderr)
            rows += import_module(f".{part}", __package__).measure(Path(folder))
    print(table(rows))
    if not wanted:
        RESULTS.write_text(table(rows))
    if missed:
        sys.exit("\n".join(f"MISSED {one}" for one in missed))


main(sys.argv[1:])
