"""The doors of a relative's rights: a permission by a code, its end, a death, the chats of who comes of age, a child's
own yes. Each is foreign to a stranger."""

from __future__ import annotations

from datetime import timedelta

import pytest
from browser import Browser
from consultation_steps import confirm, pay, ready
from factories import PASSWORD, later, make_chat, make_child, make_user, propose, say
from flask import Flask
from payment_steps import buy
from relatives import PHONE, born, code_of, go_to, make_relative, permit, with_phone
from werkzeug.test import TestResponse

from ibolit import jobs
from ibolit.extensions import db
from ibolit.formatting import when_for
from ibolit.jobs import notifications
from ibolit.models import (
    AuditAction,
    AuditEvent,
    Channel,
    Chat,
    Consultation,
    Dependant,
    Doctor,
    FamilyCode,
    Invitation,
    Notification,
    NotificationKind,
    PatientFact,
    Refund,
    SecurityEvent,
    SubjectKey,
    User,
)
from ibolit.models.consultations import ConsultationState
from ibolit.models.family import death, own_phone, permission
from ibolit.models.people import DependantKind
from ibolit.services import Services, clock

TYPED = {
    "name": "Соколов Пётр",
    "birth_date": "03.05.1950",
    "sex": "male",
    "relation": "son",
    "phone": PHONE,
}


def add(browser: Browser, **typed: str) -> TestResponse:
    return browser.post("/family/relatives", TYPED | typed)


def proved(browser: Browser) -> Browser:
    """The person has just shown the password."""
    assert browser.post("/profile/confirmation/relatives", {"current": PASSWORD}).status_code == 303
    return browser


def one_relative() -> Dependant:
    return db.session.scalars(db.select(Dependant)).one()


def test_new_representation_asks_the_password_anew(as_patient: Browser) -> None:
    later(minutes=11)  # what was proved holds for ten
    answer = add(as_patient)
    assert answer.headers["Location"] == "/profile/confirmation/relatives"
    assert db.session.scalar(db.select(Dependant)) is None
    proved(as_patient)
    assert "Соколов Пётр" in as_patient.get("/family/relatives/new").text  # nothing is typed twice


def test_sms_says_what_the_code_allows(as_patient: Browser, patient: User, services: Services) -> None:
    add(proved(as_patient))
    jobs.run_due()
    (sms,) = [one for one in services.outbox.latest() if one.to == PHONE]
    code = code_of(patient, one_relative())
    assert code.digits in sms.text
    assert "писать и читать" in sms.text
    for secret in ("Соколов", "врач", "клиник", patient.name):
        assert secret not in sms.text


def test_code_read_out_permits_writing(as_patient: Browser, patient: User) -> None:
    answer = add(proved(as_patient))
    relative = one_relative()
    assert answer.headers["Location"] == f"/family/relatives/{relative.id}"
    page = as_patient.get(answer.headers["Location"]).text
    assert "Код отправлен" in page
    assert "Соколов Пётр" in page
    digits = code_of(patient, relative).digits
    assert as_patient.post(f"/family/relatives/{relative.id}/code", {"code": digits}).status_code == 303
    assert one_relative().may_be_written_for
    assert "разрешение с" in as_patient.get("/family/relatives").text
    assert as_patient.post(f"/family/relatives/{relative.id}/code", {"code": digits}).status_code == 404


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"name": ""}, "Напишите, за кого"),
        ({"birth_date": "31.02.1950"}, "Такого дня не бывает"),
        ({"birth_date": "03.05.2020"}, "18 лет ещё нет"),
        ({"relation": "king"}, "Выберите из списка"),
        ({"phone": "12"}, "Такого номера не бывает"),
        ({"phone": "+74951234567"}, "городской"),
    ],
)
def test_odd_relative_is_refused_beside_the_field(as_patient: Browser, typed: dict[str, str], said: str) -> None:
    answer = add(proved(as_patient), **typed)
    assert answer.status_code == 422
    assert said in answer.text
    assert typed.get("name", "Соколов Пётр") in answer.text


