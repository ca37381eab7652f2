"""Who sees which row of a patient's facts, crossed out by whom; and what an intake form makes of its lines."""

from __future__ import annotations

from itertools import product

import pytest
from factories import make_chat, make_doctor
from flask import Flask

from ibolit import errors
from ibolit.extensions import db
from ibolit.models import Doctor, FactKind, FactList, PatientFact, User
from ibolit.models.people import lines_of

ALLERGY, MEDICINE, ILLNESS = FactKind

People = dict[str, User]


@pytest.fixture
def people(clinic: Flask, patient: User, doctor: Doctor) -> People:
    colleague = make_doctor("Орлов Дмитрий Викторович")
    for one in (doctor, colleague):
        make_chat(patient, one)
    return {"patient": patient, "doctor": doctor.user, "colleague": colleague.user}


def add(people: People, author: str, text: str = "Пенициллин", kind: FactKind = ALLERGY) -> PatientFact:
    return PatientFact.add(people["patient"].subject_key, people[author], kind, text)


def seen(people: People, reader: str, kind: FactKind = ALLERGY) -> tuple[list[str], list[str]]:
    """What stands there, and what stands there crossed out."""
    facts = PatientFact.seen_by(people[reader], people["patient"].subject_key)
    listed = FactList.of(people["patient"].subject_key, kind, people[reader], facts)
    return [one.text for one in listed.live], [one.text for one in listed.struck]


# author, shared, reader: does the reader see it?
SEEN = [
    ("patient", None, "patient", True), ("patient", None, "doctor", True), ("patient", None, "colleague", True),
    ("doctor", None, "patient", True), ("doctor", None, "doctor", True), ("doctor", None, "colleague", False),
    ("doctor", True, "patient", True), ("doctor", True, "doctor", True), ("doctor", True, "colleague", True),
    ("doctor", False, "patient", True), ("doctor", False, "doctor", True), ("doctor", False, "colleague", False),
    ("colleague", None, "doctor", False), ("colleague", True, "doctor", True),
]  # fmt: skip


@pytest.mark.parametrize(("author", "shared", "reader", "sees"), SEEN)
def test_who_sees_a_row(people: People, author: str, shared: bool | None, reader: str, sees: bool) -> None:
    fact = add(people, author)
    if shared is not None:
        fact.answer(is_shared=shared)
    assert seen(people, reader) == ((["Пенициллин"] if sees else []), [])
    assert (PatientFact.find_for(people[reader], fact.id) is not None) is sees
    assert fact.is_seen_by(people[reader]) is sees


# author, shared, who takes it off, reader: how it stands there
STRUCK = [
    *(("patient", None, "patient", reader, "off") for reader in ("patient", "doctor", "colleague")),
    ("patient", None, "doctor", "patient", "off"), ("patient", None, "doctor", "doctor", "off"),
    ("patient", None, "doctor", "colleague", "on"),  # a colleague goes on reading of the allergy
    ("doctor", None, "doctor", "patient", "off"), ("doctor", None, "doctor", "doctor", "off"),
    ("doctor", None, "doctor", "colleague", "none"),
    *(("doctor", True, "doctor", reader, "off") for reader in ("patient", "doctor", "colleague")),
    *(("doctor", True, "patient", reader, "off") for reader in ("patient", "doctor", "colleague")),
    ("doctor", True, "colleague", "colleague", "off"), ("doctor", True, "colleague", "patient", "off"),
    ("doctor", True, "colleague", "doctor", "on"),
]  # fmt: skip


@pytest.mark.parametrize(("author", "shared", "by", "reader", "stands"), STRUCK)
def test_who_sees_that_it_is_crossed_out(
    people: People, author: str, shared: bool | None, by: str, reader: str, stands: str
) -> None:
    fact = add(people, author)
    if shared:
        fact.answer(is_shared=True)
    fact.strike(people[by])
    fact.strike(people[by])  # twice is once
    wanted = {"on": (["Пенициллин"], []), "off": ([], ["Пенициллин"]), "none": ([], [])}
    assert seen(people, reader) == wanted[stands]


def test_what_was_taken_off_comes_back_by_the_same_hand_only(people: People) -> None:
    fact = add(people, "patient")
    fact.strike(people["patient"])
    with pytest.raises(errors.FactHasChanged):
        fact.restore(people["doctor"])
    fact.restore(people["patient"])
    fact.restore(people["patient"])
    assert seen(people, "doctor") == (["Пенициллин"], [])
    fact.strike(people["patient"])  # and may be taken off anew
    assert seen(people, "doctor") == ([], ["Пенициллин"])


