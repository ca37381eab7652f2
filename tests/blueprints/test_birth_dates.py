"""Birth dates: asked about once where a list has one, typed in the profile, gone with who never came."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from browser import Browser
from factories import later, make_chat, make_doctor, make_user
from flask import Flask
from guests import BOTH, EMAIL, NEW, PHONE, code_of

from ibolit.extensions import db
from ibolit.jobs.sweep import purge_rows
from ibolit.models import Chat, Doctor, ImportLine, Invitation, InvitationState, PatientImport, Role, User
from ibolit.services import Services, clock

BORN = date(1957, 5, 3)
QUESTION = 'Клиника указала дату рождения: <b class="nowrap">3 мая 1957</b>. Верно?'
ASKED = "/profile/birth-date/suggestion"
YES = {"shown": "1957-05-03", "answer": "yes"}


def listed(doctor: Doctor, phone: str = PHONE, born: date | None = BORN, email: str | None = None) -> Invitation:
    """As a list with birth dates makes it."""
    to = {"email": email} if email else {"phone": phone}
    made = Invitation.invite(doctor, doctor.user, name="Зоя Новикова", birth_date=born, **to)
    db.session.commit()
    return made


def accepted(doctor: Doctor, patient: User, born: date | None = BORN) -> Invitation:
    assert patient.phone is not None
    made = listed(doctor, patient.phone, born)
    made.accept(patient)
    db.session.commit()
    return made


def born(patient: User) -> date | None:
    return db.session.get_one(User, patient.id, populate_existing=True).birth_date


def suggested() -> list[date | None]:
    db.session.expire_all()
    return list(db.session.scalars(db.select(Invitation.birth_date).order_by(Invitation.id)))


# What a list has said


def test_invited_person_is_asked_once_between_the_consent_and_the_chat(
    clinic: Flask, doctor: Doctor, services: Services
) -> None:
    link = f"/i/{listed(doctor).token}"
    newcomer = Browser(clinic)
    assert "1957" not in newcomer.get(link).text  # whoever holds the link has proved nothing yet
    answer = newcomer.post(newcomer.post(link).location, {"code": code_of(services)})
    answer = newcomer.post(answer.location, NEW)
    assert answer.location == f"{ASKED}?next={link}"
    gate = newcomer.get(answer.location)
    assert gate.location.startswith("/consent?next=")  # and nothing is asked before it
    answer = newcomer.post(gate.location, BOTH)
    page = newcomer.get(answer.location)
    assert QUESTION in page.text
    assert [words in page.text for words in (">Да<", ">Нет<", ">Пропустить<")] == [True] * 3
    answer = newcomer.post(answer.location, YES)
    assert answer.location == link
    chat = newcomer.get(link).location
    assert newcomer.get(chat).status_code == 200
    [zoya] = db.session.scalars(db.select(User).where(User.phone == PHONE))
    assert (zoya.birth_date, suggested()) == (BORN, [None])
    assert newcomer.get(f"{ASKED}?next={chat}").location == chat


@pytest.mark.parametrize(("answer", "told"), [("no", True), ("later", False)])
def test_another_answer_stores_nothing_and_is_the_last(
    as_patient: Browser, patient: User, doctor: Doctor, answer: str, told: bool
) -> None:
    accepted(doctor, patient)
    assert QUESTION in as_patient.get("/profile/birth-date").text
    assert as_patient.post(f"{ASKED}?next=/profile", YES | {"answer": answer}).location == "/profile"
    page = as_patient.get("/profile/birth-date").text
    assert ("Верную дату можно указать в «Профиле»" in page, QUESTION in page) == (told, False)
    assert (born(patient), suggested()) == (None, [None])


def test_who_is_signed_in_is_asked_on_the_way_to_the_chat(as_patient: Browser, patient: User, doctor: Doctor) -> None:
    link = f"/i/{listed(doctor, str(patient.phone)).token}"
    answer = as_patient.post(f"{link}/chat")
    [chat] = db.session.scalars(db.select(Chat))
    assert answer.location == f"{ASKED}?next=/chats/{chat.id}"
    assert as_patient.get(link).location == answer.location  # not answered yet
    assert as_patient.post(answer.location, YES).location == f"/chats/{chat.id}"
    assert as_patient.get(link).location == f"/chats/{chat.id}"


def test_answer_to_another_question_stores_nothing(as_patient: Browser, patient: User, doctor: Doctor) -> None:
    """Of an old page, or of somebody's own making: what is suggested now is asked."""
    accepted(doctor, patient)
    answer = as_patient.post(f"{ASKED}?next=/profile", YES | {"shown": "1957-05-04"})
    assert (answer.status_code, QUESTION in answer.text) == (200, True)
    for wrong in ({"shown": "вчера"}, {"answer": "да"}, {"answer": ""}):
        answer = as_patient.post(f"{ASKED}?next=/profile", YES | wrong)
        assert (answer.status_code, "ответьте ещё раз" in answer.text, QUESTION in answer.text) == (422, True, True)
    assert (born(patient), suggested()) == (None, [BORN])


