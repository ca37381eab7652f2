"""Several workers, several tabs, several messages at once: one push, one subscription, nothing untold."""

from __future__ import annotations

from factories import later, make_chat, make_user, propose, say
from flask import Flask
from push_service import PushService, listen

from ibolit.extensions import db
from ibolit.jobs import PUSHES, run_due
from ibolit.models import Chat, ChatMember, Device, Doctor, Notification, PushSubscription, User
from ibolit.services import Services, clock

from .crowd import at_once


def test_two_workers_send_one_push(
    clinic: Flask, service: PushService, services: Services, chat: Chat, patient: User
) -> None:
    phone = listen(service, patient)
    propose(chat)
    at_once(clinic, 4, lambda _: run_due(PUSHES))
    assert len(service.told_to(phone)) == 1
    assert services.outbox.latest() == []


def test_messages_at_once_are_all_told_of(clinic: Flask, service: PushService, chat: Chat, doctor: Doctor) -> None:
    """Whoever writes while a push is being sent: each message is told of by that push or by another."""
    phone = listen(service, chat.patient)
    chat_id, author_id = chat.id, doctor.user_id

    def act(number: int) -> None:
        if number % 2:
            run_due(PUSHES)
            return
        author = db.session.get_one(User, author_id)
        chat = Chat.locked_for(author, chat_id)
        assert chat is not None
        chat.post(author, f"Сообщение {number}", f"at-once-{number}")
        db.session.commit()

    for _ in range(3):
        at_once(clinic, 8, act)
    run_due(PUSHES)
    db.session.expire_all()
    member = db.session.get_one(ChatMember, (chat_id, chat.patient_id))
    assert (member.unread > 0, member.notified_from_seq) == (True, 0)
    assert service.told_to(phone)[-1]["unread"] == 1
    assert set(db.session.scalars(db.select(Notification.state))) == {"delivered"}


def test_two_people_in_one_browser_leave_one_subscription(clinic: Flask, patient: User, service: PushService) -> None:
    """The endpoint is the browser's: the last who signed in there hears, and nobody twice."""
    told = service.listener().told_to_the_clinic
    devices = [Device.register(user, "общий") for user in (patient, make_user("Пётр Петров"))]
    db.session.commit()
    ids = [device.id for device, _ in devices]

    def subscribe(number: int) -> None:
        device = db.session.get_one(Device, ids[number % 2])
        PushSubscription.begin(device, told["endpoint"], told["p256dh"], told["auth"])
        db.session.commit()

    at_once(clinic, 6, subscribe)
    assert len(db.session.scalars(db.select(PushSubscription)).all()) == 1


def test_one_summary_in_the_morning_however_many_workers(
    clinic: Flask, service: PushService, doctor: Doctor, patient: User
) -> None:
    desk = listen(service, doctor.user, "desk")
    minute = clock.now().astimezone(doctor.user.zone).hour * 60
    doctor.quiet_from, doctor.quiet_to = minute, (minute + 120) % 1440
    db.session.commit()
    for one in (patient, make_user("Пётр Петров"), make_user("Олег Олегов")):
        say(make_chat(one, doctor, days_left=2), one)
    run_due(PUSHES)
    assert service.arrivals == []
    later(hours=2, minutes=1)
    at_once(clinic, 4, lambda _: run_due(PUSHES))
    assert [told["title"] for told in service.told_to(desk)] == ["iBolit: новые сообщения"]