def test_own_phone_is_no_relatives(as_patient: Browser, patient: User) -> None:
    answer = add(proved(as_patient), phone=patient.phone or "")
    assert answer.status_code == 422
    assert "Это ваш номер" in answer.text
    assert db.session.scalar(db.select(Dependant)) is None


def test_wrong_code_is_told_and_counted(as_patient: Browser, patient: User) -> None:
    add(proved(as_patient))
    relative = one_relative()
    answer = as_patient.post(f"/family/relatives/{relative.id}/code", {"code": "000000"})
    assert answer.status_code == 422
    assert "Код не подходит" in answer.text
    assert db.session.scalars(db.select(FamilyCode)).one().guesses == 1


def test_older_ways_of_the_relative_are_told_and_undo_it(
    as_patient: Browser, patient: User, doctor: Doctor, visitor: Browser
) -> None:
    known = with_phone(make_user("Пётр"))
    add(proved(as_patient))
    relative = one_relative()
    as_patient.post(f"/family/relatives/{relative.id}/code", {"code": code_of(patient, relative).digits})
    doctor = db.session.get_one(Doctor, doctor.id)
    chat = make_chat(patient, doctor, dependant=one_relative(), days_left=2)
    change = db.session.scalars(db.select(SecurityEvent).where(SecurityEvent.user_id == known.id)).one()
    assert change.kind == "represented"
    token = change.token_for(Channel.SMS)
    assert visitor.post(f"/n/{change.id}?token={token}").status_code == 200
    assert not one_relative().may_be_written_for
    assert as_patient.get(f"/chats/{chat.id}").status_code == 404


@pytest.fixture
def relative(patient: User) -> Dependant:
    return make_relative(patient)


@pytest.fixture
def as_relative(clinic: Flask, relative: Dependant) -> Browser:
    """With an account that has entered and agreed."""
    account = with_phone(make_user("Соколов Пётр"))
    assert permit(relative).id == account.id
    return Browser(clinic, account)


@pytest.fixture
def about(relative: Dependant, as_relative: Browser, doctor: Doctor) -> Chat:
    chat = make_chat(relative.user, doctor, dependant=relative, days_left=2)
    say(chat, relative.user, "У папы давление")
    return chat


def test_relative_sees_the_chat_and_cannot_write(as_relative: Browser, about: Chat) -> None:
    page = as_relative.get(f"/chats/{about.id}").text
    assert "У папы давление" in page
    assert "пишут за вас" in page
    assert 'id="composer-text"' not in page
    sent = as_relative.post(f"/chats/{about.id}/messages", {"text": "Я сам", "client_id": "press-000001"})
    assert sent.status_code == 409
    assert "за вас" in sent.text
    assert "У папы давление" in as_relative.get("/messages").text


def test_relative_ends_it_and_the_writer_reads_no_more(
    as_relative: Browser, as_patient: Browser, relative: Dependant, about: Chat, doctor: Doctor, patient: User
) -> None:
    assert patient.name in as_relative.get("/family/relatives").text
    page = as_relative.get(f"/family/permissions/{relative.id}/ending").text
    assert "сразу перестанет видеть" in page
    for _ in range(2):
        assert as_relative.post(f"/family/permissions/{relative.id}/ending").status_code == 303
    for url in (f"/chats/{about.id}", f"/chats/{about.id}/messages?after=0", f"/chats/{about.id}/files"):
        assert as_patient.get(url, htmx=True).status_code == 404
        assert as_relative.get(url, htmx=True).status_code == 200
    assert "У папы давление" not in as_patient.get("/messages").text
    page = as_relative.get(f"/chats/{about.id}").text
    assert 'id="composer-text"' in page
    assert "эту переписку больше не видит" in page
    sent = as_relative.post(f"/chats/{about.id}/messages", {"text": "Я сам", "client_id": "press-000001"}, htmx=True)
    assert sent.status_code == 200
    assert db.session.scalar(db.select(Notification).where(Notification.user_id == patient.id)) is None


