"""Pushes on their way: to whom no page has shown it, in words that name nobody, and an SMS where none arrives."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from threading import Thread

import pytest
from consultation_steps import StillClock, cancel, confirm, pay, ready, work
from factories import make_chat, make_doctor, make_user, propose, say
from flask import Flask, current_app
from push_service import Listener, PushService, listen

from ibolit.extensions import db
from ibolit.jobs import LIGHT, PUSHES, QUEUES, run_due
from ibolit.models import (
    Chat,
    ChatMember,
    Device,
    Doctor,
    Job,
    JobKind,
    LoginCode,
    Notification,
    PushSubscription,
    User,
)
from ibolit.services import Services, clock
from ibolit.services.demo_outbox import DemoMessage

START = datetime(2026, 11, 25, 11, tzinfo=UTC)  # 14:00 in Moscow
still = StillClock(START)


@pytest.fixture(autouse=True)
def afternoon(monkeypatch: pytest.MonkeyPatch) -> None:
    still.show(START)
    monkeypatch.setattr(clock, "datetime", still)


@pytest.fixture
def patient(clinic: Flask) -> User:
    """Made after the clock stands."""
    return make_user("Анна Соколова")


@pytest.fixture
def phone(service: PushService, patient: User) -> Listener:
    return listen(service, patient)


@pytest.fixture
def look(services: Services, monkeypatch: pytest.MonkeyPatch) -> Callable[[User], None]:
    """Has a page open."""
    looking: set[int] = set()
    monkeypatch.setattr(services.realtime, "has_listeners", looking.__contains__)
    return lambda user: looking.add(user.id)


def do_due() -> None:
    """As the workers' threads do: in sessions of their own."""
    db.session.commit()
    with current_app.app_context():
        for queue in (PUSHES, LIGHT, PUSHES):
            run_due(queue)
    db.session.expire_all()


def sms(services: Services) -> list[DemoMessage]:
    return services.outbox.latest()[::-1]


def read(chat: Chat, user: User) -> None:
    chat = db.session.get_one(Chat, chat.id)
    chat.update_receipts(user, delivered_to=chat.last_seq, read_to=chat.last_seq)
    db.session.commit()


def states(kind: str = "message") -> list[str]:
    kinds = db.select(Notification.state).where(Notification.kind == kind).order_by(Notification.id)
    return list(db.session.scalars(kinds))


# Messages


def test_message_is_pushed_at_once(service: PushService, phone: Listener, chat: Chat, doctor: Doctor) -> None:
    say(chat, doctor.user, "Анализ крови хороший")
    do_due()
    [told] = service.told_to(phone)
    assert told == {
        "title": "iBolit: новое сообщение",
        "body": "",
        "url": f"/chats/{chat.id}",
        "tag": f"chat-{chat.id}",
        "unread": 1,
    }
    assert states() == ["delivered"]


def test_who_wrote_is_named_by_the_patients_choice_only(
    service: PushService, phone: Listener, chat: Chat, patient: User, doctor: Doctor
) -> None:
    desk = listen(service, doctor.user, "desk")
    patient.push_names = doctor.user.push_names = True
    say(chat, doctor.user)
    say(chat, patient)
    do_due()
    assert [told["body"] for told in service.told_to(phone)] == [doctor.user.name]
    assert [told["body"] for told in service.told_to(desk)] == [""]


