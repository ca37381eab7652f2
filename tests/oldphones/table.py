"""Walks the patient's whole way in every engine and writes what was seen: docs/engines.md and its screenshots.

table.py [ENGINE ... | all]    named ones are walked and told about; the document is written only when none is named
"""

from __future__ import annotations

import re
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

from live_clinic import ROOT
from oldphones.walked import DESK, PLAIN, PLAIN_DESK, SPOKEN, WALKS, Walks, walk
from PIL import Image

LEAVING = WALKS.index("leave")
WHOLE = (*WALKS[:LEAVING], "network", *WALKS[LEAVING:])
ENGINES = {
    "webkit602": "iPhone with iOS 10",
    "chromium45": "Android 5 as sold",
    "chromium49": "Android 5 and 6 of 2016",
    "chromium64": "Android 7 and 8 of 2018",
    "chromium92": "Android 5, Chrome updated as far as it goes",
    "firefox": "today's Firefox",
    "webkitgtk": "today's iPhone, without Apple's media and push",
    "chromium": "today's Android",
}
CAN_SWITCH_SCRIPTS_OFF = [engine for engine in ENGINES if engine.startswith("chromium")]
SHOWN = ("sign-in", "doctors", "chat", "tariffs", "paid", "card", "call", "other-device", "notifications")
DOCUMENT, PICTURES = ROOT / "docs" / "engines.md", ROOT / "docs" / "screenshots" / "engines"
VERSION = re.compile(r"(?:Firefox|Chrome|Version)/[\d.]+|AppleWebKit/[\d.]+")
HEAD = """# What works where

Written by `bin/engines`, which walks the patient's whole way and a doctor's desk (`tests/oldphones/walks/`) through
demo clinics in each engine: every step in time, no uncaught error, nothing on the error console. ✓ is a part that was
walked to its end, ✗ one that was not, – one that this engine was not asked, or could not be; a number is what the app
says or shows there instead. `bin/test` walks WebKit 602 as well, and Chromium 45 to the end of the chat.
"""
FOOT = """
Most builds of engines here lack a phone's own codecs (AAC): where a voice message does not play here, it may play
there. Pushes are offered here, and delivered in the journeys of `tests/journeys/test_push.py`, in Chromium only: the
others' push services are not to be had without their makers. Scripts can be switched off before our eyes in the
Chromiums only.

![Sign-in, directory, chat, tariffs, payment, consultation, call or its stand-in](screenshots/engines/overview.png)
"""


def visit(engine: str, pictures: Path | None) -> dict[str, Any]:
    """The report of all its ways: with scripts, speaking, at the desk, and without scripts."""
    report = _walked(engine, WHOLE, "", pictures)
    ways = [(SPOKEN, "speaking"), (DESK, "at the desk")]
    if engine in CAN_SWITCH_SCRIPTS_OFF:
        ways += [(PLAIN, "with scripts off"), (PLAIN_DESK, "at the desk with scripts off")]
    for walks, how in ways if report else ():
        more = _walked(engine, walks, how)
        report["parts"] += more["parts"] if more else []
    return report or {"engine": engine, "agent": "", "parts": []}


def _walked(engine: str, walks: Walks, how: str, pictures: Path | None = None) -> Any:
    """What was seen, in a clinic of its own."""
    with tempfile.TemporaryDirectory() as folder:
        told, report = walk(engine, Path(folder), walks, pictures, scripts=not walks[0].startswith("plain"))
    print(told if told.startswith("FAIL") else f"{engine}: passed{how and ', ' + how}", flush=True)
    return report


def write(reports: list[dict[str, Any]]) -> None:
    names = [report["engine"] for report in reports]
    titles = list(dict.fromkeys(part["title"] for report in reports for part in report["parts"]))
    notes: list[str] = []
    lines = [HEAD, row(["", *(f"{name}" for name in names)]), row(["---", *("---" for _ in names)])]
    lines += [row([title, *(cell(report, title, notes) for report in reports)]) for title in titles]
    lines += ["", *(f"{number}. {note}" for number, note in enumerate(notes, 1)), ""]
    lines += [row(["engine", "stands for", "calls itself"]), row(["---"] * 3)]
    lines += [row([name, ENGINES[name], version_of(report)]) for name, report in zip(names, reports, strict=True)]
    for report in reports:
        lines += [f"\n{report['engine']}, {part['title']}: `{part['failure']}`" for part in failed(report)]
    DOCUMENT.write_text("\n".join(lines) + "\n" + FOOT)


def row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def cell(report: dict[str, Any], title: str, notes: list[str]) -> str:
    part = next((one for one in report["parts"] if one["title"] == title), None)
    if part is None:
        return "–"
    if part["failure"]:
        return "✗"
    if part["outcome"] in ("works", "–"):
        return "✓" if part["outcome"] == "works" else "–"
    if part["outcome"] not in notes:
        notes.append(part["outcome"])
    return str(notes.index(part["outcome"]) + 1)


def failed(report: dict[str, Any]) -> list[dict[str, str]]:
    return [part for part in report["parts"] if part["failure"]]


def version_of(report: dict[str, Any]) -> str:
    return ", ".join(VERSION.findall(report["agent"])).replace("/", " ")


def press_pictures() -> None:
    """Few colours make small files; what else the walks kept goes. An overview lays all of them side by side."""
    kept = [PICTURES / f"{engine}-{name}.png" for engine in ENGINES for name in SHOWN]
    for path in PICTURES.glob("*.png"):
        if path not in kept:
            path.unlink()
        else:
            Image.open(path).convert("RGB").quantize(32, dither=Image.Dither.NONE).save(path, optimize=True)
    overview = Image.new("RGB", (len(SHOWN) * 136, len(ENGINES) * 240), "white")
    for place, path in enumerate(kept):
        if path.exists():
            small = Image.open(path).convert("RGB").resize((132, 235), Image.Resampling.LANCZOS)
            overview.paste(small, (place % len(SHOWN) * 136, place // len(SHOWN) * 240))
    overview.quantize(64, dither=Image.Dither.NONE).save(PICTURES / "overview.png", optimize=True)


def main() -> int:
    is_written = not sys.argv[1:]
    engines = list(ENGINES) if is_written or sys.argv[1:] == ["all"] else sys.argv[1:]
    PICTURES.mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor(2) as pool:  # a process an engine: each answers its own walk's signals
        reports = list(pool.map(visit, engines, [PICTURES if is_written else None] * len(engines)))
    if is_written:
        press_pictures()
        write(reports)
    return 1 if any(failed(report) or not report["parts"] for report in reports) else 0


if __name__ == "__main__":
    sys.exit(main())
