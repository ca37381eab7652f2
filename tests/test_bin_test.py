"""bin/test itself, in a house where every tool is a stand-in."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from live_clinic import ROOT

SCRATCH = re.compile(r"/\S*/tmp\.\w+")  # has another name each time
STANDS_IN = """#!/bin/bash
echo "$(basename "$0") $* ${LONG_TESTS:+long}" >> called
[[ " $BROKEN " != *" $(basename "$0") "* ]] || { echo "FAILED tests/test_$(basename "$0").py"; exit 1; }
"""


@pytest.fixture
def house(tmp_path: Path) -> Path:
    modules = ("tests/js/node_modules", "tests/html/node_modules")
    for name in ("bin", ".venv/bin", *modules):
        (tmp_path / name).mkdir(parents=True)
    for name in ("test", "test-all"):
        shutil.copy(ROOT / "bin" / name, tmp_path / "bin" / name)
    (tmp_path / "bin/setup.sh").write_text("need_python() { :; }; need_packages() { :; }")
    for name in modules:
        (tmp_path / name / ".package-lock.json").touch()
    for name in ("pip", "ruff", "mypy", "flask", "pytest"):
        _put(tmp_path / ".venv/bin" / name)
    for name in ("bin/oldphones", "bin/postgres", "bin/engines", "node"):
        _put(tmp_path / name)
    return tmp_path


def _put(path: Path) -> None:
    path.write_text(STANDS_IN)
    path.chmod(0o755)


def _run(house: Path, command: str = "test", broken: str = "") -> tuple[int, list[str], list[str]]:
    """The exit code, what was called, and what was said."""
    env = {name: value for name, value in os.environ.items() if name != "LONG_TESTS"}
    env |= {"BROKEN": broken, "PATH": f"{house}:{os.environ['PATH']}"}
    told = subprocess.run([house / "bin" / command], env=env, cwd=house, capture_output=True, text=True)
    called = SCRATCH.sub("scratch", (house / "called").read_text())
    return told.returncode, called.splitlines(), told.stdout.splitlines()


def test_all_is_well(house: Path) -> None:
    code, called, told = _run(house)
    assert code == 0
    assert not any("failed" in line for line in told)
    assert {line.split()[0] for line in called} == {
        *("pip", "ruff", "mypy", "node", "flask", "pytest", "oldphones", "postgres"),
    }


def test_a_part_that_fails_keeps_none_from_running_and_is_told_at_the_end(house: Path) -> None:
    _, usual, _ = _run(house)
    (house / "called").unlink()
    code, called, told = _run(house, broken="ruff flask pytest")
    assert code == 1
    # Of the clinic without tables nothing more is asked.
    said = {line for line in usual if not line.startswith("flask") or "upgrade" in line}
    assert said <= set(called)
    end = told[told.index("== 5 failed") :]
    assert [line for line in end if line.startswith("--")] == [
        *("-- Lint", "-- Format", "-- Migrations and the demo clinic"),
        *("-- Everything on SQLite", "-- Models, doors and concurrency on PostgreSQL"),
    ]
    assert end.count("FAILED tests/test_pytest.py") == 2


def test_nothing_is_too_long_for_the_long_run(house: Path) -> None:
    code, called, _ = _run(house, "test-all", broken="engines")
    assert code == 1
    assert "engines all long" in called
    assert all(line.endswith(" long") for line in called if line.startswith("pytest"))
