"""Every page is valid HTML, as W3C's checker reads it: in bin/test-all, which brings Java.

What it has found once is asked of the templates in every run (test_templates.py).
"""

from __future__ import annotations

from pathlib import Path

import pytest
from valid_html import complaints, pages_of_everybody

pytestmark = pytest.mark.long

PAGE = "<!doctype html><html lang='ru'><head><title>Врачи</title></head><body hx-get='/doctors'>{}</body></html>"


def test_every_page_is_valid(tmp_path: Path) -> None:
    pages = pages_of_everybody(tmp_path / "clinic", sends=False)
    assert len(pages) > 200
    (tmp_path / "pages").mkdir()
    found = complaints(pages, tmp_path / "pages")
    assert not found, "\n".join(f"{what}\n  at {', '.join(where[:3])}" for what, where in found.items())


@pytest.mark.parametrize(
    "html",
    [
        "<time datetime='2026-11-29T10:00:00.123456+00:00'>10:00</time>",
        "<input type='date' placeholder='25.11.2026' aria-label='День'>",
        "<span><h1>Врачи</h1></span>",
    ],
)
def test_what_is_refused(tmp_path: Path, html: str) -> None:
    """One fault; the attribute of htmx beside it is none."""
    assert len(complaints([("/doctors", PAGE.format(html))], tmp_path)) == 1
