"""How fast the machine is just now: without it no two tables can be compared."""

from __future__ import annotations

import math
import os
import time
from pathlib import Path
from statistics import median

from .figures import Row, milliseconds

ADDITIONS = 1_000_000
SLICES = 40


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


def slowness() -> float:
    """How many times slower a core is than it has been in its best moment: 1.0 is undisturbed.

    By processor time: others who wait for the same core do not show here, but those who share its caches do.
    """
    global _quickest
    slices = [_slice() for _ in range(SLICES)]
    _quickest = min(_quickest, *slices)
    return median(slices) / _quickest


def _slice() -> float:
    begun, total = time.thread_time(), 0
    for number in range(ADDITIONS // 20):
        total += number
    return time.thread_time() - begun


_quickest = math.inf
