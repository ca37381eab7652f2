"""Notifications on their way: in words that tell a stranger nothing, once, and only while they are news."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from threading import Thread

import pytest
from consultation_steps import StillClock, cancel, confirm, ready, request_reschedule, work
from factories import make_chat, make_child, make_doctor, make_user, propose
from flask import Flask, current_app, render_template

from ibolit.extensions import db
from ibolit.jobs import LIGHT, WORK, notifications, run_due, sending
from ibolit.jobs.worker import WorkerThread
from ibolit.models import (
    Channel,
    Chat,
    Consultation,
    ConsultationKind,
    ConsultationRequest,
    Doctor,
    Job,
    JobKind,
    Notification,
    NotificationKind,
    User,
)
from ibolit.models.delivery.kinds import PUSH_ONLY
from ibolit.models.job import CLAIMED_FOR
from ibolit.services import Services, clock
from ibolit.services.demo_outbox import DemoMessage
from ibolit.services.mail import MailFailed
from ibolit.services.sms import SmsFailed, parts_of

START = datetime(2026, 11, 25, 11, tzinfo=UTC)
FORBIDDEN = re.compile(
    r"консультац|врач|доктор|пациент|терапевт|приём|лечен|болезн|медиц|клиник|заключен", re.IGNORECASE
)
ONE_SMS = 70
LINK = "https://ibolit.pro/v/123"

still = StillClock(START)


@pytest.fixture(autouse=True)
def days_before(monkeypatch: pytest.MonkeyPatch) -> None:
    still.show(START - timedelta(days=3))
    monkeypatch.setattr(clock, "datetime", still)


@pytest.fixture
def patient(clinic: Flask) -> User:
    return make_user("Анна Соколова")


class Post:
    """A provider of SMS or mail that fails when told to, and then keeps what it was given."""

    def __init__(self, *failures: Exception | None) -> None:
        self.failures = list(failures)
        self.asked = 0
        self.transactions: list[bool] = []

    def send(self, *_args: str, **_named: str) -> None:
        self.asked += 1
        self.transactions.append(db.session().in_transaction())
        failure = self.failures.pop(0) if self.failures else None
        if failure is not None:
            raise failure


@pytest.fixture
def put(services: Services, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, Post], Post]:
    def put(name: str, post: Post) -> Post:
        monkeypatch.setattr(services, name, post)
        return post

    return put


def sent(services: Services) -> list[DemoMessage]:
    """Oldest first."""
    return services.outbox.latest()[::-1]


def do_notifications() -> None:
    """As the worker's own thread does: in a session of its own."""
    db.session.commit()
    with current_app.app_context():
        run_due(LIGHT)
    db.session.expire_all()


def only(kind: str = "proposed") -> Notification:
    return db.session.scalars(db.select(Notification).where(Notification.kind == kind)).one()


def job_of(notification: Notification) -> Job:
    mine = Job.kind == JobKind.NOTIFICATION, Job.subject_id == notification.id
    return db.session.scalars(db.select(Job).where(*mine)).one()


# What is written


def every_notification(user: User, consultation: Consultation, chat: Chat) -> list[Notification]:
    """One of each kind that may go by SMS, and the reminder both of tomorrow and of this minute."""
    rows = [
        Notification(
            user=user,
            kind=kind,
            consultation_id=None if kind == "requested" else consultation.id,
            chat_id=chat.id if kind == "requested" else None,
            moment=None if kind == "requested" else moment,
            channel=Channel.SMS,
            unique_key=f"{kind}-{moment}",
        )
        for kind in NotificationKind
        if kind not in PUSH_ONLY
        for moment in ([START, clock.now() + timedelta(minutes=15)] if kind == "near" else [START])
    ]
    db.session.add_all(rows)
    db.session.commit()
    return rows


def test_nothing_that_leaves_the_house_says_what_it_is_about(chat: Chat, patient: User, doctor: Doctor) -> None:
    """No word of medicine, no name, no specialty; the address of the link is the site's own."""
    consultation = propose(chat, starts_at=START, note="Гипертония")
    secrets = [*patient.name.split(), *doctor.user.name.split(), doctor.specialty, consultation.note]
    for one in every_notification(patient, consultation, chat):
        words = {"notification": one, "link": ""}
        written = [render_template("sms/notification.txt", **words)]
        if one.kind not in ("ready", "late"):
            written += sending.render_mail("notification", **words).values()
        for text in written:
            assert FORBIDDEN.search(text) is None, text
            assert [secret for secret in secrets if secret.lower() in text.lower()] == []


