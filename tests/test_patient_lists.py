"""Lists of patients as clinics keep them: encodings, delimiters, headers, and what is wrong in which line."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from long_tests import examples

from ibolit.patient_lists import MOST_LINES, Line, NotAList, contact_of, read

ANNA, PYOTR = "+79160000001", "+79160000002"
HEAD = "Телефон;Имя\n"


def told(lines: list[Line]) -> list[tuple[int, str, str | None]]:
    return [(line.number, line.name, line.phone or line.email) for line in lines]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1251", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("head", ["", "Телефон;Имя"])
def test_every_habit_is_read_alike(encoding: str, delimiter: str, end: str, head: str) -> None:
    rows = [head] if head else []
    rows += ["8 (916) 000-00-01;Соколова Анна", "petr@Example.ORG;Григорьев Пётр"]
    first = 2 if head else 1
    data = (end.join(rows).replace(";", delimiter) + end).encode(encoding)
    assert told(read(data)) == [(first, "Соколова Анна", ANNA), (first + 1, "Григорьев Пётр", "petr@example.org")]


@pytest.mark.parametrize(
    "text",
    [
        "Фамилия;Имя;Отчество;Моб. тел.;E-mail\nСоколова;Анна;Павловна;89160000001;anna@example.org",
        "Фамилия,Имя,Отчество,phone\nСоколова,Анна,Павловна,+7 916 000 00 01",
        "Соколова Анна Павловна;79160000001",
        "79160000001;Соколова;Анна;Павловна",
        "№;ФИО пациента;Контактный номер телефона\n1;Соколова Анна Павловна;9160000001",
        'sep=;\nИмя;Телефон\n"Соколова Анна\nПавловна";"8 916 000-00-01"',
        "\n\n;;\nТелефон;Имя\n\n8-916-000-00-01;Соколова  Анна   Павловна\n\n",
    ],
)
def test_columns_are_found(text: str) -> None:
    [line] = read(text.encode())
    assert (line.name, line.phone, line.email, line.fault) == ("Соколова Анна Павловна", ANNA, None, "")


def test_phone_that_gets_no_sms_gives_way_to_mail() -> None:
    text = "Телефон;Почта;Имя\n+375291234567;anna@example.org;Анна\n+375291234568;;Пётр\n+375291234569;anna@;Ким"
    lines = read(text.encode(), lambda phone: phone.startswith("+7"))
    assert [(line.phone, line.email, line.fault) for line in lines] == [
        (None, "anna@example.org", ""),
        (None, None, "abroad"),
        (None, None, "abroad"),
    ]


def test_quotes_hold_delimiters_and_lines() -> None:
    text = 'Телефон,Имя\n89160000001,"Соколова, Анна"\n89160000002,"Григорьев\nПётр"\n89160000003,Ким'
    assert [(line.number, line.name) for line in read(text.encode())] == [
        (2, "Соколова, Анна"),
        (3, "Григорьев Пётр"),
        (5, "Ким"),
    ]


@pytest.mark.parametrize(
    ("cells", "fault"),
    [
        (";Анна", "no_contact"),
        ("8 916;Анна", "bad_phone"),
        ("7,9161E+10;Анна", "shortened"),
        ("позвонить;Анна", "bad_phone"),
        ("8 495 555-11-02;Анна", "landline"),
        ("8 800 555-11-02;Анна", "landline"),
        ("анна@почта.рф;Анна", "not_ascii"),
        ("anna@;Анна", "bad_email"),
        ("@;Анна", "bad_email"),
        ("a b@example.org;Анна", "bad_email"),
        (f"{'a' * 300}@example.org;Анна", "bad_email"),
        (f"89160000001;{'А' * 121}", "long_name"),
    ],
)
def test_what_is_wrong_is_said(cells: str, fault: str) -> None:
    [line] = read((HEAD + cells).encode())
    assert (line.number, line.fault, line.phone, line.email) == (2, fault, None, None)
    assert len(line.typed) <= 200


def test_second_of_the_same_is_a_double() -> None:
    lines = read((HEAD + "89160000001;Анна\n+7 916 000-00-01;Аня\nA@example.org;А\na@EXAMPLE.org;Б").encode())
    assert [line.fault for line in lines] == ["", "doubled", "", "doubled"]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "ни одной строки"),
        (b"\n\n;;;\n", "ни одной строки"),
        (HEAD.encode(), "только заголовок"),
        (b"PK\x03\x04\x14\x00", "книга Excel"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "книга Excel"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "CSV"),
        (b"\xff\xfe\x00", "CSV"),
        (b"8916000" + b"\x00" * 10, "CSV"),
        (b'"' + b"x" * 200_000 + b'"', "не читается"),
        ((HEAD + "89160000001;A\n" * (MOST_LINES + 1)).encode(), "больше 10"),
    ],
)
def test_no_list_is_explained(data: bytes, words: str) -> None:
    with pytest.raises(NotAList, match=words):
        read(data)


def test_ten_thousand_lines_are_taken() -> None:
    text = HEAD + "".join(f"+7916{number:07};Пациент {number}\n" for number in range(MOST_LINES))
    lines = read(text.encode("cp1251"))
    assert len(lines) == MOST_LINES
    assert {line.fault for line in lines} == {""}
    assert lines[-1].number == MOST_LINES + 1


@settings(max_examples=examples(200))
@given(st.binary(max_size=300))
def test_any_bytes_are_a_list_or_refused(data: bytes) -> None:
    try:
        lines = read(data)
    except NotAList:
        return
    for line in lines:
        assert bool(line.fault) != bool(line.phone or line.email)
        assert "\x00" not in line.name + line.typed


@settings(max_examples=examples(200))
@given(st.text(max_size=60))
def test_any_contact_is_read_or_refused(typed: str) -> None:
    said = ""
    try:
        phone, email = contact_of(typed)
        assert bool(phone) != bool(email)
    except ValueError as error:
        said = str(error)
    assert said in ("", "no_contact", "bad_phone", "landline", "bad_email", "not_ascii")
