"""What the walks start beside the engine can be started."""

from __future__ import annotations

import subprocess
from pathlib import Path

from live_clinic import LiveClinic
from oldphones.walked import _known


def test_doctor_of_a_call_starts(tmp_path: Path) -> None:
    """A walk starts it in the background: of what it lacks nobody would hear but by a call that never connects."""
    command = _known(LiveClinic(tmp_path), tmp_path)["IN_CALL"]
    told = subprocess.run(command, shell=True, capture_output=True, text=True, cwd=tmp_path)
    assert told.stderr.startswith("The doctor of a call"), told.stderr