def test_former_chat_is_only_read(
    clinic: Flask, as_relative: Browser, as_doctor: Browser, relative: Dependant, about: Chat, doctor: Doctor
) -> None:
    make_chat(db.session.scalars(db.select(User).where(User.phone == PHONE)).one(), doctor, days_left=2)
    as_relative.post(f"/family/permissions/{relative.id}/ending")
    for browser in (as_relative, as_doctor):
        page = browser.get(f"/chats/{about.id}").text
        assert "Прежняя переписка" in page
        assert "У папы давление" in page
        assert 'id="composer-text"' not in page
        sent = browser.post(f"/chats/{about.id}/messages", {"text": "Ещё", "client_id": "press-000001"})
        assert sent.status_code == 409
        assert "Прежняя переписка" in browser.get("/messages").text


def test_mark_of_death_does_not_keep_the_relative_from_ending_it(
    as_relative: Browser, as_patient: Browser, relative: Dependant, about: Chat, patient: User
) -> None:
    page = as_patient.get(f"/family/{relative.id}/death").text
    assert "ставит клиника" in page
    assert 'name="sure"' not in page
    refused = as_patient.post(f"/family/{relative.id}/death", {"sure": "y"})
    assert refused.status_code == 409
    death.mark(db.session.get_one(Dependant, relative.id), by_office=True)
    db.session.commit()
    assert patient.name in as_relative.get("/family/relatives").text
    assert as_relative.get(f"/family/permissions/{relative.id}/ending").status_code == 200
    assert as_relative.post(f"/family/permissions/{relative.id}/ending").status_code == 303
    assert as_patient.get(f"/chats/{about.id}").status_code == 404
    assert 'id="composer-text"' in as_relative.get(f"/chats/{about.id}").text


def test_audit_says_about_whom_it_was(as_patient: Browser, as_relative: Browser, patient: User, about: Chat) -> None:
    child = make_child(patient)
    relative_id = one_of_adults().id
    as_patient.post(f"/family/{child.id}/death", {"sure": "y"})
    as_patient.post(f"/family/{child.id}/death/undoing")
    as_relative.post(f"/family/permissions/{relative_id}/ending")
    noted = {one.action: (one.patient_id, one.dependant_id) for one in db.session.scalars(db.select(AuditEvent))}
    assert noted[AuditAction.DEATH_MARKED] == noted[AuditAction.DEATH_UNMARKED] == (patient.id, child.id)
    assert noted[AuditAction.PERMISSION_ENDED] == (patient.id, relative_id)


def one_of_adults() -> Dependant:
    return db.session.scalars(db.select(Dependant).where(Dependant.kind == DependantKind.ADULT)).one()


def test_writer_removes_a_relative(as_patient: Browser, as_relative: Browser, relative: Dependant, about: Chat) -> None:
    assert as_patient.post(f"/family/relatives/{relative.id}/removal").status_code == 303
    assert as_patient.get(f"/chats/{about.id}").status_code == 404
    assert as_relative.get(f"/chats/{about.id}").status_code == 200


def test_stranger_finds_nothing(
    as_stranger: Browser, as_doctor: Browser, relative: Dependant, as_relative: Browser, patient: User, doctor: Doctor
) -> None:
    child = make_child(patient)
    chat = make_chat(patient, doctor, days_left=2)
    consultation = confirm(propose(chat))
    for browser in (as_stranger, as_doctor):
        for url in (
            f"/family/relatives/{relative.id}",
            f"/family/permissions/{relative.id}/ending",
            f"/family/{child.id}/death",
            f"/consultations/{consultation.id}/child-code",
        ):
            assert browser.get(url).status_code == 404, url
        for url in (
            f"/family/relatives/{relative.id}/code",
            f"/family/relatives/{relative.id}/sending",
            f"/family/relatives/{relative.id}/removal",
            f"/family/permissions/{relative.id}/ending",
            f"/family/{child.id}/death",
            f"/family/{child.id}/death/undoing",
            f"/consultations/{consultation.id}/child-consent",
            f"/consultations/{consultation.id}/child-code",
        ):
            assert browser.post(url, {"sure": "y", "code": "123456", "phone": PHONE}).status_code == 404, url
    assert as_stranger.get(f"/chats/{chat.id}/own-phone").status_code == 404


