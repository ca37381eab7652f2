"""What patients say for a specialty: the program's list, the clinic's own, and what cannot be read."""

from __future__ import annotations

from pathlib import Path

import pytest
from factories import make_doctor
from flask import Flask

from ibolit import errors
from ibolit.extensions import db
from ibolit.models import Doctor, SpecialtyWords
from ibolit.models.doctors.specialty_words import LONGEST_WORDS, read, telling_words

pytestmark = pytest.mark.usefixtures("clinic")


def names(words: str) -> list[str]:
    return [doctor.user.name for doctor in Doctor.search(words, "", 50)[0]]


def test_programs_list_is_readable_and_holds_at_first() -> None:
    lines = SpecialtyWords.lines()
    assert len(lines) > 30
    assert "сердце" in lines["Кардиолог"]


def test_clinics_list_replaces_it_and_an_empty_one_brings_it_back() -> None:
    make_doctor("Ёлкина Мария", specialty="Кардиолог")
    assert names("мотор") == []
    assert SpecialtyWords.replace("\n# наши\nКардиолог: мотор, ритм\n") == 1
    db.session.commit()
    assert names("мотор") == names("ритмы") == ["Ёлкина Мария"]
    assert names("одышка") == []
    assert SpecialtyWords.replace("") == 0
    db.session.commit()
    assert names("одышка") == ["Ёлкина Мария"]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("Кардиолог", 1),
        ("Кардиолог:", 1),
        (": сердце", 1),
        ("Кардиолог: сердце\n\nКардиолог: ритм", 3),
        ("К" * 81 + ": сердце", 1),
        ("Кардиолог: " + "с" * (LONGEST_WORDS + 1), 1),
        ("…: …", 1),
    ],
)
def test_line_that_cannot_be_read_is_named_and_nothing_changes(text: str, number: int) -> None:
    with pytest.raises(errors.ListIsUnreadable, match=f"Строка {number}:"):
        SpecialtyWords.replace(text)
    assert "Кардиолог" in SpecialtyWords.lines()


def test_words_that_tell_nothing_are_passed_over() -> None:
    assert telling_words("У меня болит сердце") == ["сердце"]
    assert telling_words("болит") == ["болит"]


def test_list_is_printed_as_it_is_read_and_loaded_from_a_file(clinic: Flask, tmp_path: Path) -> None:
    runner = clinic.test_cli_runner()
    printed = runner.invoke(args=["show-specialty-words"]).output
    assert read(printed) == SpecialtyWords.lines()
    (tmp_path / "own.txt").write_text("Кардиолог: мотор\n")
    assert "words: 1" in runner.invoke(args=["load-specialty-words", str(tmp_path / "own.txt")]).output
    assert SpecialtyWords.lines() == {"Кардиолог": "мотор"}
    (tmp_path / "own.txt").write_bytes(b"\xff\xfe")
    refused = runner.invoke(args=["load-specialty-words", str(tmp_path / "own.txt")])
    assert (refused.exit_code, "UTF-8" in refused.output) == (1, True)
