"""The patient's whole way in one engine, through a demo clinic of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from live_clinic import LiveClinic

from ibolit.seeds.files import rash, results

HERE = Path(__file__).resolve().parent
PYTHON = "/usr/bin/python3"  # Debian's own: the engines' bindings come from apt and no venv sees them
Walks = tuple[str, ...]
# Each begins where the one before ended.
WALKS = ("invitation", "entry", "chat", "payment", "consultation", "profile", "leave", "family")
DESK = ("desk", "away")  # a doctor's, and what it means for a patient; begins at /login
PLAIN = ("plain", "family")  # with scripts off, begins at /login
PLAIN_DESK = ("plain-desk",)
SPOKEN = ("voice",)  # into the engine's own recorder, begins at /login
# An old engine's word about what it does not know and therefore leaves out.
HARMLESS = "^Unrecognized Content-Security-Policy directive"
PATIENCE, LONGEST = 90, 1500  # seconds for a step and for a walk: a busy machine shows a call's picture after a minute


def switch(clinic: LiveClinic) -> None:
    """A signal takes the clinic away, the next one brings it back."""
    if clinic.process and clinic.process.poll() is None:
        clinic.kill()
    else:
        clinic.start()


def walk(
    engine: str, scratch: Path, walks: Walks = WALKS, shots: Path | None = None, *, scripts: bool = True
) -> tuple[str, Any]:
    """What was said, beginning with PASS or FAIL, and what became of each part.

    Strictly: every step in time, no uncaught error, nothing on the error console, no failed request.
    """
    clinic = LiveClinic(scratch)
    clinic.start()
    signal.signal(signal.SIGUSR1, lambda *_: switch(clinic))
    try:
        _write_samples(scratch)
        return _visit(engine, clinic, scratch, walks, shots, () if scripts else ("--no-scripts",))
    finally:
        clinic.stop()


def _write_samples(folder: Path) -> None:
    (folder / "анализы.txt").write_text("Гемоглобин 128\n")
    (folder / "снимок.jpg").write_bytes(rash())
    (folder / "памятка.pdf").write_bytes(results())


def _visit(
    engine: str, clinic: LiveClinic, scratch: Path, walks: Walks, shots: Path | None, more: tuple[str, ...]
) -> tuple[str, Any]:
    report = scratch / "report.json"
    told = subprocess.run(
        [
            *(PYTHON, HERE / "visit.py", engine, f"{clinic.url}/login"),
            *(f"--file={HERE / 'walks' / walk}.txt" for walk in walks),
            *("--strict", "--allow", HARMLESS, "--timeout", str(PATIENCE), "--report", report, *more),
        ],
        env=os.environ | _known(clinic, scratch) | ({"SHOTS": str(shots)} if shots else {}),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=LONGEST,
    )
    verdict = "FAIL" if told.returncode else "PASS"
    said = "\n".join(line for line in told.stdout.splitlines() if " allowed " not in line)
    return f"{verdict}\n{said}", json.loads(report.read_text()) if report.exists() else None


def _known(clinic: LiveClinic, scratch: Path) -> dict[str, str]:
    """What the walks name with a dollar."""
    paths = os.pathsep.join(str(Path(path).resolve()) for path in sys.path)
    return {
        "CLINIC": clinic.url,
        "CLINIC_SWITCH": str(os.getpid()),
        "DATA": str(clinic.data),
        "SCRATCH": str(scratch),
        "PERSON": str(HERE / "person.py"),
        "IN_CALL": f"env PYTHONPATH={paths} {sys.executable} {HERE / 'in_call.py'}",
    }


if __name__ == "__main__":  # one engine while a walk is being written: walked.py ENGINE SCRATCH [WALK ...]
    scratch = Path(sys.argv[2])
    scratch.mkdir(parents=True, exist_ok=True)
    walks = tuple(sys.argv[3:]) or WALKS
    print(walk(sys.argv[1], scratch, walks, scratch, scripts=not walks[0].startswith("plain"))[0])