def test_death_is_marked_and_undone(as_patient: Browser, patient: User, doctor: Doctor) -> None:
    child = make_child(patient)
    chat = make_chat(patient, doctor, dependant=child, days_left=2)
    say(chat, patient, "Кашляет")
    assert "Нам очень жаль" in as_patient.get(f"/family/{child.id}/death").text
    assert as_patient.post(f"/family/{child.id}/death").status_code == 422
    assert as_patient.post(f"/family/{child.id}/death", {"sure": "y"}).status_code == 303
    assert "можно снять" in as_patient.get(f"/family/{child.id}/death").text
    assert "Кашляет" not in as_patient.get("/messages").text
    page = as_patient.get(f"/chats/{chat.id}").text
    assert "Кашляет" in page
    assert 'id="composer-text"' not in page
    assert child.name in as_patient.get("/family/relatives").text
    assert as_patient.post(f"/family/{child.id}/death/undoing").status_code == 303
    assert 'id="composer-text"' in as_patient.get(f"/chats/{chat.id}").text


@pytest.fixture
def grown(patient: User, doctor: Doctor) -> Chat:
    """About a child who is 18 in a week."""
    child = make_child(patient, birth_date=born(18) + timedelta(days=7))
    chat = make_chat(patient, doctor, dependant=child, days_left=60)
    say(chat, patient, "Болит колено")
    return chat


def test_chats_go_over_to_the_own_phone(clinic: Flask, as_doctor: Browser, as_patient: Browser, grown: Chat) -> None:
    assert f"/chats/{grown.id}/own-phone" in as_doctor.get(f"/chats/{grown.id}").text
    assert as_patient.get(f"/chats/{grown.id}/own-phone").status_code == 404
    sent = as_doctor.post(f"/chats/{grown.id}/own-phone", {"phone": PHONE})
    assert sent.headers["Location"] == "/invitations"
    invitation = db.session.scalars(db.select(Invitation)).one()
    browser = Browser(clinic, with_phone(make_user("Соколов Иван")))
    assert f"/i/{invitation.token}/birth-date" in browser.get(f"/i/{invitation.token}").text
    child = db.session.get_one(Dependant, grown.dependant_id)
    typed = {"birth_date": f"{child.birth_date:%d.%m.%Y}"}
    early = browser.post(f"/i/{invitation.token}/birth-date", typed)
    assert early.status_code == 422
    assert "когда вам исполнится 18 лет" in early.text
    go_to(child.comes_of_age_at + timedelta(minutes=1))
    assert as_patient.get(f"/chats/{grown.id}").status_code == 404
    wrong = browser.post(f"/i/{invitation.token}/birth-date", {"birth_date": "01.01.2000"})
    assert wrong.status_code == 422
    assert "не совпадает" in wrong.text
    moved = browser.post(f"/i/{invitation.token}/birth-date", typed)
    assert moved.status_code == 303
    assert "Болит колено" in browser.get(f"/chats/{grown.id}").text
    assert as_patient.get(f"/chats/{grown.id}").status_code == 404


def test_invitation_an_older_process_took_leads_to_the_birth_date(clinic: Flask, grown: Chat, doctor: Doctor) -> None:
    """It opened a chat of their own and moved nothing: the link goes on to what is left."""
    child = db.session.get_one(Dependant, grown.dependant_id)
    go_to(child.comes_of_age_at + timedelta(minutes=1))
    invitation = own_phone.invite(child, doctor, doctor.user, PHONE)
    user = with_phone(make_user("Соколов Иван"))
    make_chat(user, doctor, days_left=2)
    invitation.accepted_at, invitation.accepted_by_id = clock.now(), user.id
    db.session.commit()
    link, typed = f"/i/{invitation.token}", {"birth_date": f"{child.birth_date:%d.%m.%Y}"}
    browser = Browser(clinic, user)
    assert browser.get(link).headers["Location"] == f"{link}/birth-date"
    assert browser.post(f"{link}/birth-date", typed).status_code == 303
    assert "Болит колено" in browser.get(f"/chats/{grown.id}").text
    assert "/chats/" in browser.get(link).headers["Location"]


