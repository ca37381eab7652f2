"""bench/compare OTHER: what a page or a message costs here and in another clone, in alternating batches.

Ratios hold on any machine, and so does the number of calls in Python.

Each clone answers inside a process of its own, on a clinic its own code has made; a batch is some visits of one page,
and who goes first changes. Processor time alone: what else the machine does is in both.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from .figures import Row, table
from .page_costs import PAGES

BATCHES, VISITS = 40, 10
HERE = Path(__file__).parents[1]


class Clone:
    """One clone's process; it is told a page and how often to visit it, and says what a visit costs."""

    def __init__(self, clone: Path, data: Path) -> None:
        script = Path(__file__).with_name("page_costs.py")
        command = [str(clone / ".venv/bin/python"), str(script), str(clone), str(data)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def visit(self, page: str, visits: int) -> tuple[float, int]:
        """Milliseconds of processor, and calls in Python."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{page} {visits}\n")
        self._process.stdin.flush()
        cost, calls = self._process.stdout.readline().split()
        return float(cost), int(calls)

    def leave(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(20)


@contextmanager
def clones(*paths: Path) -> Iterator[list[Clone]]:
    with tempfile.TemporaryDirectory(prefix="ibolit-compare-") as folder:
        both = [Clone(path, Path(folder) / str(number)) for number, path in enumerate(paths)]
        try:
            yield both
        finally:
            for one in both:
                one.leave()


def compared(before: Clone, after: Clone, page: str) -> Row:
    calls = [one.visit(page, 5)[1] for one in (before, after)]  # and warm
    costs: list[tuple[float, float]] = []
    for batch in range(BATCHES):
        order = (before, after) if batch % 2 == 0 else (after, before)
        cost = {id(one): one.visit(page, VISITS)[0] for one in order}
        costs.append((cost[id(before)], cost[id(after)]))
    then, now = (median(one[side] for one in costs) for side in (0, 1))
    ratio = median(new / old for old, new in costs)
    called = f"{calls[0]:,} → {calls[1]:,} calls"
    return Row(page, f"{then:.1f} → {now:.1f} ms of processor; {called}", f"× {ratio:.2f}")


def main(other: str, *wanted: str) -> None:
    with clones(Path(other).resolve(), HERE) as (before, after):
        print(table([compared(before, after, page) for page in wanted or PAGES]))


if __name__ == "__main__":
    main(*sys.argv[1:])