def test_pressed_twice_is_pressed_once(as_patient: Browser, patient: User, doctor: Doctor) -> None:
    accepted(doctor, patient)
    for answer in ("yes", "no"):
        assert as_patient.post(f"{ASKED}?next=/profile", YES | {"answer": answer}).location == "/profile"
    assert born(patient) == BORN


def test_of_two_lists_the_first_is_asked_and_answers_for_both(
    as_patient: Browser, patient: User, doctor: Doctor
) -> None:
    accepted(doctor, patient)
    later(minutes=1)
    accepted(make_doctor("Лебедев Михаил"), patient, date(1957, 3, 5))
    assert QUESTION in as_patient.get(f"{ASKED}?next=/profile").text
    as_patient.post(f"{ASKED}?next=/profile", YES)
    assert (born(patient), suggested()) == (BORN, [None, None])


def test_date_of_a_child_is_not_asked_about(as_patient: Browser, patient: User, doctor: Doctor) -> None:
    """Nobody under 18 has an account: a list names the mother's phone beside it."""
    accepted(doctor, patient, clock.now().date() - timedelta(days=3650))
    assert as_patient.get(f"{ASKED}?next=/profile").location == "/profile"
    assert "Клиника указала" not in as_patient.get("/profile/birth-date").text


def test_who_has_said_it_is_not_asked(as_patient: Browser, patient: User, doctor: Doctor) -> None:
    as_patient.post("/profile/birth-date", {"birth_date": "03.05.1957"})
    accepted(doctor, db.session.get_one(User, patient.id), date(1958, 1, 1))
    assert suggested() == [None]
    assert as_patient.get(f"{ASKED}?next=/profile").location == "/profile"


# What people say themselves


@pytest.mark.parametrize("htmx", [True, False])
@pytest.mark.parametrize(
    "typed", ["03.05.1957", "3.5.1957", " 3 / 5 / 1957", "03051957", "1957-05-03", "3,5,1957", "０３.０５.１９５７"]
)
def test_patient_types_it_as_they_like(as_patient: Browser, patient: User, typed: str, htmx: bool) -> None:
    answer = as_patient.post("/profile/birth-date", {"birth_date": typed}, htmx=htmx)
    page = answer.text if htmx else as_patient.get(answer.location).text
    assert "Дата рождения сохранена." in page
    assert 'value="03.05.1957"' in page
    assert born(patient) == BORN


@pytest.mark.parametrize("htmx", [True, False])
@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("вчера", "Введите день, месяц и год цифрами. Пример: 03.05.1957."),
        ("3.5.57", "Введите день, месяц и год цифрами."),
        ("31.02.1957", "Такого дня не бывает."),
        ("00.00.0000", "Такого дня не бывает."),
        ("31.12.1899", "Проверьте год: он раньше 1900."),
        ("01.01.3000", "Этот день ещё не наступил. Проверьте год."),
        ("9" * 5000, "Введите день, месяц и год цифрами."),
    ],
)
def test_what_is_no_birth_date_is_told_and_kept(
    as_patient: Browser, patient: User, typed: str, sentence: str, htmx: bool
) -> None:
    as_patient.post("/profile/birth-date", {"birth_date": "03.05.1957"})
    answer = as_patient.post("/profile/birth-date", {"birth_date": typed}, htmx=htmx)
    assert (answer.status_code, sentence in answer.text, f'value="{typed}"' in answer.text) == (422, True, True)
    assert born(patient) == BORN


def test_today_is_the_clinics(as_patient: Browser, patient: User) -> None:
    """Born today at half past one in Moscow: in UTC it is yesterday still."""
    moscow = clock.now().astimezone(patient.zone)
    night = datetime.combine(moscow.date() + timedelta(days=1), datetime.min.time(), patient.zone)
    later(seconds=(night - moscow).total_seconds() + 5400)
    today = f"{night:%d.%m.%Y}"
    assert as_patient.post("/profile/birth-date", {"birth_date": today}).status_code == 303
    tomorrow = f"{night + timedelta(days=1):%d.%m.%Y}"
    assert as_patient.post("/profile/birth-date", {"birth_date": tomorrow}).status_code == 422


def test_it_can_be_taken_off(as_patient: Browser, patient: User) -> None:
    as_patient.post("/profile/birth-date", {"birth_date": "03.05.1957"})
    assert "удалена" in as_patient.post("/profile/birth-date", {"birth_date": ""}, htmx=True).text
    assert born(patient) is None


