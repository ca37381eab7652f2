"""A start that is refused is one sentence, from the command line and from the server."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
UPGRADE = ["flask", "--app", "ibolit:create_app", "db", "upgrade"]
SERVE = ["gunicorn", "--log-level", "critical", "wsgi:app"]


def say(command: list[str], **environ: str) -> str:
    """What a start that fails says."""
    told = subprocess.run(
        [sys.executable, *([] if command[0] == "-c" else ["-m"]), *command],
        cwd=ROOT,
        env={"BIND": "127.0.0.1:0"} | environ,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert told.returncode != 0
    return told.stderr.removeprefix("Error: ")


@pytest.mark.parametrize("command", [UPGRADE, SERVE])
def test_missing_setting_is_one_line(command: list[str]) -> None:
    assert say(command) == "SECRET_KEY: must be set\n"


@pytest.mark.parametrize("name", ["PORT", "SOCKETS_MAX", "WEB_PROCESSES"])
@pytest.mark.parametrize("value", ["many", "0", "99999"])
def test_number_that_the_server_cannot_use_is_one_line(name: str, value: str) -> None:
    assert say(SERVE, **{"BIND": "", name: value}).startswith(f"{name}: must be a whole number between 1 and ")


def test_other_gunicorn_is_refused() -> None:
    """The patches of gunicorn.conf.py reach into its worker: with another they might silently do nothing."""
    another = "import gunicorn; gunicorn.__version__ = '28.1.0'; from gunicorn.app.wsgiapp import run; run()"
    said = say(["-c", another, *SERVE[1:]])
    assert said == "gunicorn 28.1.0: gunicorn.conf.py is made for 27. Install what requirements.txt names\n"


def test_server_waits_for_the_tables(tmp_path: Path) -> None:
    assert "run `flask db upgrade` first" in say(SERVE, IBOLIT_ENV="demo", IBOLIT_DATA=str(tmp_path))