def test_other_words_are_a_row_of_their_own_and_the_old_stays(people: People) -> None:
    fact = add(people, "patient")
    after = fact.reword(people["patient"], "Пенициллины, все")
    assert seen(people, "colleague") == (["Пенициллины, все"], ["Пенициллин"])
    assert (fact.newest.id, after.newest.id) == (after.id, after.id)
    with pytest.raises(errors.FactHasChanged):
        fact.reword(people["patient"], "Ампициллин")  # from an old page
    with pytest.raises(errors.FactHasChanged):
        after.reword(people["doctor"], "Ампициллин")  # another's words are never changed
    assert after.reword(people["patient"], "Пенициллины, все") is after


def test_new_words_of_a_shared_row_wait_for_the_patients_yes(people: People) -> None:
    """Until then colleagues go on reading the old ones, and no crossed-out row without what replaces it."""
    fact = add(people, "doctor")
    fact.answer(is_shared=True)
    after = fact.reword(people["doctor"], "Пенициллин: отёк Квинке")
    assert seen(people, "colleague") == (["Пенициллин"], [])
    assert seen(people, "doctor") == (["Пенициллин: отёк Квинке"], ["Пенициллин"])
    after.answer(is_shared=True)
    db.session.expire_all()
    assert seen(people, "colleague") == (["Пенициллин: отёк Квинке"], ["Пенициллин"])


def test_patient_is_asked_of_an_allergy_once(people: People) -> None:
    def asked() -> list[str]:
        db.session.expire_all()
        return [one.text for one in PatientFact.unanswered_of(people["patient"].subject_key)]

    add(people, "doctor", "Гипертония", ILLNESS)
    add(people, "patient", "Пыль")
    assert asked() == []
    first, second = add(people, "doctor", "Йод"), add(people, "colleague", "Латекс")
    assert asked() == ["Йод", "Латекс"]
    first.answer(is_shared=False)
    second.strike(people["colleague"])
    assert asked() == []
    assert [one.text for one in PatientFact.known_to_all(people["patient"].subject_key, ALLERGY)] == ["Пыль"]


def test_the_same_said_twice_is_one_row_and_a_secret_stays_one(people: People) -> None:
    assert add(people, "patient") is add(people, "patient", "пенициллин ")
    secret = add(people, "doctor", "Йод")
    said = add(people, "patient", "Йод")  # the patient's own word shows nobody the doctor's
    assert said.id != secret.id
    assert seen(people, "colleague") == (["Пенициллин", "Йод"], [])


def test_there_is_an_end(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PatientFact, "MOST", 2)
    for text in ("Пыль", "Йод", "Йод"):
        add(people, "patient", text)
    with pytest.raises(errors.TooManyFacts):
        add(people, "patient", "Кошки")
    add(people, "doctor", "Кошки")


# What an intake form makes of it


@pytest.mark.parametrize(
    ("kind", "answer", "facts"),
    [
        (ALLERGY, "пенициллин, орехи;пыль\n\n- кошки.", ["пенициллин", "орехи", "пыль", "кошки"]),
        (MEDICINE, "Лозартан 50 мг, утром и вечером\nВитамин D", ["Лозартан 50 мг, утром и вечером", "Витамин D"]),
        (ILLNESS, "гипертония,  диабет 2 типа", ["гипертония", "диабет 2 типа"]),
        (ALLERGY, "На нет суда нет", ["На нет суда нет"]),
        (ALLERGY, "Нет реакции на йод, но есть на лидокаин", ["Нет реакции на йод", "но есть на лидокаин"]),
        (MEDICINE, "…\n***\n", []),
        *(
            (kind, answer, [])
            for kind, answer in product(
                FactKind,
                ("", "нет", "Нет.", "НЕТУ", "не принимаю", "-", "Никаких", "ничего", "не знаю", "Нет лекарств",
                 "не пью никаких лекарств", "нет аллергии", "Хронических болезней нет"),
            )
        ),
    ],
)  # fmt: skip
def test_lines_of_an_answer(kind: FactKind, answer: str, facts: list[str]) -> None:
    assert lines_of(kind, answer) == facts


def test_form_adds_what_is_new_and_crosses_out_what_was_taken_out(people: People) -> None:
    patient = people["patient"]
    for text in ("Пыль", "Орехи"):
        add(people, "patient", text)
    add(people, "doctor", "Йод")  # not shown to others, so no form has it
    PatientFact.confirm(patient.subject_key, patient, ALLERGY, "Пыль\nОрехи", "орехи\nКошки")
    db.session.expire_all()
    assert seen(people, "colleague") == (["Орехи", "Кошки"], ["Пыль"])
    PatientFact.confirm(patient.subject_key, patient, ALLERGY, "орехи\nКошки", "орехи\nКошки")  # sent twice
    assert seen(people, "doctor") == (["Орехи", "Йод", "Кошки"], ["Пыль"])
