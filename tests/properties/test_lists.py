"""Whatever is cut, padded, flipped, doubled or mixed in a list of patients: the door answers soon, by a page or a
sentence; nobody stands in it twice, and nothing that no database keeps.

LONG_TESTS=1 sends 10,000 lists and prints what became of them; FUZZ=8 others.
"""

from __future__ import annotations

import os
from collections import Counter
from functools import cache
from io import BytesIO
from itertools import islice, product
from pathlib import Path
from random import Random
from time import monotonic

import pytest
from browser import Browser
from mutations import cut, doubled, flipped, flipped_at_the_head, padded, without_a_piece
from patient_list_files import DELIMITERS, ENCODINGS, FILES, HEADERS, grid_file

from ibolit.extensions import db
from ibolit.models import ImportLine, PatientImport

SEED = int(os.environ.get("FUZZ", "23"))
SHORT, LONG, PARTS = 60, 10_000, 20
SOON = 20.0  # seconds for one list, on a busy machine, too
KINDS = ("other", "phone", "email", "name", "birth_date")


@cache
def corpus() -> list[tuple[str, bytes]]:
    given = Path(__file__).parent.parent / "lists"
    grid = islice(product(ENCODINGS, DELIMITERS, HEADERS), 0, None, 3)
    lists = [(name, FILES[name].data) for name in sorted(FILES)]
    lists += [(path.name, path.read_bytes()) for path in sorted(given.glob("*.csv"))]
    return lists + [(f"grid {one!r}", grid_file(*one)) for one in grid]


def headless(file: bytes, chance: Random) -> bytes:
    return file[chance.randrange(len(file)) :]


def mixed(file: bytes, chance: Random) -> bytes:
    """One list behind another, or in the middle of it."""
    at = chance.choice((len(file), chance.randrange(len(file))))
    return file[:at] + chance.choice(corpus())[1] + file[at:]


def read_otherwise(file: bytes, chance: Random) -> bytes:
    """Saved by a program that took it for another encoding."""
    text = file.decode(chance.choice(("utf-8", "cp1251", "utf-16", "cp866")), "replace")
    return text.encode(chance.choice(("utf-8", "cp1251", "utf-16", "koi8-r")), "replace") or b"\0"


CHANGES = (
    cut, headless, flipped, flipped, flipped_at_the_head, padded, without_a_piece, doubled, mixed, read_otherwise,
)  # fmt: skip


def fates_of(count: int, seed: int, browser: Browser) -> Counter[str]:
    """What became of so many lists. Asserts on the way."""
    chance, fates, token = Random(seed), Counter[str](), browser.token()
    for number in range(count):
        name, file = chance.choice(corpus())
        change = chance.choice(CHANGES)
        told = f"{number} of seed {seed}: {name}, {change.__name__}"
        begun = monotonic()
        try:
            fates[fate_of(change(file, chance), f"client-{number:06}", chance, browser, token)] += 1
        except Exception as error:
            raise AssertionError(told) from error
        assert monotonic() - begun < SOON, told
    return fates


def fate_of(file: bytes, client_id: str, chance: Random, browser: Browser, token: str) -> str:
    form = {"csrf_token": token, "client_id": client_id, "file": (BytesIO(file), "list.csv")}
    answer = browser.open("/invitations/imports", method="POST", data=form, content_type="multipart/form-data")
    if answer.status_code == 422:
        assert 'class="field__error"' in answer.text
        return "refused"
    assert answer.status_code == 303, answer.status_code
    assert browser.open(answer.location).status_code == 200
    check_lines()
    if chance.random() < 0.2:
        take_otherwise(answer.location, chance, browser, token)
        check_lines()
    return "taken"


def take_otherwise(address: str, chance: Random, browser: Browser, token: str) -> None:
    """The sender says that something else stands in its columns."""
    [columns] = db.session.scalars(db.select(PatientImport.columns).order_by(PatientImport.id.desc()).limit(1))
    db.session.remove()
    chosen = {f"columns-{at}": chance.choice(KINDS) for at in range(len(columns or ()))}
    answer = browser.open(f"{address}/columns", method="POST", data=chosen | {"csrf_token": token})
    assert answer.status_code in (303, 422), answer.status_code
    assert browser.open(address).status_code == 200


def check_lines() -> None:
    """Of the newest list: whoever is invited is so once, by one way."""
    newest = db.select(PatientImport.id).order_by(PatientImport.id.desc()).limit(1).scalar_subquery()
    lines = db.session.scalars(db.select(ImportLine).where(ImportLine.import_id == newest)).all()
    contacts = [line.phone or line.email for line in lines if line.fault is None]
    assert len(contacts) == len(set(contacts))
    assert None not in contacts
    assert [line for line in lines if "\x00" in line.name + line.typed] == []
    db.session.remove()


def test_whatever_is_done_to_a_list_the_door_answers(as_doctor: Browser) -> None:
    fates = fates_of(SHORT, SEED, as_doctor)
    assert fates["taken"] > SHORT / 4  # or nothing was read


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("part", range(PARTS))
def test_ten_thousand_lists_are_answered(as_doctor: Browser, part: int) -> None:
    fates = fates_of(LONG // PARTS, SEED + 1 + part, as_doctor)
    print(dict(fates.most_common()))
    assert fates["taken"] > LONG / PARTS / 4
