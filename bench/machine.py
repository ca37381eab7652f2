"""How fast the machine is just now: without it no two tables can be compared."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable
from pathlib import Path
from statistics import mean, median

from .figures import Row, milliseconds

ADDITIONS = 1_000_000
SLICES = 100


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


def slowness(by_clock: bool = False) -> float:
    """How many times slower a core is than it has been in its best moment: 1.0 is undisturbed.

    By processor time only those who share its caches show; by the clock those who wait for the same core, too.
    """
    global _quickest
    clock = time.perf_counter if by_clock else time.thread_time
    slices = [_slice(clock) for _ in range(SLICES)]
    _quickest = min(_quickest, *slices)
    return (mean(slices) if by_clock else median(slices)) / _quickest


def _slice(clock: Callable[[], float]) -> float:
    begun, total = clock(), 0
    for number in range(ADDITIONS // 20):
        total += number
    return clock() - begun


_quickest = math.inf
