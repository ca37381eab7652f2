"""Lighthouse on the main pages: first content and shifts on a slow phone, accessibility, best practices.

Its slow 4G is simulated: it loads the page undisturbed and computes how it would have gone on 1.6 Mbit/s, 150 ms and a
processor four times slower. Throttling for real would count everything else that runs on this machine, four times.
Every page is a first visit with an empty cache; the signed-in pages keep only the cookie.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from statistics import median
from typing import Any

from ..machine import slowness
from ..server import free_port
from .budget import FIRST_CONTENT, SHIFT, Figure
from .clinic import PAGES, SIGN_IN, Clinic, lasting
from .network import QUICK

ROUNDS = 3
PROCESSOR = 4
HERE = Path(__file__).parent
CATEGORIES = ("performance", "accessibility", "best-practices")

Report = dict[str, Any]


def measure(clinic: Clinic) -> list[Figure]:
    clinic.wire.become(QUICK)
    figures: list[Figure] = []
    port = free_port()
    with lasting(clinic.data.with_name("profile"), port) as context:
        figures += _audited(clinic, port, "sign-in", SIGN_IN)
        clinic.sign_in(context)
        for name, path in PAGES.items():
            figures += _audited(clinic, port, name, path)
    return figures


def _audited(clinic: Clinic, port: int, name: str, path: str) -> list[Figure]:
    return _figures(name, [_report(clinic.url(path), port) for _ in range(ROUNDS)])


def _report(url: str, port: int) -> Report:
    slower = max(1.0, PROCESSOR / slowness(by_clock=True))
    options = [f"--port={port}", "--output=json", "--quiet", f"--only-categories={','.join(CATEGORIES)}"]
    options += ["--throttling-method=simulate", f"--throttling.cpuSlowdownMultiplier={slower:.2f}"]
    command = [str(HERE / "node_modules" / ".bin" / "lighthouse"), url, *options]
    told: Report = json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)
    if told.get("runtimeError"):
        raise RuntimeError(f"{url}: {told['runtimeError']['message']}")
    if told["finalDisplayedUrl"] != url:
        raise RuntimeError(f"{url} led to {told['finalDisplayedUrl']}")
    return told


def _figures(name: str, reports: list[Report]) -> list[Figure]:
    content = median(_number(one, "first-contentful-paint") for one in reports) / 1000
    shift = max(_number(one, "cumulative-layout-shift") for one in reports)
    scores = ", ".join(
        f"{category} {100 * median(one['categories'][category]['score'] for one in reports):.0f}"
        for category in CATEGORIES
    )
    failed = _failed(reports[-1])
    return [
        Figure(name, f"first content, Lighthouse, median of {ROUNDS}", content, FIRST_CONTENT, "s", 2),
        Figure(name, "… shift (CLS)", shift, SHIFT, digits=3),
        Figure(name, ": ".join([f"… {scores}; failed checks of the latter two", *failed]), len(failed), 0, digits=0),
    ]


def _number(report: Report, audit: str) -> float:
    return float(report["audits"][audit]["numericValue"])


def _failed(report: Report) -> list[str]:
    """Performance has budgets of its own; of these two every check must pass."""
    asked = {one["id"] for name in CATEGORIES[1:] for one in report["categories"][name]["auditRefs"] if one["weight"]}
    return sorted(id for id in asked if report["audits"][id]["score"] not in (1, None))
