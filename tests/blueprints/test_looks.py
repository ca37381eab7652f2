"""«Кто смотрел мои данные»: the audit log in plain words, for whose data it is and for nobody else."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from audit_rules import NOBODYS
from browser import Browser
from factories import attach, later, make_chat, make_child, make_user, say
from flask import Flask, get_template_attribute
from queries import Queries
from reading import words
from started_consultations import completed_consultation

from ibolit.extensions import db
from ibolit.models import (
    AttachmentKind,
    AuditAction,
    AuditEvent,
    AuditReason,
    Chat,
    Conclusion,
    Doctor,
    Look,
    Looks,
    Role,
    User,
)
from ibolit.services import clock

LOOKS = "/profile/my-data/looks"

# What no patient finds among their lines: it is of nobody's data, or of the clinic's own.
NEVER_A_PATIENTS = NOBODYS | {AuditAction.SIGN_IN_REFUSED}


def note(
    action: AuditAction,
    actor: User | None,
    patient: User,
    reason: AuditReason | None,
    subject_id: int | None = None,
    minutes_ago: int = 0,
) -> None:
    whose = {"actor_id": actor.id if actor else None, "patient_id": patient.id, "reason": reason}
    row = AuditEvent(action=action, address="127.0.0.1", subject_id=subject_id, **whose)
    row.at = clock.now() - timedelta(minutes=minutes_ago)
    db.session.add(row)
    db.session.commit()


def lines(browser: Browser, url: str = LOOKS) -> list[str]:
    page = browser.get(url).text
    return [re.sub(r"^.*?\d\d:\d\d ", "", words(one)) for one in re.findall(r'<li class="look">(.*?)</li>', page, re.S)]


def test_doctors_look_is_told_with_name_what_and_why(
    as_patient: Browser, as_doctor: Browser, chat: Chat, patient: User
) -> None:
    say(chat, patient, "Болит голова")
    assert "Пока никто" in as_patient.get(LOOKS).text
    as_doctor.get(f"/chats/{chat.id}")
    assert lines(as_patient) == ["Открыта переписка Иванова Елена Сергеевна, терапевт Врач, которому вы пишете"]


def test_file_and_conclusion_are_called_by_name_and_day(
    as_patient: Browser, as_doctor: Browser, chat: Chat, patient: User, doctor: Doctor
) -> None:
    file = attach(chat, patient, AttachmentKind.DOCUMENT, name="Анализ.pdf")
    say(chat, patient, files=[file])
    consultation = completed_consultation(chat)
    Conclusion.give(consultation, "Рекомендации:\nОтдых.", "client-0001", seen=0)
    db.session.commit()
    note(AuditAction.FILE_READ, doctor.user, patient, AuditReason.CARE, file.id, 2)
    note(AuditAction.CONCLUSION_GIVEN, doctor.user, patient, AuditReason.CARE, consultation.id, 1)
    given, read = lines(as_patient)
    assert read.startswith("Открыт файл: Анализ.pdf Иванова")
    assert re.match(r"Отправлено заключение, \d+ \w+ Иванова", given)


def test_stand_in_office_and_console_are_told_apart(
    as_patient: Browser, chat: Chat, patient: User, doctor: Doctor
) -> None:
    colleague, office = make_user("Лебедев Пётр", Role.OPERATOR), make_user("Операторова Ольга", Role.OPERATOR)
    note(AuditAction.CHAT_READ, colleague, patient, AuditReason.STAND_IN, chat.id, 3)
    note(AuditAction.PAYMENT_READ, office, patient, AuditReason.OFFICE, None, 2)
    note(AuditAction.NUMBER_GIVEN, None, patient, AuditReason.CONSOLE, patient.id, 1)
    console, payment, stand_in = lines(as_patient)
    assert console == "Добавлен номер телефона Клиника, тот, кто обслуживает систему Обслуживание системы клиники"
    assert payment == "Открыт ваш платёж Операторова Ольга, сотрудник клиники Работа клиники: платежи и обращения"
    assert stand_in.startswith("Открыта переписка, врач Иванова Елена Сергеевна Лебедев Пётр,")
    assert stand_in.endswith("Отвечает вместо вашего врача: так выбрали вы")


def test_looks_at_a_childs_chat_name_the_child_until_it_is_of_age(
    as_patient: Browser, as_doctor: Browser, patient: User, doctor: Doctor
) -> None:
    chat = make_chat(patient, doctor, make_child(patient, "Ваня Соколов", months=18 * 12 - 1))
    say(chat, patient, "У Вани сыпь")
    as_doctor.get(f"/chats/{chat.id}")
    assert "о пациенте: Ваня Соколов" in lines(as_patient)[0]
    later(days=63)
    assert lines(as_patient) == []


def test_who_is_written_for_sees_who_looked(clinic: Flask, patient: User, doctor: Doctor) -> None:
    """An adult relative with an account: lines of the chats about them, and none of the writer's own data."""
    vanya = make_child(patient, "Ваня Соколов")
    relative = make_user("Иван Соколов")
    vanya.account_id = relative.id
    chat = make_chat(patient, doctor, vanya)
    for whose in (vanya.id, None):
        note(AuditAction.CHAT_READ, doctor.user, patient, AuditReason.CARE, chat.id)
        db.session.scalars(db.select(AuditEvent).order_by(AuditEvent.id.desc())).first().dependant_id = whose
        db.session.commit()
    assert len(lines(Browser(clinic, relative))) == 1