def test_nothing_that_leaves_the_house_names_a_dependant(patient: User, doctor: Doctor) -> None:
    """Nor that there is one; a push may name the doctor, where the patient lets it."""
    patient.push_names = True
    chat = make_chat(patient, doctor, make_child(patient, "Тимофей Ясный"))
    consultation = propose(chat, starts_at=START)
    for one in every_notification(patient, consultation, chat):
        written = [render_template(f"{way}/notification.txt", notification=one, link="") for way in ("sms", "push")]
        if one.kind not in ("ready", "late"):
            written += sending.render_mail("notification", notification=one, link="").values()
        for text in written:
            assert [word for word in ("тимофе", "ясн", "реб", "дет", "сын", "мам") if word in text.lower()] == []


@pytest.mark.parametrize(
    ("kind", "words"),
    [("promise", "iBolit: вашего ответа ждут дольше обещанного"), ("urgent_sent", "Откройте iBolit")],
)
def test_what_goes_by_push_alone_has_its_words(chat: Chat, patient: User, kind: str, words: str) -> None:
    one = Notification(user=patient, kind=kind, chat_id=chat.id, channel=Channel.PUSH, unique_key=kind)
    db.session.add(one)
    db.session.commit()
    assert render_template("push/notification.txt", notification=one).strip() == words
    assert set(PUSH_ONLY) == {"promise", "urgent_sent"}


def test_each_kind_has_words_of_its_own(chat: Chat, patient: User) -> None:
    consultation = propose(chat, starts_at=START)
    rows = every_notification(patient, consultation, chat)
    texts = [render_template("sms/notification.txt", notification=one, link=LINK) for one in rows]
    assert len(set(texts)) == len(rows)
    assert all(re.fullmatch(r"iBolit: [а-яё][^\n]{10,}\n" + re.escape(LINK), text) for text in texts)


def test_what_names_no_day_fits_one_sms(chat: Chat, patient: User) -> None:
    consultation = propose(chat, starts_at=START)
    texts = [
        render_template("sms/notification.txt", notification=one, link=LINK)
        for one in every_notification(patient, consultation, chat)
    ]
    long = [text for text in texts if len(text) > ONE_SMS]
    assert sorted(text.splitlines()[0] for text in long) == [
        "iBolit: встреча перенесена на 25 ноября, 14:00 (МСК)",
    ]


def test_long_name_of_the_sender_costs_little(chat: Chat, patient: User, change_settings: Callable[..., None]) -> None:
    """SMS_NAME has at most 11 letters: a code stays one SMS, an invitation two."""
    change_settings(sms_name="Айболитушка")
    told = every_notification(patient, propose(chat, starts_at=START), chat)
    texts = [render_template("sms/notification.txt", notification=one, link=LINK) for one in told]
    assert max(map(parts_of, texts)) == 2
    assert sum(parts_of(text) > 1 for text in texts) <= 4
    assert parts_of(render_template("sms/login_code.txt", code="123456", host="ibolit.pro")) == 1
    link = "https://chat.aibolitushka.example/i/" + "a" * 24
    assert parts_of(render_template("sms/invitation.txt", link=link)) == 2


def test_letter_says_what_happened_and_links_to_the_card(services: Services, chat: Chat, patient: User) -> None:
    patient.email, patient.timezone = "anna@example.org", "Asia/Yekaterinburg"
    consultation = propose(chat, starts_at=START)
    do_notifications()
    [letter] = sent(services)
    assert (letter.channel, letter.to, letter.subject) == ("mail", "anna@example.org", "iBolit: вам предложена встреча")
    assert "Вам предложена встреча 25 ноября, 16:00 (14:00 МСК)." in letter.text
    assert letter.text.split()[-1] == f"http://127.0.0.1:8000/v/{consultation.id}"


def test_html_of_a_letter_is_a_link_in_words(chat: Chat, patient: User) -> None:
    propose(chat, starts_at=START)
    html = sending.render_mail("notification", notification=only(), link=LINK)["html"]
    assert f'<a href="{LINK}">Открыть iBolit</a>' in html
    assert "<p>Вам предложена встреча 25 ноября, 14:00 (МСК)." in html


