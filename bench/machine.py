"""How fast the machine is just now: without it no two tables can be compared."""

from __future__ import annotations

import os
import time
from pathlib import Path

from .figures import Row, milliseconds

ADDITIONS = 1_000_000


def measure(_folder: Path) -> list[Row]:
    quickest = min(_count() for _ in range(5))
    load = os.getloadavg()[0]
    what = f"the machine: {os.cpu_count()} cores, load {load:.1f}; a million additions in Python"
    return [Row(what, milliseconds(quickest))]


def _count() -> float:
    begun, total = time.perf_counter(), 0
    for number in range(ADDITIONS):
        total += number
    return time.perf_counter() - begun