def test_own_looks_are_no_lines_and_own_copies_are(as_patient: Browser, chat: Chat, patient: User) -> None:
    note(AuditAction.CHAT_READ, patient, patient, AuditReason.OWN, chat.id)
    note(AuditAction.COPY_TAKEN, patient, patient, AuditReason.OWN, 1)
    assert lines(as_patient) == ["Скачана копия данных Вы"]


def test_lines_of_others_are_nobodys_business(
    as_patient: Browser, as_doctor: Browser, chat: Chat, doctor: Doctor, stranger: User
) -> None:
    note(AuditAction.CHAT_READ, doctor.user, stranger, AuditReason.CARE, chat.id)
    assert lines(as_patient) == []
    assert as_doctor.get(LOOKS).status_code == 404


def test_what_is_done_again_and_again_is_one_line_with_its_times(
    as_patient: Browser, chat: Chat, patient: User, doctor: Doctor, monkeypatch: pytest.MonkeyPatch
) -> None:
    noon = clock.now().replace(hour=9, minute=0)
    for minutes in (0, 10, 20):
        note(AuditAction.CHAT_READ, doctor.user, patient, AuditReason.CARE, chat.id)
        db.session.scalars(db.select(AuditEvent).order_by(AuditEvent.id.desc())).first().at = noon + timedelta(
            minutes=minutes
        )
        db.session.commit()
    page = as_patient.get(LOOKS).text
    assert page.count('class="look"') == 1
    (when,) = re.findall(r'class="look__when">(.*?)</span>', page, re.S)
    assert re.findall(r"\d\d:\d\d", when) == ["12:00", "12:10", "12:20"]


def test_long_log_comes_page_by_page(as_patient: Browser, chat: Chat, patient: User, doctor: Doctor) -> None:
    """Nothing twice and nothing missed, also of one moment; and as many questions as for a short one."""
    actions = [AuditAction.CHAT_READ, AuditAction.FACTS_READ] * 60
    for action in actions:
        note(action, doctor.user, patient, AuditReason.CARE, chat.id)
    db.session.execute(db.update(AuditEvent).values(at=clock.now()))
    db.session.commit()
    seen, url, questions = 0, LOOKS, []
    while url:
        with Queries() as asked:
            page = as_patient.get(url).text
        questions.append(len(asked))
        seen += page.count('class="look"')
        found = re.search(r'<li class="more".*?href="([^"]+)"', page, re.S)
        url = found[1].replace("&amp;", "&") if found else ""
    assert seen == len(actions)
    assert len(questions) == 3


def test_questions_do_not_grow_with_the_lines(chat: Chat, patient: User, doctor: Doctor) -> None:
    counts = []
    for _ in range(2):
        for number in range(5):
            file = attach(chat, patient, AttachmentKind.DOCUMENT, name=f"{number}.pdf")
            note(AuditAction.FILE_READ, doctor.user, patient, AuditReason.CARE, file.id)
            other = make_chat(patient, doctor)
            note(AuditAction.CHAT_READ, make_user(role=Role.OPERATOR), patient, AuditReason.OFFICE, other.id)
        db.session.expunge_all()
        with Queries() as asked:
            looks = Looks.page_of(patient, None, 50)
            assert all(look.who.name for look in looks if look.who)
            assert all(look.chat.doctor.user.name for look in looks if look.chat)
        counts.append(len(asked))
    assert counts[0] == counts[1]


@pytest.mark.parametrize("action", [one for one in AuditAction if one not in NEVER_A_PATIENTS])
def test_whatever_is_logged_of_a_patient_has_its_words(clinic: Flask, action: AuditAction) -> None:
    event = AuditEvent(action=action, actor_id=2, patient_id=1, reason=AuditReason.CARE)
    assert str(get_template_attribute("macros/looks.html", "what")(Look(event, None))).strip()


@pytest.mark.parametrize("reason", AuditReason)
def test_every_reason_has_its_words(clinic: Flask, reason: AuditReason) -> None:
    event = AuditEvent(action=AuditAction.CHAT_READ, actor_id=2, patient_id=1, reason=reason)
    assert str(get_template_attribute("macros/looks.html", "why")(Look(event, None))).strip()