def test_sms_links_to_the_card(services: Services, chat: Chat, patient: User) -> None:
    consultation = propose(chat, starts_at=START)
    do_notifications()
    [letter] = sent(services)
    text = f"iBolit: вам предложена встреча\nhttp://127.0.0.1:8000/v/{consultation.id}"
    assert (letter.channel, letter.to, letter.text) == ("sms", patient.phone, text)


def test_request_links_to_the_chat(services: Services, chat: Chat, patient: User, doctor: Doctor) -> None:
    ConsultationRequest.ask(chat, patient, ConsultationKind.AUDIO, "вечером", "ask-1")
    db.session.commit()
    do_notifications()
    [letter] = sent(services)
    assert (letter.to, letter.text.splitlines()[-1]) == (doctor.user.phone, f"http://127.0.0.1:8000/chats/{chat.id}")


def test_reminders_say_how_soon(services: Services, chat: Chat, patient: User, doctor: Doctor) -> None:
    """To each by his own clock."""
    consultation = confirm(propose(chat, starts_at=START))
    doctor.user.timezone = "Asia/Yekaterinburg"
    do_notifications()
    services.outbox.path.unlink()
    for minutes in (1440, 15):
        still.show(START - timedelta(minutes=minutes))
        work(consultation)
        do_notifications()
    said = [(letter.to, letter.text.splitlines()[0].replace("\u00a0", " ")) for letter in sent(services)]
    first, second = said[:2], said[2:]  # which of the two is told before the other is nobody's promise
    assert set(first) == {
        (patient.phone, "iBolit: встреча 25 ноября, 14:00 (МСК)"),
        (doctor.user.phone, "iBolit: встреча 25 ноября, 16:00 (14:00 МСК)"),
    }
    assert set(second) == {
        (patient.phone, "iBolit: встреча через 15 минут"),
        (doctor.user.phone, "iBolit: встреча через 15 минут"),
    }
    assert len(said) == 4


# How it is delivered


def test_it_is_sent_once(services: Services, chat: Chat) -> None:
    propose(chat, starts_at=START)
    for _ in range(3):
        do_notifications()
    assert len(sent(services)) == 1
    assert (only().state, only().delivered_at) == ("delivered", clock.now())
    assert job_of(only()).done_at is not None


def test_worker_woken_by_the_commit_delivers_it(clinic: Flask, services: Services, chat: Chat) -> None:
    wake_events = [thread.wake_event for thread in clinic.extensions["ibolit_worker"]._threads if thread.queue is LIGHT]
    for wake_event in wake_events:
        wake_event.clear()
    propose(chat, starts_at=START)
    assert wake_events
    assert all(wake_event.is_set() for wake_event in wake_events)
    thread = Thread(target=WorkerThread(clinic, LIGHT).run_due)
    thread.start()
    thread.join(20)
    assert len(sent(services)) == 1
    db.session.expire_all()
    assert only().state == "delivered"


def test_nothing_is_held_while_the_provider_thinks(chat: Chat, patient: User, put: Callable[[str, Post], Post]) -> None:
    sms, mail = put("sms", Post()), put("mail", Post())
    propose(chat, starts_at=START)
    do_notifications()
    patient.email = "anna@example.org"
    propose(chat, starts_at=START + timedelta(days=1))
    do_notifications()
    assert sms.transactions == mail.transactions == [False]


def test_what_failed_is_repeated(chat: Chat, put: Callable[[str, Post], Post]) -> None:
    sms = put("sms", Post(SmsFailed("Timeout", permanent=False)))
    propose(chat, starts_at=START)
    do_notifications()
    assert (sms.asked, only().state, job_of(only()).failure) == (1, "waiting", "SmsFailed")
    still.go(seconds=6)
    do_notifications()
    assert (sms.asked, only().state) == (2, "delivered")


@pytest.mark.parametrize("service", ["sms", "mail"])
def test_what_is_refused_for_good_is_given_up(
    chat: Chat, patient: User, service: str, put: Callable[[str, Post], Post]
) -> None:
    if service == "mail":
        patient.email = "anna@example.org"
        db.session.commit()
    kinds: dict[str, type[SmsFailed] | type[MailFailed]] = {"sms": SmsFailed, "mail": MailFailed}
    post = put(service, Post(kinds[service]("status 400", permanent=True)))
    propose(chat, starts_at=START)
    do_notifications()
    still.go(hours=2)
    do_notifications()
    assert post.asked == 1
    assert (only().state, only().failure, only().delivered_at) == ("undeliverable", "status 400", None)
    assert job_of(only()).failure == "status 400"


