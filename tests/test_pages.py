"""bin/pages tells apart what a person would notice, and nothing else; what it reads of an answer is no chance."""

from __future__ import annotations

from pathlib import Path

import pytest
from browser import Browser
from page_text import Difference, Renamed, compare, lines_of, words_of

NAMES = """
.talk__* .consultation__*
.strip .access-bar
#asking #request
data-turns-at data-changes-at
data-behaviour=turn card-refresh
/вопрос$/ ответ
"""


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    for name in ("before", "after"):
        (tmp_path / name).mkdir()
    return tmp_path / "before", tmp_path / "after"


def found(folders: tuple[Path, Path], before: str, after: str) -> list[Difference]:
    for folder, html in zip(folders, (before, after), strict=True):
        (folder / "page.txt").write_text("\n".join(lines_of(html)))
    (folders[0].parent / "names").write_text(NAMES)
    return list(compare(*folders, Renamed.read(folders[0].parent / "names")))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("<p  class='b a'>Добрый\n день</p>", '<p class="a b">\nДобрый день</p>'),
        ("<p class='talk__more strip'>", "<p class='access-bar consultation__more'>"),
        ("<p hx-target='.talk__more' class='strip'>", "<p hx-target='.consultation__more' class='access-bar'>"),
        ("<p id='asking'><a href='#asking'>", "<p id='request'><a href='#request'>"),
        ("<p data-turns-at='5' hidden>", "<p data-changes-at='5' hidden>"),
        ("<p data-behaviour='sheet turn'>", "<p data-behaviour='sheet card-refresh'>"),
        ("<link href='/assets/app.0123456789ab.css'>", "<link href='/assets/app.ba9876543210.css'>"),
        ("вопрос", "ответ"),
    ],
)
def test_nobody_notices(folders: tuple[Path, Path], before: str, after: str) -> None:
    assert found(folders, before, after) == []


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("<p>Добрый день</p>", "<p>Доброе утро</p>"),
        ("<p class='talk__more'>", "<p class='talk__more'>"),
        ("<p id='strip'>", "<p id='access-bar'>"),
        ("<p class='asking'>", "<p class='request'>"),
        ("<p class='stripe'>", "<p class='access-bare'>"),
        ("<p data-behaviour='turn'>", "<p>"),
        ("<p title='turn'>", "<p title='card-refresh'>"),
        ("<button disabled>", "<button>"),
    ],
)
def test_somebody_notices(folders: tuple[Path, Path], before: str, after: str) -> None:
    assert len(found(folders, before, after)) == 1


def test_same_difference_of_many_files_stands_once(folders: tuple[Path, Path]) -> None:
    for name in ("one", "two", "gone"):
        (folders[0] / f"{name}.txt").write_text("a\nb")
    for name in ("one", "two"):
        (folders[1] / f"{name}.txt").write_text("a\nc")
    told = compare(*folders, Renamed())
    assert told == {
        Difference(("the file",), ()): ["gone.txt"],
        Difference(("b",), ("c",)): ["one.txt", "two.txt"],
    }


def test_nothing_of_an_answer_is_chance(as_patient: Browser) -> None:
    """Tokens, marks and names of files differ from answer to answer."""
    addresses = ("/documents/offer", "/login/phone")
    pages = [words_of(as_patient.get(address).text, "text/html") for address in addresses for _ in (1, 2)]
    assert pages[0] == pages[1]
    assert pages[2] == pages[3]
    assert 'data-version="~"' in pages[0][0]
