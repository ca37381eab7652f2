"""For whom somebody writes: who may be, how often, until when, and a chat each."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from factories import later, make_chat, make_child, make_doctor, make_user, propose, say

from ibolit import errors
from ibolit.extensions import db
from ibolit.models import (
    Chat,
    Consent,
    Consultation,
    Dependant,
    DependantEnding,
    DependantKind,
    DependantTerms,
    Doctor,
    DocumentKind,
    FactKind,
    PatientFact,
    Relation,
    Sex,
    User,
)
from ibolit.models.family import permission
from ibolit.models.people import birth_dates
from ibolit.services import clock

BORN = date(2023, 4, 12)
VANYA = DependantTerms("Ваня Соколов", BORN, Relation.MOTHER, Sex.MALE)


def add(user: User, terms: DependantTerms = VANYA) -> Dependant:
    one = Dependant.add(user, terms, "192.0.2.7")
    db.session.commit()
    return one


# Who may be


def test_child_is_added_with_the_parents_declaration(patient: User) -> None:
    vanya = add(patient)
    assert (vanya.name, vanya.birth_date, vanya.kind, vanya.ending) == (VANYA.name, BORN, DependantKind.CHILD, None)
    assert vanya.may_be_written_for
    declared = db.session.scalars(db.select(Consent).where(Consent.dependant_id == vanya.id)).one()
    assert (declared.user_id, declared.document) == (patient.id, DocumentKind.REPRESENTATION)
    assert declared.address == "192.0.2.7"
    assert vanya.declared_at is not None
    assert Consent.is_given_by(make_user())  # nobody is asked for it at the gate


def test_pressed_twice_is_one_child(patient: User) -> None:
    assert add(patient).id == add(patient, DependantTerms("ваня соколов", BORN, Relation.MOTHER)).id
    assert len(Dependant.of(patient)) == 1
    assert len(db.session.scalars(db.select(Consent).where(Consent.dependant_id.is_not(None))).all()) == 1


def test_same_name_and_birth_date_bring_back_who_was_taken_off(patient: User, doctor: Doctor) -> None:
    vanya = add(patient)
    chat = make_chat(patient, doctor, vanya)
    vanya.archive()
    db.session.commit()
    assert Dependant.of(patient) == []
    assert Dependant.find_for(patient, vanya.id) is None
    assert not vanya.may_be_written_for
    assert add(patient).id == vanya.id
    assert vanya.may_be_written_for
    assert Chat.begin(patient, doctor, vanya) == chat.id


def test_who_withdrew_the_permission_comes_back_without_it(patient: User) -> None:
    """They are asked for it anew."""
    terms = DependantTerms("Пётр", date(1950, 1, 1), Relation.SON, kind=DependantKind.ADULT)
    pyotr = add(patient, terms)
    pyotr.permitted_at = clock.now()
    permission.end(pyotr)
    db.session.commit()
    assert add(patient, terms).id == pyotr.id
    assert not pyotr.may_be_written_for


@pytest.mark.parametrize("ending", [DependantEnding.CAME_OF_AGE, DependantEnding.DIED, DependantEnding.ENDED_BY_OFFICE])
def test_who_was_ended_by_others_does_not_come_back(patient: User, ending: DependantEnding) -> None:
    add(patient).archive(ending)
    db.session.commit()
    with pytest.raises(errors.DependantHasEnded):
        add(patient)


def test_six_at_most_and_those_taken_off_do_not_count(patient: User) -> None:
    children = [make_child(patient, f"Ребёнок {letter}") for letter in "абвгде"]
    with pytest.raises(errors.TooManyDependants):
        make_child(patient, "Седьмой")
    db.session.rollback()
    children[0].archive()
    db.session.commit()
    make_child(patient, "Седьмой")
    with pytest.raises(errors.TooManyDependants):  # nor may a seventh come back
        Dependant.add(patient, DependantTerms("Ребёнок а", children[0].birth_date, Relation.MOTHER), "")


@pytest.mark.parametrize(
    ("terms", "refusal"),
    [
        (DependantTerms("Ваня", date(1899, 12, 31), Relation.MOTHER), errors.BornTooEarly),
        (DependantTerms("Ваня", date(2100, 1, 1), Relation.MOTHER), errors.NotBornYet),
        (DependantTerms("Ваня", date(1990, 1, 1), Relation.MOTHER), errors.DependantIsOfAge),
        (DependantTerms("Пётр", BORN, Relation.SON, kind=DependantKind.ADULT), errors.DependantIsAChild),
    ],
)
def test_birth_dates_that_cannot_be(patient: User, terms: DependantTerms, refusal: type[Exception]) -> None:
    with pytest.raises(refusal):
        Dependant.add(patient, terms, "")
    vanya = make_child(patient)
    if terms.kind is DependantKind.CHILD:
        with pytest.raises(refusal):
            vanya.change(terms)


def test_two_of_one_user_are_never_the_same(patient: User) -> None:
    vanya, kolya = add(patient), add(patient, DependantTerms("Коля Соколов", BORN, Relation.MOTHER))
    with pytest.raises(errors.DependantExists):
        kolya.change(VANYA)
    vanya.change(VANYA)  # as they are


def test_two_parents_have_two_that_know_nothing_of_each_other(patient: User, stranger: User) -> None:
    one, other = add(patient), add(stranger)
    assert one.id != other.id
    assert Dependant.find_for(stranger, one.id) is None
    assert Dependant.of(stranger) == [other]


def test_adult_is_written_for_only_once_they_have_permitted_it(patient: User) -> None:
    pyotr = add(patient, DependantTerms("Пётр", date(1950, 1, 1), Relation.SON, kind=DependantKind.ADULT))
    assert not pyotr.may_be_written_for
    pyotr.permitted_at = clock.now()
    assert pyotr.may_be_written_for
    assert db.session.scalars(db.select(Consent).where(Consent.dependant_id == pyotr.id)).all() == []


# Until when


@pytest.mark.parametrize(
    ("born", "midnight"),
    [
        (date(2010, 5, 17), datetime(2028, 5, 16, 21, tzinfo=UTC)),  # 00:00 in Moscow
        (date(2008, 2, 29), datetime(2026, 2, 28, 21, tzinfo=UTC)),  # 1 March: there is no 29th
    ],
)
@pytest.mark.usefixtures("clinic")
def test_coming_of_age_is_a_midnight_of_the_clinic(born: date, midnight: datetime) -> None:
    assert birth_dates.comes_of_age_at(born) == midnight


@pytest.mark.parametrize(
    ("born", "day", "months"),
    [
        (date(2026, 3, 31), date(2026, 4, 30), 0),
        (date(2026, 3, 31), date(2026, 5, 1), 1),
        (date(2026, 1, 15), date(2026, 9, 14), 7),
        (date(2026, 1, 15), date(2026, 9, 15), 8),
        (date(2025, 12, 31), date(2026, 12, 31), 12),
    ],
)
def test_age_of_an_infant_is_told_in_months(born: date, day: date, months: int) -> None:
    assert birth_dates.months_of(born, day) == months


def test_parents_place_in_the_childs_chat_ends_with_its_18th_birthday(patient: User, doctor: Doctor) -> None:
    vanya = add(patient, DependantTerms("Ваня", date(2009, 6, 1), Relation.MOTHER))
    chat = make_chat(patient, doctor, vanya)
    assert chat.member(patient.id).until == vanya.comes_of_age_at
    assert chat.member(doctor.user_id).until is None
    assert make_chat(patient, doctor).member(patient.id).until is None


def test_another_birth_date_moves_the_end(patient: User, doctor: Doctor) -> None:
    vanya = add(patient, DependantTerms("Ваня", date(2009, 6, 1), Relation.MOTHER))
    chat, other = make_chat(patient, doctor, vanya), make_chat(patient, make_doctor("Лебедев Михаил"), vanya)
    vanya.change(DependantTerms("Ваня", date(2010, 6, 1), Relation.MOTHER))
    db.session.commit()
    db.session.expire_all()
    for one in (chat, other):
        assert one.member(patient.id).until == birth_dates.comes_of_age_at(date(2010, 6, 1))


def test_who_may_read_no_more_gets_nothing_back_by_another_birth_date(patient: User, doctor: Doctor) -> None:
    vanya = make_child(patient)
    chat = make_chat(patient, doctor, vanya)
    ended = chat.member(patient.id).until = clock.now() - timedelta(hours=1)
    db.session.commit()
    vanya.change(DependantTerms("Ваня", date(2012, 6, 1), Relation.MOTHER))
    db.session.commit()
    db.session.expire_all()
    assert chat.member(patient.id).until == ended


# A chat each


def test_each_has_a_chat_with_its_own_free_days(patient: User, doctor: Doctor) -> None:
    vanya, kolya = add(patient), make_child(patient, "Коля")
    chats = [make_chat(patient, doctor, whose) for whose in (None, vanya, kolya)]
    assert len({one.id for one in chats}) == 3
    assert [Chat.between(patient, doctor, whose) for whose in (None, vanya, kolya)] == chats
    say(chats[1], patient, "У Вани сыпь")
    chats[1].post(patient, "Со вчера", "vanya-0000001")
    db.session.commit()
    assert chats[1].open_until is not None
    assert (chats[0].open_until, chats[2].open_until) == (None, None)
    assert [one.subject.name for one in chats] == [patient.name, "Ваня Соколов", "Коля"]
    assert [one.writer_words for one in chats] == ["", *[f"пишет мама, {patient.name}"] * 2]


def test_nobody_begins_one_for_anothers_child_or_for_who_was_taken_off(
    patient: User, stranger: User, doctor: Doctor
) -> None:
    vanya = add(patient)
    with pytest.raises(errors.MayNotWriteFor):
        Chat.begin(stranger, doctor, vanya)
    vanya.archive()
    with pytest.raises(errors.MayNotWriteFor):
        Chat.begin(patient, doctor, vanya)


def test_in_the_chat_of_who_was_taken_off_the_doctor_alone_writes(patient: User, doctor: Doctor) -> None:
    vanya = add(patient)
    chat = make_chat(patient, doctor, vanya, days_left=5)
    vanya.archive()
    db.session.commit()
    with pytest.raises(errors.MayNotWriteFor):
        chat.post(patient, "Ещё вопрос", "vanya-0000001")
    assert chat.post(doctor.user, "Приходите на приём", "vanya-0000002").seq == 1
    assert not chat.can_be_prolonged(doctor.tariffs)


def test_former_chat_stands_beside_the_living_one_and_is_only_read(patient: User, doctor: Doctor) -> None:
    former = make_chat(patient, doctor, days_left=5)
    former.former_since = clock.now()
    db.session.commit()
    living = make_chat(patient, doctor)
    assert living.id != former.id
    assert Chat.between(patient, doctor) == living
    for author in (patient, doctor.user):
        with pytest.raises(errors.ChatIsFormer):
            former.post(author, "Сюда", f"former-{author.id:06}")


def test_facts_are_of_one_person(patient: User, doctor: Doctor) -> None:
    vanya = add(patient)
    for whose, text in ((patient, "Орехи"), (vanya, "Клубника")):
        PatientFact.add(whose.subject_key, patient, FactKind.ALLERGY, text)
    db.session.commit()
    for whose, text in ((patient, "Орехи"), (vanya, "Клубника")):
        assert [one.text for one in PatientFact.seen_by(doctor.user, whose.subject_key)] == [text]
        assert [one.text for one in PatientFact.known_to_all(whose.subject_key, FactKind.ALLERGY)] == [text]
        assert [one.text for one in whose.facts] == [text]


# Who may look


def test_whose_place_has_ended_finds_nothing(patient: User, doctor: Doctor) -> None:
    chat = make_chat(patient, doctor, make_child(patient), days_left=5)
    message = say(chat, doctor.user, "Фарингит")
    consultation = propose(chat)
    assert Chat.find_for(patient, chat.id) is not None
    assert Consultation.find_for(patient, consultation.id) is not None
    assert Chat.search_messages(patient, "фарингит") == [message]
    chat.member(patient.id).until = clock.now()
    db.session.commit()
    later(seconds=1)
    db.session.expire_all()
    assert Chat.find_for(patient, chat.id) is None
    assert Chat.locked_for(patient, chat.id) is None
    assert Chat.inbox_of(patient) == []
    assert Chat.search_messages(patient, "фарингит") == []
    assert Chat.search_people(patient, "Иванова") == []
    assert db.session.scalars(Chat.visible_to(patient)).all() == []
    assert db.session.scalars(Chat.files_visible_to(patient)).all() == []
    assert Consultation.find_for(patient, consultation.id) is None
    assert Consultation.locked_for(patient, consultation.id) is None
    assert db.session.scalars(db.select(Consultation).where(Consultation.is_of(patient))).all() == []
    assert Chat.find_for(doctor.user, chat.id) is not None


def test_doctor_finds_a_child_by_its_own_name_and_its_parents(patient: User, doctor: Doctor) -> None:
    own, childs = make_chat(patient, doctor), make_chat(patient, doctor, make_child(patient, "Тимофей Ясный"))
    for chat in (own, childs):
        say(chat, patient)
    family_name = patient.name.split()[-1]

    def found(words: str) -> set[int]:
        listed = db.session.scalars(Chat.patients_of(doctor, words)).all()
        assert {one.id for one in listed} == {one.id for one in Chat.search_people(doctor.user, words)}
        return {one.id for one in listed}

    assert found("тимоф") == {childs.id}
    assert found(family_name) == {own.id, childs.id}


def test_another_users_child_is_nobodys(doctor: Doctor) -> None:
    one, other = make_user("Анна Белова"), make_user("Олег Белов")
    first, second = make_child(one, "Ваня Белов"), make_child(other, "Ваня Белов")
    assert make_chat(one, doctor, first).id != make_chat(other, doctor, second).id
