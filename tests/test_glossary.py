"""docs/glossary.md is true: every term lives where its row says, and no retired name is in use."""

from __future__ import annotations

from pathlib import Path

import pytest
from glossary import Unreadable, broken, rows_of
from identifiers import names_under
from live_clinic import ROOT

HOUSE = {
    "ibolit/models/visit.py": """
from .agenda import Terms
class Visit:
    carried: int
    def post(self, talk): return talk.carry()
rest = 1
""",
    "ibolit/templates/visit.html": "{% set shown = visit.gist %}<p class='visit__more {{ 'strip' if shown }}'>talk",
    "ibolit/static/css/visit.css": ".tray__one > a:hover { color: red }",
    "ibolit/static/js/visit.js": "room.hush = function () { return document.querySelector('.sheet__panel'); };",
    "ibolit/static/js/turn.js": "",
    "ibolit/mail/send.py": "take = 'Seen'  # sighting",
}
LIVES = "| `Visit.post` | Somebody comes. | `ibolit/models/visit.py` | {} |"


@pytest.fixture
def house(tmp_path: Path) -> Path:
    for name, text in HOUSE.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def complaints(house: Path, row: str) -> list[str]:
    return broken(rows_of(row), names_under(house))


def test_glossary_is_true() -> None:
    rows = rows_of((ROOT / "docs" / "glossary.md").read_text())
    assert rows
    assert broken(rows, names_under(ROOT)) == []


@pytest.mark.parametrize(
    "retired",
    [
        "`talk`", "`carr*`", "`carry`", "`talk.carry`", "`Visit.carried`", "`agenda.Terms`", "`agenda`", "`gist`",
        "`visit.gist`", "`visit.rest`", "`room.hush`", "`hush`", "`.strip`", "`.tray__*`", "`.sheet__panel`",
        "`turn.js`", "`static/js/turn.js`", "`mail/`", "`take` in `ibolit/mail/`", "`take` except in `ibolit/models/`",
        "`nothing`, `talk`", '"the old bell", `rest`',
    ],
)  # fmt: skip
def test_retired_name_is_found(house: Path, retired: str) -> None:
    assert complaints(house, LIVES.format(retired)) != []


@pytest.mark.parametrize(
    "retired",
    [
        "", "–", "`Talk`", "`Seen`", "`sighting`", "`chat.carry`", "`Visit.rest`", "`Consultation.post`", "`.talk`",
        "`.red`", "`urn.js`", "`ail/`", "`take` in `ibolit/models/`", "`take` except in `ibolit/mail/`", '"talk"',
    ],
)  # fmt: skip
def test_other_words_are_left_alone(house: Path, retired: str) -> None:
    assert complaints(house, LIVES.format(retired)) == []


@pytest.mark.parametrize(
    "row",
    [
        "| `Visit` | … | `ibolit/models/gone.py` | – |",
        "| `Visit` | … | `ibolit/mail/` | – |",
        "| `Visitor` | … | `ibolit/models/visit.py` | – |",
        "| `.visit__less` | … | `ibolit/templates/` | – |",
        "| `turn.js` | … | `ibolit/models/` | – |",
        "| Visit | … | nowhere | – |",
    ],
)
def test_term_lives_where_its_row_says(house: Path, row: str) -> None:
    assert len(complaints(house, row)) == 1


@pytest.mark.parametrize("row", ["| `Visit` | … | `ibolit/` | talk |", "| `Visit` | … | `ibolit/` |"])
def test_row_that_cannot_be_read_is_no_row(row: str) -> None:
    with pytest.raises(Unreadable):
        rows_of(row)
