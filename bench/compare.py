"""bench/compare OTHER: what a page costs here and in another clone, in alternating batches: ratios hold on any machine.

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

BATCHES, VISITS = 20, 10
HERE = Path(__file__).parents[1]


class Clone:
    """One clone's process; it is told a page and how often to visit it, and says milliseconds a visit."""

    def __init__(self, clone: Path, data: Path) -> None:
        script = Path(__file__).with_name("page_costs.py")
        command = [str(clone / ".venv/bin/python"), str(script), str(clone), str(data)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def visit(self, page: str, visits: int) -> float:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{page} {visits}\n")
        self._process.stdin.flush()
        return float(self._process.stdout.readline())

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
    for one in (before, after):
        one.visit(page, 5)  # warms
    costs: list[tuple[float, float]] = []
    for batch in range(BATCHES):
        order = (before, after) if batch % 2 == 0 else (after, before)
        cost = {id(one): one.visit(page, VISITS) for one in order}
        costs.append((cost[id(before)], cost[id(after)]))
    then, now = (median(one[side] for one in costs) for side in (0, 1))
    ratio = median(new / old for old, new in costs)
    return Row(page, f"{then:.1f} → {now:.1f} ms of processor", f"× {ratio:.2f}")


def main(other: str, *wanted: str) -> None:
    with clones(Path(other).resolve(), HERE) as (before, after):
        print(table([compared(before, after, page) for page in wanted or PAGES]))


if __name__ == "__main__":
    main(*sys.argv[1:])