def test_what_fails_every_time_is_given_up_in_the_end(chat: Chat, put: Callable[[str, Post], Post]) -> None:
    post = put("sms", Post(*[SmsFailed("Timeout", permanent=False)] * 10))
    propose(chat, starts_at=START)
    for _ in range(8):
        do_notifications()
        still.go(hours=1, minutes=1)
    assert post.asked == 6
    assert (only().state, only().failure) == ("undeliverable", "Timeout")


def test_crash_after_the_sending_repeats_and_loses_nothing(
    chat: Chat, put: Callable[[str, Post], Post], monkeypatch: pytest.MonkeyPatch
) -> None:
    class PowerCut(BaseException):
        pass

    def cut(_self: Notification, _channel: Channel) -> None:
        raise PowerCut

    sms = put("sms", Post())
    propose(chat, starts_at=START)
    with monkeypatch.context() as dying:
        dying.setattr(Notification, "mark_delivered", cut)
        with pytest.raises(PowerCut):
            do_notifications()
    do_notifications()
    assert (sms.asked, only().state) == (1, "waiting")  # the dead worker's claim still holds
    still.go(seconds=CLAIMED_FOR.total_seconds() + 1)
    do_notifications()
    assert (sms.asked, only().state) == (1, "delivered")  # its Delivery was written when it had gone


def test_old_news_is_not_sent(services: Services, chat: Chat, doctor: Doctor) -> None:
    consultation = propose(chat, starts_at=START)
    cancel(consultation, doctor.user)
    do_notifications()
    assert [letter.text.splitlines()[0] for letter in sent(services)] == ["iBolit: встреча отменена"]
    assert (only().state, only().delivered_at) == ("stale", None)
    assert job_of(only()).failure is None


def test_who_hears_too_late_of_waiting_is_not_sent_for(
    chat: Chat, patient: User, put: Callable[[str, Post], Post]
) -> None:
    consultation = confirm(propose(chat, starts_at=START))
    still.show(consultation.opens_at)
    sms = put("sms", Post())
    do_notifications()
    asked = sms.asked
    ready(consultation, patient)
    still.go(minutes=5, seconds=1)
    do_notifications()
    assert asked
    assert (sms.asked, only("ready").state) == (asked, "stale")


def test_who_lost_his_address_gets_an_sms(services: Services, chat: Chat, patient: User) -> None:
    patient.email = "anna@example.org"
    propose(chat, starts_at=START)
    patient.email = None
    db.session.commit()
    do_notifications()
    assert [letter.channel for letter in sent(services)] == ["sms"]


def test_strangers_hear_nothing(services: Services, chat: Chat, stranger: User) -> None:
    """Neither another patient of this doctor nor another doctor."""
    other = make_doctor("Другов Олег Ильич")
    make_chat(stranger, chat.doctor)
    consultation = confirm(propose(chat, starts_at=START))
    request_reschedule(consultation, consultation.patient, START + timedelta(days=1))
    cancel(consultation, consultation.patient)
    do_notifications()
    heard = {letter.to for letter in sent(services)}
    assert heard
    assert heard & {stranger.phone, other.user.phone} == set()


def test_log_names_neither_people_nor_consultations(
    chat: Chat, patient: User, put: Callable[[str, Post], Post], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    consultation = propose(chat, starts_at=START)
    number = job_of(only()).id
    do_notifications()
    assert f"SMS №{number} sent" in caplog.text
    put("sms", Post(SmsFailed("status 400", permanent=True)))
    cancel(consultation, chat.doctor.user)
    do_notifications()
    assert re.search(r"job \d+ \(notification\) given up: status 400", caplog.text)
    secrets = (patient.phone[1:], patient.name, "встреча", f"/v/{consultation.id}")
    assert [secret for secret in secrets if secret in caplog.text] == []


def test_it_is_light_work() -> None:
    assert JobKind.NOTIFICATION in LIGHT.kinds
    assert WORK[JobKind.NOTIFICATION] is notifications.deliver
