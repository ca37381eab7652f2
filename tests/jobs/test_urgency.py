"""Who hears of an emergency, how, and when: one push through quiet hours, and after a quarter of an hour the office."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from consultation_steps import StillClock
from factories import make_chat, make_doctor, make_user
from flask import Flask, current_app
from push_service import Listener, PushService, listen

from ibolit.extensions import db
from ibolit.jobs import LIGHT, PUSHES, run_due
from ibolit.models import Chat, ChatMember, Doctor, Message, Role, User
from ibolit.services import Services, clock

NIGHT = datetime(2026, 11, 25, 0, 30, tzinfo=UTC)  # 3:30 in Moscow
URGENT, FORBIDDEN = "Мама без сознания", ("созна", "мам", "врач", "Анна", "Иванова", "103")
still = StillClock(NIGHT)


@pytest.fixture(autouse=True)
def night(monkeypatch: pytest.MonkeyPatch) -> None:
    still.show(NIGHT)
    monkeypatch.setattr(clock, "datetime", still)


@pytest.fixture
def doctor(clinic: Flask) -> Doctor:
    """Sleeps, and is not to be woken by messages."""
    doctor = make_doctor()
    doctor.set_availability(available=True, quiet_from=22 * 60, quiet_to=8 * 60)
    db.session.commit()
    return doctor


@pytest.fixture
def chat(patient: User, doctor: Doctor) -> Chat:
    return make_chat(patient, doctor)


def say(chat: Chat, author: User, text: str) -> Message:
    """As a person does."""
    message = chat.post(author, text, f"said-{chat.last_seq:08}")
    db.session.commit()
    return message


def do_due() -> None:
    db.session.commit()
    with current_app.app_context():
        for queue in (PUSHES, LIGHT, PUSHES, LIGHT):
            run_due(queue)
    db.session.expire_all()


def titles(service: PushService, listener: Listener) -> list[str]:
    return [str(one["title"]) for one in service.told_to(listener)]


def test_one_push_wakes_the_doctor_and_one_calls_the_author(
    service: PushService, chat: Chat, patient: User, doctor: Doctor
) -> None:
    at_bed, phone = listen(service, doctor.user, "bed"), listen(service, patient, "phone")
    say(chat, patient, "Здравствуйте")
    do_due()
    assert titles(service, at_bed) == []
    say(chat, patient, URGENT)
    say(chat, patient, URGENT + ", скорее")
    do_due()
    assert titles(service, at_bed) == ["iBolit: срочное сообщение"]
    assert titles(service, phone) == ["Откройте iBolit"] * 2
    assert not any(word in one for one in titles(service, at_bed) for word in FORBIDDEN)


def test_doctor_without_a_push_gets_an_sms_at_night(services: Services, chat: Chat, patient: User) -> None:
    say(chat, patient, URGENT)
    do_due()
    (sms,) = services.outbox.latest()
    assert "срочное сообщение" in sms.text
    assert not any(word in sms.text for word in FORBIDDEN)


def test_answered_again_and_marked_again_is_told_again(
    service: PushService, chat: Chat, patient: User, doctor: Doctor
) -> None:
    at_bed = listen(service, doctor.user)
    say(chat, patient, URGENT)
    do_due()
    say(chat, doctor.user, "Звоните 103")
    say(chat, patient, "Опять " + URGENT)
    do_due()
    assert titles(service, at_bed) == ["iBolit: срочное сообщение"] * 2


@pytest.mark.parametrize("what", ["nothing", "opened", "answered", "recalled"])
def test_after_a_quarter_of_an_hour_the_office_hears_of_what_nobody_opened(
    services: Services, service: PushService, chat: Chat, patient: User, doctor: Doctor, what: str
) -> None:
    operator = make_user("Операторова Ольга", Role.OPERATOR)
    listen(service, doctor.user)
    desk = listen(service, operator, "desk")
    message = say(chat, patient, URGENT)
    do_due()
    if what == "opened":
        chat.update_receipts(doctor.user, delivered_to=message.seq, read_to=message.seq)
    elif what == "answered":
        say(chat, doctor.user, "Звоните 103")
    elif what == "recalled":
        chat.recall(patient, message.seq)
    still.go(minutes=14, seconds=59)
    do_due()
    assert titles(service, desk) == []
    still.go(seconds=1)
    do_due()
    assert titles(service, desk) == (["iBolit: срочное сообщение не открыто"] if what == "nothing" else [])
    assert [one["url"] for one in service.told_to(desk)] == (["/operator"] if what == "nothing" else [])
    still.go(minutes=30)
    do_due()
    assert len(service.told_to(desk)) == (what == "nothing")


def test_stand_in_hears_of_it_too(service: PushService, chat: Chat, patient: User, doctor: Doctor) -> None:
    colleague = make_doctor("Лебедев Михаил Аркадьевич")
    db.session.add(ChatMember(chat_id=chat.id, user_id=colleague.user_id))
    db.session.commit()
    at_bed, other = listen(service, doctor.user, "bed"), listen(service, colleague.user, "other")
    say(db.session.get_one(Chat, chat.id, populate_existing=True), patient, URGENT)
    do_due()
    before = len(titles(service, other))
    still.go(minutes=15)
    do_due()
    assert titles(service, other)[before:] == ["iBolit: срочное сообщение"]
    assert titles(service, at_bed) == ["iBolit: срочное сообщение"]


def test_office_without_a_push_is_told_by_sms(services: Services, chat: Chat, patient: User, doctor: Doctor) -> None:
    make_user("Операторова Ольга", Role.OPERATOR, email="office@example.org")
    say(chat, patient, URGENT)
    do_due()
    still.go(minutes=15)
    do_due()
    assert "срочное сообщение не открыто" in services.outbox.latest()[0].text


def test_who_opens_it_while_the_push_is_under_way_is_not_called(
    service: PushService, chat: Chat, patient: User, doctor: Doctor
) -> None:
    at_bed = listen(service, doctor.user)
    message = say(chat, patient, URGENT)
    chat.update_receipts(doctor.user, delivered_to=message.seq, read_to=message.seq)
    do_due()
    assert titles(service, at_bed) == []
