"""A release has one number; every migration since the first says if it expands, and what an older process does."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from live_clinic import ROOT

VERSIONS = ROOT / "migrations" / "versions"
RELEASED = 23  # of 0.1.0, see docs/releases.md
KIND = re.compile(r"^(?:Expands|Contracts): \w", re.MULTILINE)
OLDER = re.compile(r"^An older process: \w", re.MULTILINE)

GOOD = '''"""When a doctor was last seen.

Expands: a column that may be empty.
An older process: leaves it empty, and reads nothing of it.
"""
'''


def test_newest_release_has_one_number() -> None:
    (version,) = re.findall(r'^version = "(.+)"', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    noted = re.findall(r"^## ([\d.]+)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    listed = re.findall(r"^\| ([\d.]+) \|", (ROOT / "docs" / "releases.md").read_text(), re.MULTILINE)
    assert noted[0] == listed[0] == version


def since_release(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.glob("[0-9]*.py")) if int(path.name[:4]) > RELEASED]


def unsaid(folder: Path) -> list[str]:
    found = {path.name: ast.get_docstring(ast.parse(path.read_text())) or "" for path in since_release(folder)}
    return [name for name, words in found.items() if not (KIND.search(words) and OLDER.search(words))]


def test_every_migration_says_what_it_does_to_an_older_process() -> None:
    assert len(list(VERSIONS.glob("[0-9]*.py"))) >= RELEASED - 1
    assert unsaid(VERSIONS) == []


@pytest.mark.parametrize(
    "spoilt",
    [
        "",
        '"""When a doctor was last seen."""',
        GOOD.replace("Expands: a", "A"),
        GOOD.replace("An older process", "Older"),
    ],
)
def test_migration_that_does_not_is_found(tmp_path: Path, spoilt: str) -> None:
    (tmp_path / "0022_days.py").write_text("")
    (tmp_path / "0024_seen.py").write_text(GOOD)
    (tmp_path / "0025_spoilt.py").write_text(spoilt)
    assert unsaid(tmp_path) == ["0025_spoilt.py"]
