"""How soon bin/run answers when everything is installed and the clinic is there."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path
from statistics import median

from .figures import Row
from .server import ROOT, free_port, settings, stop, wait_until_ready

STARTS = 5


def measure(folder: Path) -> list[Row]:
    data = folder / "start"
    _start(data)  # makes the clinic
    seconds = median(_start(data) for _ in range(STARTS))
    return [Row("warm start of bin/run until /healthz answers", f"{seconds:.2f} s", "≤ 1.2 s")]


def _start(data: Path) -> float:
    port = free_port()
    begun = time.perf_counter()
    process = subprocess.Popen(
        [ROOT / "bin" / "run"], env=settings(port, data), stdout=subprocess.DEVNULL, start_new_session=True
    )
    try:
        wait_until_ready(port)
        return time.perf_counter() - begun
    finally:
        stop(process)
