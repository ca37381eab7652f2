"""Who invites and who is led where: the sender's list, the link, and what a stranger does not see."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeVar

import pytest
from browser import Browser
from factories import PASSWORD, later, make_chat, make_doctor, make_user, say
from flask import Flask
from guests import BOTH, EMAIL, NEW, PHONE, TYPED, code_of, invite, letters, link_of
from reading import one_line

from ibolit.config import current_settings
from ibolit.extensions import db
from ibolit.jobs import run_due
from ibolit.models import (
    AuditAction,
    AuditEvent,
    Chat,
    Device,
    Doctor,
    Invitation,
    InvitationState,
    Job,
    JobKind,
    LoginCode,
    Role,
    User,
)
from ibolit.services import Services

Row = TypeVar("Row")


@pytest.fixture
def operator(clinic: Flask) -> User:
    return make_user("Оператор Ольга", Role.OPERATOR)


@pytest.fixture
def as_operator(clinic: Flask, operator: User) -> Browser:
    return Browser(clinic, operator)


def anew(row: Row) -> Row:
    return db.session.get_one(type(row), row.id)  # type: ignore[attr-defined]


def come_in(browser: Browser, services: Services, link: str, **typed: object) -> str:
    """From the link over the code to where one lands; the address of it."""
    answer = browser.post(link, typed)
    assert answer.location == f"/login/code?next={link}", answer.text
    answer = browser.post(answer.location, {"code": code_of(services)})
    assert answer.location == f"/login/password?next={link}"
    answer = browser.post(answer.location, NEW)
    assert answer.location == link
    return str(browser.get(link).location)


def acts() -> list[tuple[AuditAction, int | None, int | None]]:
    rows = db.session.scalars(db.select(AuditEvent).order_by(AuditEvent.id)).all()
    return [(row.action, row.actor_id, row.subject_id) for row in rows if row.action.startswith("invit")]


# Sending


def test_doctor_invites_by_phone(as_doctor: Browser, doctor: Doctor, services: Services) -> None:
    assert "Пригласить пациента" in as_doctor.get("/invitations/new").text
    answer = as_doctor.post("/invitations", {"contact": TYPED, "name": " Зоя   Новикова "})
    assert (answer.status_code, answer.location) == (303, "/invitations")
    run_due()
    [letter] = letters(services)
    assert (letter.channel, letter.to) == ("sms", PHONE)
    page = as_doctor.get("/invitations").text
    assert "Зоя Новикова" in page
    assert "+7 916 123-45-67" in page
    assert "Отправлено" in page
    [invitation] = db.session.scalars(db.select(Invitation))
    assert acts() == [(AuditAction.INVITED, doctor.user_id, invitation.id)]


def test_neither_sms_nor_letter_says_who_invites(as_doctor: Browser, doctor: Doctor, services: Services) -> None:
    for contact in (PHONE, EMAIL):
        as_doctor.post("/invitations", {"contact": contact, "name": "Зоя Новикова"})
    run_due()
    assert len(letters(services)) == 2
    for letter in letters(services):
        told = f"{letter.subject} {letter.text}".lower()
        names = [*doctor.user.name.lower().split(), doctor.specialty.lower(), "зоя", "новикова", "айболит"]
        names += ["врач", "доктор", "клиник", "пациент", "консультаци", "лечени"]
        assert [name for name in names if name in told] == []


def test_sms_and_letter_carry_the_clinics_neutral_word(
    as_doctor: Browser, services: Services, change_settings: Callable[..., None]
) -> None:
    change_settings(sms_name="Аврора")
    assert "придут от «Аврора»" in as_doctor.get("/invitations/new").text
    for contact in (PHONE, EMAIL):
        as_doctor.post("/invitations", {"contact": contact, "name": "Зоя Новикова"})
    run_due()
    mail, sms = sorted(letters(services), key=lambda letter: letter.channel)
    assert sms.text.startswith("Аврора: вас пригласили в переписку, кто – по ссылке. Она на 7 дней")
    assert mail.subject == "Аврора: приглашение в переписку"


def test_page_of_an_invitation_says_who_invites_and_whom_to_ask(
    visitor: Browser, doctor: Doctor, change_settings: Callable[..., None]
) -> None:
    change_settings(sms_name="Аврора", clinic_phone="+7 495 000-00-00")
    for how in ({"phone": PHONE}, {"email": EMAIL}):
        invitation = Invitation.invite(doctor, doctor.user, name="Зоя", **how)
        db.session.commit()
        page = one_line(visitor.get(f"/i/{invitation.token}").text)
        for words in (doctor.user.name, doctor.specialty, current_settings.clinic_name, "от «Аврора»",
                      'href="tel:+7495000-00-00"'):  # fmt: skip
            assert words in page


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"contact": "", "name": "Зоя"}, "Введите телефон или почту."),
        ({"contact": "8 916", "name": "Зоя"}, "Такого номера не бывает"),
        ({"contact": "zoya@", "name": "Зоя"}, "Проверьте адрес"),
        ({"contact": TYPED, "name": ""}, "Напишите, как зовут пациента."),
        ({"contact": TYPED, "name": "З" * 121}, "Имя длиннее 120 знаков."),
    ],
)
def test_bad_invitation_is_explained_and_kept(as_doctor: Browser, typed: dict[str, object], sentence: str) -> None:
    answer = as_doctor.post("/invitations", typed)
    assert answer.status_code == 422
    assert sentence in answer.text
    assert f'value="{typed["contact"]}"' in answer.text
    assert db.session.scalars(db.select(Invitation)).all() == []


def test_operator_chooses_the_doctor(as_operator: Browser, doctor: Doctor, services: Services) -> None:
    hidden = make_doctor("Лебедев Михаил Аркадьевич", hidden=True, tariffs=0)
    assert "Лебедев" in as_operator.get("/invitations/new").text
    refused = as_operator.post("/invitations", {"contact": TYPED, "name": "Зоя", "doctor": "999"})
    assert (refused.status_code, "Выберите врача." in refused.text) == (422, True)
    as_operator.post("/invitations", {"contact": TYPED, "name": "Зоя", "doctor": str(hidden.id)})
    [invitation] = db.session.scalars(db.select(Invitation))
    assert invitation.doctor_id == hidden.id
    assert "К врачу: Лебедев" in as_operator.get("/invitations").text


def test_doctor_invites_to_nobody_elses_chat(as_doctor: Browser, doctor: Doctor) -> None:
    other = make_doctor("Лебедев Михаил Аркадьевич")
    as_doctor.post("/invitations", {"contact": TYPED, "name": "Зоя", "doctor": str(other.id)})
    [invitation] = db.session.scalars(db.select(Invitation))
    assert invitation.doctor_id == doctor.id


def test_operators_look_into_the_list_is_written_down(as_operator: Browser, operator: User, doctor: Doctor) -> None:
    as_operator.get("/invitations")
    assert acts() == []
    invite(doctor)
    as_operator.get("/invitations")
    assert acts() == [(AuditAction.INVITATIONS_LISTED, operator.id, None)]


def test_same_contact_is_invited_once(as_doctor: Browser, doctor: Doctor, services: Services) -> None:
    invite(doctor)
    answer = as_doctor.post("/invitations", {"contact": TYPED, "name": "Зоя"})
    assert answer.status_code == 409
    assert "уже приглашали" in answer.text
    run_due()
    assert len(letters(services)) == 1


def test_who_talks_to_the_doctor_needs_no_invitation(as_doctor: Browser, chat: Chat, patient: User) -> None:
    say(chat, patient)
    answer = as_doctor.post("/invitations", {"contact": patient.phone, "name": "Анна"})
    assert answer.status_code == 409
    assert "Вы уже переписываетесь" in answer.text
    assert f'href="/chats/{chat.id}"' in answer.text


@pytest.mark.parametrize("htmx", [True, False])
def test_sent_again_by_a_fresh_link(as_doctor: Browser, doctor: Doctor, services: Services, htmx: bool) -> None:
    invitation = invite(doctor)
    old = link_of(services)
    later(seconds=61)
    answer = as_doctor.post(f"/invitations/{invitation.id}/sending", htmx=htmx)
    assert answer.status_code == (200 if htmx else 303)
    fresh = link_of(services)
    assert fresh != old
    visitor = Browser(as_doctor.app)
    assert (visitor.get(old).status_code, visitor.get(fresh).status_code) == (404, 200)
    assert acts() == [(AuditAction.INVITED_AGAIN, doctor.user_id, invitation.id)]


@pytest.mark.parametrize("htmx", [True, False])
def test_not_sent_again_within_a_minute(as_doctor: Browser, doctor: Doctor, services: Services, htmx: bool) -> None:
    invitation = invite(doctor)
    link_of(services)
    answer = as_doctor.post(f"/invitations/{invitation.id}/sending", htmx=htmx)
    assert answer.status_code == 409
    assert "Подождите минуту" in answer.text
    run_due()
    assert len(letters(services)) == 1


def test_one_contact_is_sent_five_a_day(as_doctor: Browser, doctor: Doctor) -> None:
    invitation = invite(doctor)
    statuses = []
    for minute in range(1, 8):
        later(minutes=2 * minute)
        statuses.append(as_doctor.post(f"/invitations/{invitation.id}/sending", htmx=True).status_code)
    assert statuses == [200] * 4 + [429] * 3  # the first one counts
    answer = as_doctor.post(f"/invitations/{invitation.id}/sending", htmx=True)
    assert "завтра" in answer.text
    assert "Подождите" not in answer.text
    # Taken back and invited anew it would be the sixth.
    as_doctor.post(f"/invitations/{invitation.id}/withdrawal")
    answer = as_doctor.post("/invitations", {"contact": TYPED, "name": "Зоя"})
    assert answer.status_code == 429
    assert "завтра" in answer.text
    assert db.session.scalars(db.select(Invitation)).one().id == invitation.id


def test_who_is_no_patient_is_not_invited(
    as_doctor: Browser, as_operator: Browser, doctor: Doctor, operator: User
) -> None:
    colleague = make_doctor("Орлов Дмитрий")
    colleague.user.email = EMAIL
    db.session.commit()
    for contact, words in ((doctor.user.phone, "ваш собственный"), (operator.phone, "сотрудника"), (EMAIL, "врача")):
        answer = as_doctor.post("/invitations", {"contact": contact, "name": "Зоя"})
        assert answer.status_code == 409
        assert words in answer.text
    typed: dict[str, object] = {"contact": colleague.user.phone, "name": "Зоя", "doctor": doctor.id}
    assert "врача или сотрудника" in as_operator.post("/invitations", typed).text
    assert db.session.scalars(db.select(Invitation)).all() == []


def test_mail_is_promised_only_if_it_is_free(
    clinic: Flask, visitor: Browser, stranger: User, doctor: Doctor, services: Services
) -> None:
    db.session.get_one(User, stranger.id).email = EMAIL
    db.session.commit()
    taken = invite(make_doctor("Орлов Дмитрий"), EMAIL)
    link = link_of(services)
    assert "тоже станет вашей, если она свободна" in visitor.get(link).text
    come_in(visitor, services, link, phone=TYPED)
    visitor.post("/consent", BOTH)
    assert f"Почта {EMAIL} не добавлена" in visitor.get("/messages").text
    assert User.by_email(EMAIL) == stranger
    invite(doctor, "free@example.org")
    other = Browser(clinic)
    come_in(other, services, link_of(services), phone="+79161234599")
    other.post("/consent", BOTH)
    assert "Почта free@example.org теперь ваша" in other.get("/messages").text
    assert anew(taken).accepted_at is not None


@pytest.mark.parametrize("htmx", [True, False])
def test_taken_back_it_leads_nowhere(as_doctor: Browser, doctor: Doctor, services: Services, htmx: bool) -> None:
    invitation = invite(doctor)
    link = link_of(services)
    answer = as_doctor.post(f"/invitations/{invitation.id}/withdrawal", htmx=htmx)
    assert answer.status_code == (200 if htmx else 303)
    assert "Отозвано" in as_doctor.get("/invitations").text
    visitor = Browser(as_doctor.app)
    assert visitor.get(link).status_code == visitor.post(link).status_code == 404
    assert acts() == [(AuditAction.INVITATION_ENDED, doctor.user_id, invitation.id)]
    # And may be invited anew.
    assert as_doctor.post("/invitations", {"contact": TYPED, "name": "Зоя"}).status_code == 303


def test_taken_back_before_it_went_out_is_not_sent(as_doctor: Browser, doctor: Doctor, services: Services) -> None:
    invitation = invite(doctor)
    as_doctor.post(f"/invitations/{invitation.id}/withdrawal")
    run_due()
    assert letters(services) == []


@pytest.mark.parametrize("way", ["", "/new", "/imports/new", "/imports/1", "/imports/1/report.csv"])
def test_patients_find_no_invitations(as_patient: Browser, visitor: Browser, way: str) -> None:
    assert as_patient.get(f"/invitations{way}").status_code == 404
    assert visitor.get(f"/invitations{way}").location.startswith("/login")


def test_other_doctors_see_and_touch_nothing(clinic: Flask, doctor: Doctor, as_patient: Browser) -> None:
    invitation = invite(doctor)
    other = Browser(clinic, make_doctor("Лебедев Михаил Аркадьевич").user)
    assert "Зоя" not in other.get("/invitations").text
    for browser in (other, as_patient):
        for action in ("sending", "withdrawal"):
            assert browser.post(f"/invitations/{invitation.id}/{action}").status_code == 404
        assert browser.post("/invitations/999/sending").status_code == 404
        assert browser.get(f"/invitations/{invitation.id}", htmx=True).status_code == 404


def test_waiting_one_shows_by_itself_that_it_was_sent(as_doctor: Browser, doctor: Doctor) -> None:
    invitation = as_doctor.post("/invitations", {"contact": "+79161112233", "name": "Зоя"}, htmx=True).text
    address = re.search(r'hx-get="(/invitations/\d+)" hx-trigger="every 3s"', invitation)
    assert address is not None
    assert "Ждёт отправки" in invitation
    while run_due():
        pass
    row = as_doctor.get(address[1], htmx=True).text
    assert "Отправлено" in row
    assert "hx-trigger" not in row
    assert as_doctor.get(address[1]).location == "/invitations"


def test_long_list_comes_in_pages(as_doctor: Browser, doctor: Doctor) -> None:
    for number in range(35):
        invite(doctor, f"+7916{number:07}", f"Пациент {number:02}")
    page = as_doctor.get("/invitations").text
    assert page.count("Пациент ") == 30 * 3  # the name, and twice for who hears the buttons
    more = re.search(r'href="(/invitations\?before=\d+)"', page)
    assert more is not None
    rest = as_doctor.get(more.group(1), htmx=True).text
    assert rest.count('class="row invitation"') == 5
    assert "Показать ещё" not in rest


# The link


def test_new_patient_comes_by_sms_and_lands_in_the_chat(
    visitor: Browser, doctor: Doctor, as_doctor: Browser, services: Services
) -> None:
    invitation = invite(doctor)
    link = link_of(services)
    page = visitor.get(link).text
    assert "Иванова Елена Сергеевна" in page
    assert "67</b>" in page
    assert "123-45" not in page  # a forwarded link names no phone
    assert "Открыто" not in as_doctor.get("/invitations").text  # a scanner's look is nobody's
    chat_url = come_in(visitor, services, link)
    [chat] = db.session.scalars(db.select(Chat))
    assert chat_url == f"/chats/{chat.id}"
    assert chat.doctor_id == doctor.id
    consent = visitor.get(chat_url).location
    assert consent == f"/consent?next={chat_url}"
    assert visitor.post(consent, BOTH).location == chat_url
    assert visitor.get(chat_url).status_code == 200
    user = User.by_phone(PHONE)
    assert user is not None
    assert user.email is None
    assert acts() == [(AuditAction.INVITATION_ACCEPTED, user.id, invitation.id)]
    page = as_doctor.get("/invitations").text
    assert "Принято" in page
    assert f'href="{chat_url}"' in page


def test_name_the_doctor_wrote_is_offered(visitor: Browser, doctor: Doctor, services: Services) -> None:
    invite(doctor)
    link = link_of(services)
    visitor.post(link)
    visitor.post(f"/login/code?next={link}", {"code": code_of(services)})
    assert 'value="Зоя Новикова"' in visitor.get(f"/login/password?next={link}").text


def test_code_page_of_a_link_names_no_phone(visitor: Browser, doctor: Doctor, services: Services) -> None:
    invite(doctor)
    answer = visitor.post(link_of(services))
    page = visitor.get(answer.location).text
    assert "<b>67</b>" in page
    assert "123-45" not in page
    visitor.post("/login/phone", {"phone": TYPED})  # his own hand wrote it
    assert "123-45" in visitor.get("/login/code").text


def test_link_works_once(visitor: Browser, clinic: Flask, doctor: Doctor, services: Services) -> None:
    invite(doctor)
    link = link_of(services)
    come_in(visitor, services, link)
    second = Browser(clinic)
    assert "уже принято" in second.get(link).text
    assert second.post(link).status_code == second.post(f"{link}/password").status_code == 404
    assert db.session.scalars(db.select(Invitation)).one().state is InvitationState.ACCEPTED


def test_old_link_leads_nowhere(visitor: Browser, doctor: Doctor, services: Services, as_doctor: Browser) -> None:
    invite(doctor)
    link = link_of(services)
    later(days=7, seconds=1)
    assert visitor.get(link).status_code == visitor.post(link).status_code == 404
    assert "Срок вышел" in as_doctor.get("/invitations").text


@pytest.mark.parametrize("token", ["a" * 24, "A" * 24, "x", "..", "%00", "я", "a" * 3000])
def test_unknown_link(visitor: Browser, token: str) -> None:
    assert visitor.get(f"/i/{token}").status_code in (404, 405)
    assert visitor.post(f"/i/{token}").status_code in (404, 405)


def test_opening_consumes_nothing(visitor: Browser, clinic: Flask, doctor: Doctor, services: Services) -> None:
    """Scanners of mail open every link, and more than once."""
    invite(doctor)
    link = link_of(services)
    for _ in range(5):
        scanner = Browser(clinic)
        assert scanner.get(link).status_code == 200
        assert scanner.open(link, method="HEAD").status_code == 200
    assert come_in(visitor, services, link).startswith("/chats/")


@pytest.mark.parametrize("press", ["", "/password"])
def test_press_and_no_look_is_an_opening(
    visitor: Browser, as_doctor: Browser, doctor: Doctor, services: Services, press: str
) -> None:
    invite(doctor)
    link = link_of(services)
    visitor.open(link, method="HEAD")
    visitor.get(link)
    assert "Открыто" not in as_doctor.get("/invitations").text
    visitor.post(f"{link}{press}")
    assert "Открыто" in as_doctor.get("/invitations").text


def test_patient_with_an_account_signs_in_and_lands_there(clinic: Flask, patient: User, doctor: Doctor,
                                                          services: Services) -> None:  # fmt: skip
    invite(doctor, patient.phone)
    link = link_of(services)
    browser = Browser(clinic)
    answer = browser.post(f"{link}/password")
    assert answer.location == f"/login?next={link}"
    answer = browser.post(answer.location, {"login": patient.phone, "password": PASSWORD})
    assert answer.location == link
    chat = db.session.scalars(db.select(Chat)).one()
    assert browser.get(link).location == f"/chats/{chat.id}"
    assert chat.patient_id == patient.id


def test_invited_phone_finds_its_chat_without_the_link(visitor: Browser, doctor: Doctor, services: Services) -> None:
    invite(doctor)
    other = make_doctor("Лебедев Михаил Аркадьевич")
    invite(other)
    run_due()
    visitor.post("/login/phone", {"phone": TYPED})
    visitor.post("/login/code", {"code": code_of(services)})
    answer = visitor.post("/login/password", NEW)
    chats = db.session.scalars(db.select(Chat).order_by(Chat.id)).all()
    assert {chat.doctor_id for chat in chats} == {doctor.id, other.id}
    assert answer.location == f"/chats/{chats[-1].id}"


def test_proved_address_finds_its_chat_at_the_next_entry(clinic: Flask, doctor: Doctor, services: Services) -> None:
    patient = make_user("Зоя Новикова", email=EMAIL)
    invite(doctor, EMAIL)
    answer = Browser(clinic).post("/login", {"login": EMAIL, "password": PASSWORD})
    chat = db.session.scalars(db.select(Chat)).one()
    assert (answer.location, chat.patient_id) == (f"/chats/{chat.id}", patient.id)


def test_mailed_link_asks_the_phone_first(visitor: Browser, doctor: Doctor, services: Services) -> None:
    invite(doctor, EMAIL)
    link = link_of(services)
    assert EMAIL in visitor.get(link).text
    for typed in ("", "8 916"):
        assert visitor.post(link, {"phone": typed}).status_code == 422
    chat_url = come_in(visitor, services, link, phone=TYPED)
    user = User.by_phone(PHONE)
    assert user is not None
    assert user.email == EMAIL  # who holds the link has read that mailbox
    assert chat_url.startswith("/chats/")
    assert AuditAction.EMAIL_PROVED in db.session.scalars(db.select(AuditEvent.action)).all()


def test_mailed_link_takes_nobodys_address(visitor: Browser, doctor: Doctor, services: Services) -> None:
    owner = make_user("Хозяйка Почты", email=EMAIL)
    invite(doctor, EMAIL)
    come_in(visitor, services, link_of(services), phone=TYPED)
    newcomer = User.by_phone(PHONE)
    assert newcomer is not None
    owner = anew(owner)
    assert (owner.email, newcomer.email) == (EMAIL, None)
    assert db.session.scalars(db.select(Chat)).one().patient_id == newcomer.id


def test_mailed_link_changes_no_address(clinic: Flask, doctor: Doctor, services: Services) -> None:
    patient = make_user("Зоя Новикова", email="own@example.org")
    invite(doctor, EMAIL)
    link = link_of(services)
    assert Browser(clinic, patient).post(f"{link}/chat").status_code == 303
    patient = anew(patient)
    assert patient.email == "own@example.org"


def test_prepared_sign_in_gives_nobodys_address_away(clinic: Flask, doctor: Doctor, patient: User,
                                                     services: Services) -> None:  # fmt: skip
    """An address of ours with a foreign invitation in it: without a press on its page it binds nothing."""
    invite(doctor, EMAIL)
    link = link_of(services)
    Browser(clinic).post(f"/login?next={link}", {"login": patient.phone, "password": PASSWORD})
    patient = anew(patient)
    assert patient.email is None
    assert db.session.scalars(db.select(Chat)).all() == []


def test_press_that_was_left_binds_nobody_later(clinic: Flask, doctor: Doctor, patient: User,
                                                services: Services) -> None:  # fmt: skip
    invite(doctor, EMAIL)
    browser = Browser(clinic)
    browser.post(f"{link_of(services)}/password")
    browser.post("/login", {"login": patient.phone, "password": PASSWORD})
    patient = anew(patient)
    assert (patient.email, db.session.scalars(db.select(Chat)).all()) == (None, [])


def test_invite_mode_knows_whom_somebody_invited(
    clinic: Flask, doctor: Doctor, services: Services, change_settings: Callable[..., None]
) -> None:
    change_settings(registration_is_open=False)
    invite(doctor)
    invite(doctor, EMAIL, "Другая")
    run_due()
    mailed = re.search(r"/i/[a-z2-7]{24}", next(one.text for one in letters(services) if one.channel == "mail"))
    assert mailed is not None
    for phone in (PHONE, "+79160000077", "+79160000088"):
        if phone == "+79160000077":
            Browser(clinic).post(mailed.group(), {"phone": phone})
        else:
            Browser(clinic).post("/login/phone", {"phone": phone})
    run_due()
    codes = [letter.to for letter in letters(services) if "код" in letter.text]
    assert sorted(codes) == sorted([PHONE, "+79160000077"])
    later(days=8)
    Browser(clinic).post("/login/phone", {"phone": PHONE})
    assert LoginCode.newest_for(PHONE).is_invited() is False  # type: ignore[union-attr]


# Somebody else is signed in


def test_right_patient_only_presses(as_patient: Browser, patient: User, doctor: Doctor, services: Services) -> None:
    invite(doctor, patient.phone)
    link = link_of(services)
    assert "Открыть чат" in as_patient.get(link).text
    assert db.session.scalars(db.select(Chat)).all() == []
    answer = as_patient.post(f"{link}/chat")
    assert answer.location == f"/chats/{db.session.scalars(db.select(Chat)).one().id}"
    assert as_patient.get(link).location == answer.location
    assert as_patient.post(f"{link}/chat").location == answer.location  # pressed twice


def test_phones_link_is_no_other_persons(as_stranger: Browser, doctor: Doctor, services: Services) -> None:
    invite(doctor)
    link = link_of(services)
    page = as_stranger.get(link).text
    assert "номер другого человека" in page
    assert "открыть чат" not in page.lower()
    assert as_stranger.post(f"{link}/chat").status_code == 409
    assert as_stranger.post(link).location == link  # a code is asked for only by who is signed out
    assert db.session.scalars(db.select(Chat)).all() == []


def test_mailed_link_asks_which(as_stranger: Browser, stranger: User, doctor: Doctor, services: Services) -> None:
    invite(doctor, EMAIL)
    link = link_of(services)
    page = as_stranger.get(link).text
    assert "Это вы и есть?" in page
    assert stranger.name in page
    assert as_stranger.post(f"{link}/chat").status_code == 303
    stranger = anew(stranger)
    assert stranger.email == EMAIL


def test_other_person_signs_out_and_goes_on(as_stranger: Browser, doctor: Doctor, services: Services) -> None:
    invite(doctor)
    link = link_of(services)
    answer = as_stranger.post(f"{link}/exit", headers={"Sec-Fetch-Site": "same-origin"})
    assert (answer.location, answer.headers["Clear-Site-Data"]) == (link, '"storage"')
    assert db.session.scalars(db.select(Device)).all() == []
    assert come_in(as_stranger, services, link).startswith("/chats/")


def test_doctor_is_no_patient(as_doctor: Browser, doctor: Doctor, services: Services) -> None:
    """A phone that became a doctor's after the invitation, and a forwarded mail."""
    for contact in (PHONE, EMAIL):
        invitation = invite(doctor, contact)
        if contact == PHONE:
            anew(doctor).user.phone = PHONE
            db.session.commit()
        link = link_of(services)
        assert "Войти под другим именем" in as_doctor.get(link).text
        assert as_doctor.post(f"{link}/chat").status_code == 409
        invitation = anew(invitation)
        assert invitation.accepted_at is None


