"""Lists as people really export them: given ones, made ones, and a grid of encodings, delimiters and titles."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from long_tests import examples
from patient_list_files import BORN, DELIMITERS, ENCODINGS, FILES, HEADERS, IVAN, ONE, TWO, VERA, grid_file

from ibolit.normalization import decomposed
from ibolit.patient_lists import MOST_LINES, ColumnKind, Line, NotAList, lines_of, read, read_table

GIVEN = Path(__file__).parent / "lists"


def invited(lines: list[Line]) -> list[tuple[str, str]]:
    return [(line.name, line.phone or line.email or "") for line in lines if not line.fault]


def faults(lines: list[Line]) -> list[str]:
    return [line.fault for line in lines if line.fault]


@pytest.mark.parametrize("name", FILES)
def test_list_invites_whom_it_means(name: str) -> None:
    file = FILES[name]
    lines = read(file.data)
    assert invited(lines) == list(file.invited)
    assert faults(lines) == list(file.faults)
    if file.birth_dates:
        assert [line.birth_date for line in lines if not line.fault] == list(file.birth_dates)


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("delimiter", DELIMITERS)
@pytest.mark.parametrize("header", HEADERS)
def test_grid_is_read_alike(encoding: str, delimiter: str, header: str) -> None:
    lines = read(grid_file(encoding, delimiter, header))
    assert invited(lines) == [(VERA, ONE), (IVAN, TWO)]
    assert [line.birth_date for line in lines] == [BORN, date(1975, 11, 3)]


@pytest.mark.parametrize(
    ("name", "people"),
    [
        ("C02-mis-card-and-policy", [(VERA, "+79165550201"), (IVAN, "+79165550202")]),
        ("C04-no-header-birthday", [(VERA, "+79165550401"), (IVAN, "+79165550402")]),
        ("C05-report-title", [(VERA, "+79165550501"), (IVAN, "+79165550502")]),
        ("C06a-dos-cp866", [("Тестова Вера", "+79165550601"), ("Юрьев Пётр", "+79165550602")]),
        ("C06b-excel-for-mac", [("Тестова Вера", "+79165550701"), ("Юрьев Пётр", "+79165550702")]),
        ("C06c-koi8", [("Тестова Вера", "+79165550801"), ("Юрьев Пётр", "+79165550802")]),
        ("C07-doctor-column", [(VERA, "+79165550901")]),
        ("C12-cyrillic-mail", [("Домен Кириллицей", "anna@клиника.рф")]),
    ],
)
def test_given_list(name: str, people: list[tuple[str, str]]) -> None:
    assert invited(read((GIVEN / f"{name}.csv").read_bytes())) == people


def test_numbers_of_excel() -> None:
    """What it has shortened is lost, and said; the rest means one number."""
    lines = read((GIVEN / "C08-numbers-of-excel.csv").read_bytes())
    assert [line.phone for line in lines] == [None, *(f"+7916555100{number}" for number in range(2, 6))]
    assert faults(lines) == ["shortened"]


def test_first_mobile_of_a_cell() -> None:
    lines = read((GIVEN / "C09-two-numbers-in-a-cell.csv").read_bytes())
    assert [line.phone for line in lines] == ["+79165551101", "+79165551103", "+79165551105", "+79165551106"]


@pytest.mark.parametrize(
    "again",
    ["Семенов-Тян Олег", "СЕМЁНОВ ТЯН, Олег", "Семё\u00adнов\u2011Тян  Олег", decomposed("Семёнов-Тян Олег")],
)
def test_person_of_two_phones_is_one_however_the_name_is_written(again: str) -> None:
    """As in who is known already: the same word from any program."""
    rows = f"Имя;Телефон\nСемёнов-Тян Олег;8 916 555-01-01\n{again};8 916 555-01-02, 8 916 555-01-01\n"
    lines = read((rows + "Семёнова Вера;8 916 555-01-03, 8 916 555-01-01\n").encode())
    assert [line.fault for line in lines] == ["", "doubled", ""]


def test_all_given_lists_are_tried() -> None:
    tried = {"C08-numbers-of-excel", "C09-two-numbers-in-a-cell"} | {
        mark.args[1][at][0]
        for mark in test_given_list.pytestmark  # type: ignore[attr-defined]
        for at in range(len(mark.args[1]))
    }
    assert tried == {path.stem for path in GIVEN.glob("*.csv")}


def test_sender_corrects_the_columns() -> None:
    found = read_table("Кто;Что;Где\nЦентр;Вера;+79165550101\n".encode())
    other, name, phone = ColumnKind.OTHER, ColumnKind.NAME, ColumnKind.PHONE
    assert invited(lines_of(found.taken_as([other, name, phone]), bool)) == [("Вера", ONE)]
    assert faults(lines_of(found.taken_as([phone]), bool)) == ["bad_phone"]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"%PDF-1.4\n", "PDF"),
        (b"{\\rtf1\\ansi", "Word"),
        ("<html><table><tr><td>Телефон".encode("cp1251"), "веб-страница"),
        (b'<?xml version="1.0"?><Workbook/>', "веб-страница"),
        (";".join(f"+7916555{at:04}" for at in range(3)).encode("cp1251") + b";\xcf\xcf", "кодировке"),
    ],
)
def test_what_is_no_list_is_told_in_words(data: bytes, words: str) -> None:
    with pytest.raises(NotAList, match=words):
        read(data)


@settings(max_examples=examples(300), deadline=timedelta(seconds=5))
@given(st.sampled_from(sorted(FILES)), st.integers(), st.sampled_from(["cut", "flip", "pad", "double", "mix"]))
def test_broken_list_is_read_or_refused(name: str, seed: int, way: str) -> None:
    """Never an error of ours, nobody twice, and no sign that no database keeps."""
    rng, data = Random(seed), FILES[name].data
    if way == "cut":
        data = data[rng.randrange(len(data)) :] if rng.random() < 0.5 else data[: rng.randrange(len(data))]
    elif way == "flip":
        flipped = bytearray(data)
        for _ in range(rng.randrange(1, 20)):
            flipped[rng.randrange(len(data))] = rng.randrange(256)
        data = bytes(flipped)
    elif way == "pad":
        at = rng.randrange(len(data))
        data = data[:at] + rng.randbytes(rng.randrange(1, 200)) + data[at:]
    elif way == "double":
        data += data
    else:
        data += FILES[rng.choice(sorted(FILES))].data
    try:
        lines = read(data)
    except NotAList:
        return
    contacts = [line.phone or line.email for line in lines if not line.fault]
    assert len(contacts) == len(set(contacts))
    for line in lines:
        assert bool(line.fault) != bool(line.phone or line.email)
        assert "\x00" not in line.name + line.typed


@pytest.mark.parametrize(
    "data",
    [
        b"\n" * 1_000_000,
        b";" * 1_000_000,
        (";".join(["89160000001"] * 299) + "\n").encode() * 300,
        b"BEGIN:VCARD\nFN:a\n" + b" a\n" * 300_000 + b"END:VCARD\n",
        b'"' * 1_000_000,
    ],
    ids=["empty lines", "empty cells", "phones everywhere", "one endless card", "quotes"],
)
@pytest.mark.timeout(20)
def test_hostile_list_ends_soon(data: bytes) -> None:
    try:
        assert len(read(data)) <= MOST_LINES
    except NotAList as refusal:
        assert str(refusal)  # noqa: PT017