def test_only_patients_have_one(as_doctor: Browser, clinic: Flask) -> None:
    for browser in (as_doctor, Browser(clinic, make_user("Оператор Ольга", Role.OPERATOR))):
        assert browser.post("/profile/birth-date", {"birth_date": "03.05.1957"}).status_code == 404
        assert browser.post(ASKED, YES).status_code == browser.get(ASKED).status_code == 404
        assert "Дата рождения" not in browser.get("/profile").text


@pytest.mark.parametrize(
    ("born", "age"),
    [((-43, 0), "43\u00a0года"), ((-43, 1), "42\u00a0года"), ((-1, 0), "1\u00a0год"), ((-68, -1), "68\u00a0лет")],
)
def test_doctor_sees_the_age(
    as_doctor: Browser, patient: User, doctor: Doctor, born: tuple[int, int], age: str
) -> None:
    today = clock.now().astimezone(patient.zone).date().replace(day=15)
    make_chat(patient, doctor)
    assert "года" not in as_doctor.get(f"/patients/{patient.id}").text
    later(days=(today - clock.now().astimezone(patient.zone).date()).days + 60)
    today = clock.now().astimezone(patient.zone).date()
    patient = db.session.get_one(User, patient.id)
    patient.birth_date = today.replace(year=today.year + born[0]) + timedelta(days=born[1])
    db.session.commit()
    assert age in as_doctor.get(f"/patients/{patient.id}").text


# Who never came


def test_who_did_not_come_in_37_days_is_forgotten(as_doctor: Browser, doctor: Doctor, services: Services) -> None:
    """By phone and by mail; the row stays in the sender's list and says so."""
    listed(doctor)
    listed(doctor, email=EMAIL)
    db.session.execute(db.update(Invitation).values(guest_phone="+79160000077"))
    db.session.commit()
    link = f"/i/{db.session.scalars(db.select(Invitation)).all()[0].token}"
    later(days=36, hours=23)
    assert purge_rows()["invitations"] == 0
    later(days=37, hours=1)
    assert (purge_rows()["invitations"], purge_rows()["invitations"]) == (2, 0)
    db.session.commit()
    rows = db.session.execute(db.select(Invitation.__table__)).mappings().all()
    kept = " ".join(str(value) for row in rows for value in row.values())
    assert [mark for mark in ("Зоя", "7916", EMAIL, "1957") if mark in kept] == []
    page = as_doctor.get("/invitations").text
    assert page.count("Не приняли за 37 дней: имя, контакт и дата рождения удалены") == 2
    assert ("Зоя" in page, "Отправить снова" in page, "Отозвать" in page) == (False, False, False)
    assert as_doctor.get(link).status_code == 404
    for way in ("sending", "withdrawal"):
        answer = as_doctor.post(f"/invitations/{rows[0]['id']}/{way}")
        assert answer.status_code in (303, 409, 422), way
    assert {one.state for one in db.session.scalars(db.select(Invitation))} == {InvitationState.FORGOTTEN}


def test_days_are_counted_from_the_last_sending(doctor: Doctor) -> None:
    made = listed(doctor)
    later(days=20)
    made.send_again()
    db.session.commit()
    later(days=56)
    assert purge_rows()["invitations"] == 0
    later(days=57, hours=1)
    assert purge_rows()["invitations"] == 1


def test_who_came_keeps_their_invitation_but_no_suggestion_for_ever(doctor: Doctor, patient: User) -> None:
    made = accepted(doctor, patient)
    later(days=38)
    purge_rows()
    db.session.commit()
    db.session.refresh(made)
    assert (made.name, made.birth_date, made.state) == ("Зоя Новикова", None, InvitationState.ACCEPTED)


def test_forgotten_person_can_be_invited_anew(as_doctor: Browser, doctor: Doctor) -> None:
    listed(doctor)
    later(days=38)
    purge_rows()
    db.session.commit()
    assert as_doctor.post("/invitations", {"contact": PHONE, "name": "Зоя"}).status_code == 303
    assert "Зоя" in as_doctor.get("/invitations").text


def test_list_goes_before_its_invitations(doctor: Doctor) -> None:
    """A list holds the same names: nothing of it is left on that day."""
    row = {"number": 1, "name": "Зоя", "phone": PHONE, "email": None, "typed": PHONE, "fault": None}
    list_ = PatientImport.draft(doctor, doctor.user, "list-0001", [row | {"birth_date": BORN}])
    list_.start()
    while list_.invite_some():
        db.session.commit()
    db.session.commit()
    later(days=37, hours=1)
    purge_rows()
    db.session.commit()
    assert db.session.scalars(db.select(ImportLine)).all() == []
    assert suggested() == [None]