def test_what_is_pushed_carries_no_health_data(
    service: PushService, phone: Listener, chat: Chat, patient: User, doctor: Doctor, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither the payload, nor what the push service sees, nor the log."""
    caplog.set_level(logging.INFO)
    say(chat, doctor.user, "Гипертония")
    consultation = confirm(propose(chat, starts_at=START + timedelta(days=3), note="Гипертония"))
    cancel(consultation, doctor.user)
    do_due()
    seen = str(service.told_to(phone)) + str([one.headers for one in service.arrivals]) + caplog.text
    secrets = ["Гипертония", patient.phone, doctor.specialty, *doctor.user.name.split(), *patient.name.split()]
    secrets += ["онсультац", "consultation", "Врач", "врач"]
    assert [secret for secret in secrets if secret in seen] == []
    assert phone.endpoint.rsplit("/", 1)[1] not in caplog.text
    assert len(service.arrivals) == 2
    assert all(len(one.body) < 1000 for one in service.arrivals)


def test_page_that_shows_it_within_ten_seconds_spares_the_push(
    service: PushService, phone: Listener, chat: Chat, patient: User, doctor: Doctor, look: Callable[[User], None]
) -> None:
    look(patient)
    say(chat, doctor.user)
    still.go(seconds=9)
    do_due()
    assert service.arrivals == []
    read(chat, patient)
    still.go(seconds=2)
    do_due()
    assert (service.arrivals, states()) == ([], ["stale"])


def test_page_that_lies_hidden_spares_nothing(
    service: PushService, phone: Listener, chat: Chat, patient: User, doctor: Doctor, look: Callable[[User], None]
) -> None:
    """It acknowledges only that the message was delivered."""
    look(patient)
    say(chat, doctor.user)
    chat = db.session.get_one(Chat, chat.id)
    chat.update_receipts(patient, delivered_to=chat.last_seq, read_to=0)
    still.go(seconds=11)
    do_due()
    assert len(service.told_to(phone)) == 1


def test_what_was_read_in_part_is_pushed(
    service: PushService, phone: Listener, chat: Chat, patient: User, doctor: Doctor, look: Callable[[User], None]
) -> None:
    look(patient)
    first = say(chat, doctor.user)
    say(chat, doctor.user, "И ещё")
    db.session.get_one(Chat, chat.id).update_receipts(patient, delivered_to=first.seq, read_to=first.seq)
    still.go(seconds=11)
    do_due()
    assert len(service.told_to(phone)) == 1


def test_each_message_after_a_push_is_pushed_and_several_at_once_are_one(
    service: PushService, phone: Listener, chat: Chat, doctor: Doctor
) -> None:
    for text in ("Раз", "Два", "Три"):
        say(chat, doctor.user, text)
    do_due()
    say(chat, doctor.user, "Четыре")
    do_due()
    assert len(service.told_to(phone)) == 2
    assert states() == ["delivered", "delivered"]


def test_nobody_is_told_of_his_own_words(service: PushService, phone: Listener, chat: Chat, patient: User) -> None:
    say(chat, patient)
    do_due()
    assert service.arrivals == []


def test_strangers_phone_is_silent(service: PushService, chat: Chat, doctor: Doctor, stranger: User) -> None:
    listen(service, stranger)
    say(chat, doctor.user)
    do_due()
    assert service.arrivals == []


def test_note_of_the_system_has_a_notification_of_its_own(service: PushService, phone: Listener, chat: Chat) -> None:
    propose(chat, starts_at=START + timedelta(days=3))
    do_due()
    assert [told["title"] for told in service.told_to(phone)] == ["iBolit: вам предложена встреча"]
    assert states() == []


def test_pushed_message_costs_no_sms(
    services: Services, service: PushService, phone: Listener, chat: Chat, doctor: Doctor
) -> None:
    say(chat, doctor.user)
    do_due()
    still.go(minutes=30)
    do_due()
    assert (len(service.arrivals), sms(services)) == (1, [])


def test_without_a_push_it_is_an_sms_after_ten_minutes(
    services: Services, chat: Chat, patient: User, doctor: Doctor
) -> None:
    say(chat, doctor.user)
    still.go(minutes=9, seconds=59)
    do_due()
    assert sms(services) == []
    still.go(seconds=2)
    do_due()
    [letter] = sms(services)
    assert (letter.channel, letter.to) == ("sms", patient.phone)
    assert letter.text == f"iBolit: новое сообщение\nhttp://127.0.0.1:8000/chats/{chat.id}"


def test_what_is_read_within_ten_minutes_costs_no_sms(
    services: Services, chat: Chat, patient: User, doctor: Doctor
) -> None:
    say(chat, doctor.user)
    still.go(minutes=5)
    read(chat, patient)
    say(chat, doctor.user, "И ещё")  # has ten minutes of its own
    still.go(minutes=6)
    do_due()
    assert (sms(services), states()) == ([], ["stale", "waiting"])
    still.go(minutes=5)
    do_due()
    assert (len(sms(services)), states()) == (1, ["stale", "delivered"])


def test_one_sms_a_chat_an_hour(services: Services, chat: Chat, patient: User, doctor: Doctor) -> None:
    other = make_chat(patient, make_doctor("Другов Олег Ильич"), days_left=2)
    say(chat, doctor.user)
    still.go(minutes=11)
    do_due()
    say(chat, doctor.user, "И ещё")
    say(other, other.doctor.user)
    still.go(minutes=11)
    do_due()
    assert [letter.text.rsplit("/", 1)[1] for letter in sms(services)] == [str(chat.id), str(other.id)]
    still.go(minutes=50)
    do_due()
    assert len(sms(services)) == 3


def test_letter_of_a_message(services: Services, chat: Chat, patient: User, doctor: Doctor) -> None:
    patient.email = "anna@example.org"
    say(chat, doctor.user)
    still.go(minutes=11)
    do_due()
    [letter] = sms(services)
    assert (letter.channel, letter.subject) == ("mail", "iBolit: новое сообщение")
    assert "Вам написали." in letter.text


# The other facts


def test_pushed_proposal_costs_no_sms(services: Services, service: PushService, phone: Listener, chat: Chat) -> None:
    consultation = propose(chat, starts_at=START + timedelta(days=3))
    do_due()
    [told] = service.told_to(phone)
    assert (told["url"], told["tag"]) == (f"/v/{consultation.id}", f"talk-{consultation.id}")
    assert (sms(services), states("proposed")) == ([], ["delivered"])


def test_payment_done_is_pushed_to_who_paid(service: PushService, phone: Listener, chat: Chat) -> None:
    pay(propose(chat, starts_at=START + timedelta(days=3), price=1500_00))
    do_due()
    assert "iBolit: оплата получена" in [told["title"] for told in service.told_to(phone)]


def test_reminder_and_who_waits_go_both_ways(
    services: Services, service: PushService, phone: Listener, chat: Chat, patient: User, doctor: Doctor
) -> None:
    consultation = confirm(propose(chat, starts_at=START + timedelta(days=3)))
    do_due()
    before = len(sms(services))
    still.show(consultation.starts_at - timedelta(minutes=15))
    work(consultation)
    do_due()
    still.show(consultation.starts_at)
    ready(consultation, doctor.user)
    do_due()
    titles = [told["title"].replace("\u00a0", " ") for told in service.told_to(phone)]
    assert titles == ["iBolit: встреча через 15 минут", "iBolit: вас уже ждут"]
    mine = [
        letter.text.splitlines()[0].replace("\u00a0", " ")
        for letter in sms(services)[before:]
        if letter.to == patient.phone
    ]
    assert mine == ["iBolit: встреча через 15 минут", "iBolit: вас уже ждут"]
    assert len({one.headers["topic"] for one in service.arrivals}) == 1
    ttls = [int(one.headers["ttl"]) for one in service.arrivals]
    assert ttls == [15 * 60, 5 * 60]


def test_old_news_is_not_pushed(service: PushService, phone: Listener, chat: Chat, doctor: Doctor) -> None:
    consultation = propose(chat, starts_at=START + timedelta(days=3))
    cancel(consultation, doctor.user)
    do_due()
    assert [told["title"] for told in service.told_to(phone)] == ["iBolit: встреча отменена"]


# What fails


@pytest.mark.parametrize("status", [404, 410])
def test_who_listens_no_more_is_dropped_and_gets_an_sms(
    services: Services, service: PushService, phone: Listener, chat: Chat, patient: User, status: int
) -> None:
    service.status = status
    propose(chat, starts_at=START + timedelta(days=3))
    do_due()
    assert [letter.to for letter in sms(services)] == [patient.phone]
    [subscription] = db.session.scalars(db.select(PushSubscription))
    assert subscription.is_dead
    assert not PushSubscription.reaches(patient.id)
    service.status = 201
    propose(chat, starts_at=START + timedelta(days=4))
    do_due()
    assert len(service.arrivals) == 1
    assert len(sms(services)) == 2


def test_one_dead_phone_costs_no_sms_while_another_listens(
    services: Services, service: PushService, phone: Listener, chat: Chat, patient: User
) -> None:
    tablet = listen(service, patient, "tablet")
    service.status_at["/phone"] = 410
    propose(chat, starts_at=START + timedelta(days=3))
    do_due()
    assert len(service.told_to(tablet)) == 1
    assert sms(services) == []
    assert sorted(one.is_dead for one in db.session.scalars(db.select(PushSubscription))) == [False, True]


def test_address_named_meanwhile_does_not_die(service: PushService, phone: Listener, patient: User) -> None:
    [subscription] = db.session.scalars(db.select(PushSubscription))
    subscription.endpoint = f"{service.host}/newer"
    db.session.commit()
    PushSubscription.note_gone(subscription.id, phone.endpoint)
    db.session.commit()
    assert PushSubscription.reaches(patient.id)


def test_service_in_trouble_is_asked_once_more_and_then_it_is_an_sms(
    services: Services, service: PushService, phone: Listener, chat: Chat, patient: User
) -> None:
    service.status = 503
    propose(chat, starts_at=START + timedelta(days=3))
    do_due()
    assert (len(service.arrivals), sms(services)) == (1, [])
    still.go(seconds=6)
    do_due()
    assert (len(service.arrivals), len(sms(services))) == (2, 1)
    assert PushSubscription.reaches(patient.id)


def test_message_that_could_not_be_pushed_is_an_sms_after_ten_minutes(
    services: Services, service: PushService, phone: Listener, chat: Chat, doctor: Doctor
) -> None:
    service.status = 410
    say(chat, doctor.user)
    do_due()
    still.go(minutes=9)
    do_due()
    assert (sms(services), states()) == ([], ["waiting"])
    still.go(minutes=2)
    do_due()
    assert (len(sms(services)), states()) == (1, ["delivered"])


def test_message_read_after_a_failed_push_costs_no_sms(
    services: Services, service: PushService, phone: Listener, chat: Chat, patient: User, doctor: Doctor
) -> None:
    service.status = 410
    say(chat, doctor.user)
    do_due()
    read(chat, patient)
    still.go(minutes=11)
    do_due()
    assert (sms(services), states()) == ([], ["stale"])


def test_crash_while_sending_repeats_it(
    services: Services,
    service: PushService,
    phone: Listener,
    chat: Chat,
    doctor: Doctor,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class PowerCut(BaseException):
        pass

    def cut(*_args: object) -> None:
        raise PowerCut

    say(chat, doctor.user)
    with monkeypatch.context() as dying:
        dying.setattr(services.push, "send", cut)
        with pytest.raises(PowerCut):
            do_due()
    say(chat, doctor.user, "Между тем")  # is told of by its own
    still.go(minutes=6)
    do_due()
    assert len(service.told_to(phone)) == 2
    assert states() == ["delivered", "delivered"]


def test_slow_push_service_keeps_nobody_elses_work_waiting(
    clinic: Flask, services: Services, service: PushService, phone: Listener, chat: Chat, doctor: Doctor
) -> None:
    """A code, an SMS and the push of another person go out while one push waits for its answer."""
    friend = make_user("Пётр Петров")
    other = listen(service, friend, "other")
    with_friend = make_chat(friend, doctor, days_left=2)
    service.slow.add("/phone")
    say(chat, doctor.user)
    db.session.remove()
    stuck = Thread(target=run_in, args=(clinic,))
    stuck.start()
    try:
        assert service.is_asked.wait(10)
        LoginCode.ask("+79161234567", "192.0.2.1")
        say(with_friend, doctor.user)
        do_due()
        assert [letter.to for letter in sms(services)] == ["+79161234567"]
        assert len(service.told_to(other)) == 1
        assert not service.told_to(phone)
    finally:
        service.may_answer.set()
        stuck.join(20)


def run_in(app: Flask) -> None:
    with app.app_context():
        run_due(PUSHES)


def test_pushes_have_hands_of_their_own(clinic: Flask) -> None:
    queues = [thread.queue for thread in clinic.extensions["ibolit_worker"]._threads]
    assert [queues.count(queue) for queue in QUEUES] == [1, 1, 1, 1, 4, 1]
    assert PUSHES.kinds == {JobKind.PUSH, JobKind.SECURITY_PUSH, JobKind.SMS_ALARM}


def test_device_that_ended_is_silent(service: PushService, phone: Listener, chat: Chat, patient: User) -> None:
    db.session.scalars(Device.of(patient)).one().end()
    db.session.commit()
    propose(chat, starts_at=START + timedelta(days=3))
    do_due()
    assert service.arrivals == []
    assert db.session.scalars(db.select(PushSubscription)).all() == []


# The doctor's quiet hours


NIGHT = datetime(2026, 11, 25, 20, tzinfo=UTC)  # 23:00 in Moscow
MORNING = datetime(2026, 11, 26, 5, tzinfo=UTC)  # 8:00


@pytest.fixture
def asleep(doctor: Doctor) -> Doctor:
    doctor.quiet_from, doctor.quiet_to = 22 * 60, 8 * 60
    db.session.commit()
    still.show(NIGHT)
    return doctor


def test_messages_of_the_night_are_one_push_in_the_morning(
    services: Services, service: PushService, chat: Chat, patient: User, asleep: Doctor, stranger: User
) -> None:
    desk = listen(service, asleep.user, "desk")
    other = make_chat(stranger, asleep, days_left=2)
    say(chat, patient)
    do_due()
    still.go(hours=3)
    say(chat, patient, "И ещё")
    say(other, stranger)
    do_due()
    still.show(MORNING - timedelta(seconds=1))
    do_due()
    assert service.arrivals == []
    still.show(MORNING)
    do_due()
    [told] = service.told_to(desk)
    assert (told["title"], told["url"], told["tag"]) == ("iBolit: новые сообщения", "/messages", "messages")
    assert (sms(services), sorted(states())) == ([], ["delivered", "stale"])
    say(chat, patient, "Доброе утро")
    do_due()
    assert service.told_to(desk)[-1]["url"] == f"/chats/{chat.id}"


def test_messages_of_the_night_are_one_sms_in_the_morning(
    services: Services, chat: Chat, patient: User, asleep: Doctor, stranger: User
) -> None:
    other = make_chat(stranger, asleep, days_left=2)
    say(chat, patient)
    say(other, stranger)
    still.go(hours=3)
    do_due()
    assert sms(services) == []
    still.show(MORNING)
    do_due()
    assert [letter.text for letter in sms(services)] == ["iBolit: новые сообщения\nhttp://127.0.0.1:8000/messages"]


def test_what_was_read_at_night_wakes_nobody_in_the_morning(
    service: PushService, chat: Chat, patient: User, asleep: Doctor, stranger: User
) -> None:
    desk = listen(service, asleep.user, "desk")
    other = make_chat(stranger, asleep, days_left=2)
    say(chat, patient)
    say(other, stranger)
    do_due()
    read(other, asleep.user)
    still.show(MORNING)
    do_due()
    assert [told["url"] for told in service.told_to(desk)] == [f"/chats/{chat.id}"]


def test_who_waits_wakes_the_doctor(service: PushService, chat: Chat, patient: User, asleep: Doctor) -> None:
    desk = listen(service, asleep.user, "desk")
    consultation = confirm(propose(chat, starts_at=NIGHT + timedelta(minutes=20)))
    work(consultation)
    still.show(consultation.opens_at)
    ready(consultation, patient)
    do_due()
    titles = [told["title"] for told in service.told_to(desk)]
    assert "iBolit: вас уже ждут" in titles


def test_member_is_told_anew_after_the_night(chat: Chat, patient: User, asleep: Doctor) -> None:
    """Nothing stays under way for ever."""
    say(chat, patient)
    still.show(MORNING + timedelta(minutes=11))
    do_due()
    member = db.session.get_one(ChatMember, (chat.id, asleep.user_id))
    assert member.notified_from_seq == 0
    assert Job.pending(JobKind.NOTIFICATION) == set()