def test_somebody_elses_invitation_asks_nothing(as_stranger: Browser, grown: Chat, doctor: Doctor) -> None:
    child = db.session.get_one(Dependant, grown.dependant_id)
    invitation = own_phone.invite(child, doctor, doctor.user, PHONE)
    db.session.commit()
    for answer in (
        as_stranger.get(f"/i/{invitation.token}/birth-date"),
        as_stranger.post(f"/i/{invitation.token}/birth-date", {"birth_date": "01.01.2000"}),
        as_stranger.get("/i/abcdef/birth-date"),
    ):
        assert answer.status_code == 404


@pytest.fixture
def teen(patient: User, doctor: Doctor) -> Consultation:
    child = make_child(patient, birth_date=born(16, days=3))
    chat = make_chat(patient, doctor, dependant=child, days_left=60)
    return confirm(propose(chat, starts_at=clock.now() + timedelta(minutes=5)))


def test_doctor_notes_a_spoken_yes(as_doctor: Browser, as_patient: Browser, teen: Consultation, doctor: Doctor) -> None:
    url = f"/consultations/{teen.id}"
    assert "Согласие получено устно" in as_doctor.get(url).text
    page = as_patient.get(url).text
    assert "ждём его согласия" in page
    assert f"{url}/child-code" in page
    assert "Согласие получено устно" not in page
    teen, doctor = db.session.get_one(Consultation, teen.id), db.session.get_one(Doctor, doctor.id)
    ready(teen, teen.patient, doctor.user)
    answer = as_doctor.post(f"{url}/child-consent")
    (noted,) = db.session.scalars(db.select(AuditEvent).where(AuditEvent.action == AuditAction.CHILD_AGREED))
    assert noted.dependant_id == db.session.get_one(Consultation, teen.id).chat.dependant_id
    assert answer.headers["Location"] == f"{url}/call"
    assert db.session.get_one(Consultation, teen.id).state is ConsultationState.IN_PROGRESS
    assert as_patient.post(f"{url}/child-consent").status_code == 404


def test_child_agrees_by_a_code(as_patient: Browser, teen: Consultation, patient: User, services: Services) -> None:
    url = f"/consultations/{teen.id}/child-code"
    assert as_patient.post(url, {"phone": patient.phone or ""}).status_code == 422  # the parent's own is no child's
    assert as_patient.post(url, {"phone": PHONE}).status_code == 303
    jobs.run_due()
    (sms,) = [one for one in services.outbox.latest() if one.to == PHONE]
    child = teen.chat.dependant
    assert child is not None
    code = code_of(patient, child, db.session.get_one(Consultation, teen.id))
    assert code.digits in sms.text
    assert "соглас" in sms.text
    assert child.name not in sms.text
    assert as_patient.post(f"{url}/check", {"code": "000000"}).status_code == 422
    assert as_patient.post(f"{url}/check", {"code": code.digits}).status_code == 303
    assert "Ребёнок согласен" in as_patient.get(f"/consultations/{teen.id}").text
    assert "Согласие получено" in as_patient.get(url).text