def test_deeds_of_a_dead_link(as_patient: Browser) -> None:
    assert as_patient.post("/i/nothing/chat").status_code == 404
    assert as_patient.post("/i/nothing/password").status_code == 404


def test_hidden_doctor_brings_his_own_patients(visitor: Browser, services: Services) -> None:
    invite(make_doctor("Лебедев Михаил Аркадьевич", hidden=True, tariffs=0))
    assert come_in(visitor, services, link_of(services)).startswith("/chats/")


def test_chat_that_is_there_is_the_same(as_patient: Browser, patient: User, doctor: Doctor, services: Services) -> None:
    invite(doctor, patient.phone)
    link = link_of(services)
    chat = make_chat(patient, db.session.get_one(Doctor, doctor.id))
    assert as_patient.post(f"{link}/chat").location == f"/chats/{chat.id}"


def test_computer_offers_the_phone(visitor: Browser, doctor: Doctor, services: Services) -> None:
    invite(doctor)
    page = visitor.get(link_of(services)).text
    drawing = re.search(r"<svg[^>]*>.*?</svg>", page.split('class="qr__code"')[1], re.DOTALL)
    assert drawing is not None
    assert "style=" not in drawing.group()


def test_token_is_kept_nowhere(clinic: Flask, doctor: Doctor, services: Services) -> None:
    invite(doctor)
    token = link_of(services).removeprefix("/i/")
    for table in db.metadata.sorted_tables:
        for row in db.session.execute(table.select()):
            assert token not in str(tuple(row))


def test_job_of_a_sent_invitation_is_done(doctor: Doctor, services: Services) -> None:
    invite(doctor)
    link_of(services)
    [job] = db.session.scalars(db.select(Job).where(Job.kind == JobKind.INVITATION))
    assert job.done_at is not None
