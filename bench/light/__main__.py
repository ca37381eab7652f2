"""bench/audit: every part in turn, one table, and an end in failure where a budget is missed."""

from __future__ import annotations

import os
import sys
import tempfile
from importlib import import_module
from pathlib import Path

from .budget import Figure, misses, table
from .clinic import audited

PARTS = ("wire", "lighthouse", "slow", "tasks")
RESULTS = Path(__file__).parents[1] / "light.md"


def main(wanted: list[str]) -> int:
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory(prefix="ibolit-audit-") as folder, audited(Path(folder) / "clinic") as clinic:
        for part in wanted or PARTS:
            print(f"{part}…", file=sys.stderr)
            found = import_module(f".{part}", __package__).measure(clinic)
            print(table(found), file=sys.stderr)
            figures += found
    told = f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the end\n\n{table(figures)}"
    print(told)
    if not wanted:
        RESULTS.write_text(told)
    for figure in misses(figures):
        print(f"MISSED {figure.page}: {figure.what} {figure.said}, at most {figure.budget_said}", file=sys.stderr)
    return 1 if misses(figures) else 0


sys.exit(main(sys.argv[1:]))