def test_conclusion_asks_for_the_childs_yes(as_doctor: Browser, teen: Consultation, doctor: Doctor) -> None:
    teen.note_spoken_consent(doctor.user)
    ready(teen, teen.patient, doctor.user)
    teen.end(doctor.user)
    db.session.commit()
    url = f"/consultations/{teen.id}/conclusion/new"
    assert "Согласие ребёнка на заключение" in as_doctor.get(url).text
    typed = {"text": "Здоров", "client_id": "press-000001", "seen": "0"}
    refused = as_doctor.post(url, typed)
    assert refused.status_code == 422
    assert "с согласия самого ребёнка" in refused.text
    assert "Здоров" in refused.text
    assert as_doctor.post(url, typed | {"child_agreed": "y"}).status_code == 303


def test_codes_are_forgotten_after_a_day(as_patient: Browser, patient: User) -> None:
    add(proved(as_patient))
    go_to(clock.now() + timedelta(days=2))
    assert FamilyCode.purge_old() == 1


# Who wrote and paid, and may read no more


def test_who_may_read_no_more_sees_of_their_payments_the_money_alone(
    as_patient: Browser, patient: User, doctor: Doctor
) -> None:
    relative = make_relative(patient)
    permit(relative)
    chat = make_chat(patient, doctor, dependant=relative, days_left=9)
    days, consultation = buy(chat), propose(chat, price=1500_00)
    coming = pay(consultation)
    ways = f'href="/chats/{chat.id}#end"', f'href="/consultations/{consultation.id}"', "Вернуть деньги"
    times = when_for(consultation.starts_at, patient.zone)
    returned = f"/payments/return/{coming.token}"
    assert all(one in as_patient.get("/profile/payments").text for one in (*ways, times))
    assert times in as_patient.get(returned).text
    permission.end(one_relative())
    db.session.commit()
    page = as_patient.get("/profile/payments").text
    assert [one for one in (*ways, times) if one in page] == []
    assert "1\u00a0500\u00a0₽" in page
    page = as_patient.get(returned).text
    assert [one for one in (*ways, times) if one in page] == []
    for payment in (days, coming):
        door = f"/profile/payments/{payment.id}/refunds"
        assert "больше не ваша" in as_patient.get(door).text
        answer = as_patient.post(door, {"note": "Верните"})
        assert answer.status_code == 409
        assert "больше не ваша" in answer.text
    db.session.expire_all()
    assert db.session.scalars(db.select(Refund)).all() == []
    assert db.session.get_one(Consultation, consultation.id).state is ConsultationState.CONFIRMED


def test_news_of_the_money_lead_who_may_read_no_more_to_their_payments(patient: User, doctor: Doctor) -> None:
    relative = make_relative(patient)
    permit(relative)
    chat = make_chat(patient, doctor, dependant=relative, days_left=9)
    buy(chat)
    pay(propose(chat, price=1500_00))
    mine = db.select(Notification).where(Notification.user_id == patient.id, Notification.kind == NotificationKind.PAID)
    paid = db.session.scalars(mine.order_by(Notification.id)).all()
    assert [notifications.address_of(one)[0] for one in paid] == ["chat.show", "short_links.show"]
    permission.end(relative)
    db.session.commit()
    db.session.expire_all()
    assert {notifications.address_of(one)[0] for one in paid} == {"account.payments"}


def test_fact_that_meets_the_end_of_the_permission_is_not_left_behind(
    as_patient: Browser, as_doctor: Browser, patient: User, doctor: Doctor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The permission ends while the doors wait for the lock of the facts."""
    relative = make_relative(patient)
    permit(relative)
    make_chat(patient, doctor, dependant=relative)
    key, lock = relative.subject_key, PatientFact.lock_of
    waited: list[SubjectKey] = []

    def end_meanwhile(whose: SubjectKey) -> None:
        waited.append(whose)
        if len(waited) == 1:
            permission.end(one_relative())
            db.session.flush()
        lock(whose)

    monkeypatch.setattr(PatientFact, "lock_of", end_meanwhile)
    for browser in (as_patient, as_doctor):
        waited.clear()
        form = {"kind": "allergy", "text": "Орехи"}
        assert browser.post(f"/patients/{key}/facts", form).status_code == 404
        assert key in waited
        db.session.rollback()
    assert db.session.scalars(db.select(PatientFact)).all() == []
