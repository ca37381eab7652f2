"""What was said in each story of tests/told, to whom, when and how. TELL_ANEW=1 writes the tables as they are today."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from consultation_steps import StillClock
from flask import Flask
from teller import Story, stories_of, told_anew

from ibolit.services import Services, clock

pytestmark = pytest.mark.slow_file

FOLDER = Path(__file__).parent / "told"
NAMED = [(path, name) for path in sorted(FOLDER.glob("*.txt")) for name, _ in stories_of(path.read_text())]


@pytest.mark.parametrize(("path", "name"), NAMED, ids=[f"{path.stem}: {name}" for path, name in NAMED])
def test_all_that_was_said(
    path: Path, name: str, clinic: Flask, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    still = StillClock(clock.now())
    monkeypatch.setattr(clock, "datetime", still)
    monkeypatch.setattr(services, "payments", services.payments)
    monkeypatch.setattr(services, "push", services.push)  # given back at the end
    known = dict(stories_of(path.read_text()))[name]
    told = told_anew(known, lambda given: Story(clinic, services, still, given))
    if os.environ.get("TELL_ANEW"):
        path.write_text(path.read_text().replace(f"# {name}\n{known}", f"# {name}\n{told}\n"))
    assert told.strip().splitlines() == [line for line in known.strip().splitlines() if line.strip()]
