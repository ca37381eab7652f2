"""What a walk tells when its engine breaks."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.usefixtures("engines_on_path")


@pytest.fixture
def engines_on_path(monkeypatch: pytest.MonkeyPatch) -> None:
    """As where visit.py is started: beside its engines."""
    monkeypatch.syspath_prepend(Path(__file__).parent)


class Crashed:
    """An engine whose page has crashed: it takes an address, answers nothing and shows nothing."""

    def __init__(self) -> None:
        self.log: list[tuple[str, str]] = []

    def goto(self, url: str) -> None:
        self.log.append(("error", "the page crashed"))

    def run(self, code: str) -> str | None:
        if self.log and "userAgent" not in code:
            raise TimeoutError
        return json.dumps({"v": "about:blank"})

    def pump(self, seconds: float) -> None: ...

    def shot(self, path: str) -> None:
        raise KeyError("result")

    def close(self) -> None: ...


def test_parts_after_a_page_that_crashed_are_walked_and_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import engines
    from visit import Visit

    monkeypatch.setattr(engines, "start", lambda *_: Crashed())
    monkeypatch.setenv("SHOTS", str(tmp_path))
    report = tmp_path / "report.json"
    options: dict[str, Any] = {"size": "360x640", "no_scripts": False, "url": "http://127.0.0.1:1/", "timeout": 1}
    options |= {"shot": None, "report": str(report), "allow": "", "strict": True}
    visit = Visit("chromium", argparse.Namespace(**options))
    assert visit.walk(["part One", "open /", "part Two", "run true"]) == 1
    parts = json.loads(report.read_text())["parts"]
    assert [part["title"] for part in parts] == ["One", "Two"]
    assert "TimeoutError" in parts[0]["failure"]
    assert "JS ERROR the page crashed" in capsys.readouterr().out
