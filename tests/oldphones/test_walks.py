"""The patient's way in the oldest engines we promise: WebKit of iOS 10 and Chromium of Android 5."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from live_clinic import LiveClinic

HERE = Path(__file__).resolve().parent
# An old engine's word about what it does not know and therefore leaves out.
HARMLESS = "^Unrecognized Content-Security-Policy directive"
PYTHON = "/usr/bin/python3"  # Debian's own: the engines' bindings come from apt and no venv sees them
ENGINES = ["webkit602", "chromium45"]

pytestmark = pytest.mark.oldphones


@pytest.fixture
def address(tmp_path):
    """One per walk: a walk writes messages, and the next one wants to begin where this one began."""
    clinic = LiveClinic(tmp_path)
    clinic.start()
    yield clinic.url
    clinic.stop()


@pytest.mark.parametrize("engine", ENGINES)
def test_patient_finds_a_doctor_and_talks(engine, address, tmp_path):
    walk(engine, address, "patient.txt", tmp_path)


@pytest.mark.parametrize("engine", ENGINES)
def test_patient_pays_and_writes_on(engine, address, tmp_path):
    walk(engine, address, "payment.txt", tmp_path)


@pytest.mark.parametrize("engine", ENGINES)
def test_patient_is_ready_for_a_consultation(engine, address, tmp_path):
    walk(engine, address, "consultation.txt", tmp_path)


@pytest.mark.parametrize("engine", ENGINES)
def test_patient_comes_by_a_link(engine, address, tmp_path):
    walk(engine, address, "invitation.txt", tmp_path)


def walk(engine: str, url: str, steps: str, tmp_path: Path) -> None:
    """Every step in time, no uncaught error, nothing on the error console, no failed request."""
    screen = tmp_path / f"{engine}.png"
    how = ["--strict", "--allow", HARMLESS, "--timeout", "20", "--file", HERE / "walks" / steps, "--shot", screen]
    told = subprocess.run(
        [PYTHON, HERE / "visit.py", engine, f"{url}/login", *how],
        env={**os.environ, "PYTHON": PYTHON, "PERSON": str(HERE / "person.py"), "SCRATCH": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
    )
    assert told.returncode == 0, f"{told.stdout}\nscreen: {screen} (bin/oldphones installs the engines)"
