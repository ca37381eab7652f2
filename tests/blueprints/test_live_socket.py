"""The door of /live over a real socket: who may listen, what is said first, when it ends."""

from __future__ import annotations

import re
import threading

import pytest
from browser import Browser
from factories import later, make_chat, make_doctor, make_user, outdate, say
from flask import Flask
from live_socket import Listen
from started_consultations import consultation_in_progress

from ibolit.extensions import db
from ibolit.models import Chat, Device, Doctor, User
from ibolit.services import Services
from ibolit.services.realtime import CloseCode, SocketQueue


def test_listener_hears_that_he_is_heard_and_then_the_news(
    listen: Listen, as_doctor: Browser, chat: Chat, patient: User
) -> None:
    client = listen(as_doctor)
    assert "data-ready" in str(client.next())
    say(chat, patient, "Болит голова")
    assert "Болит голова" in str(client.next())


def test_first_word_has_the_badge_and_names_the_device(
    listen: Listen, as_doctor: Browser, chat: Chat, patient: User
) -> None:
    """What was unread when the socket was away; and whether the page is still this person's."""
    say(chat, patient, "Болит голова")
    words = str(listen(as_doctor).next())
    assert as_doctor.device is not None
    assert f'data-device="{as_doctor.device.id}"' in words
    assert re.search(r'id="badge" class="badge">1<', words)


def test_first_word_knows_what_was_said_while_the_socket_opened(
    clinic: Flask, listen: Listen, as_doctor: Browser, chat: Chat, patient: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    realtime = clinic.extensions["ibolit_services"].realtime
    open_socket = realtime.open

    def meanwhile() -> None:
        with clinic.app_context():
            say(chat, patient, "Болит голова")
            db.session.remove()

    def open_late(*who: int) -> SocketQueue:
        other = threading.Thread(target=meanwhile)
        other.start()
        other.join()
        return open_socket(*who)

    monkeypatch.setattr(realtime, "open", open_late)
    assert 'id="badge" class="badge">1<' in str(listen(as_doctor).next())


def test_visitor_is_sent_to_sign_in(listen: Listen, visitor: Browser) -> None:
    assert listen(visitor).wait_closed() == CloseCode.SIGNED_OUT


def test_foreign_pages_may_not_listen(listen: Listen, as_patient: Browser) -> None:
    assert listen(as_patient, Origin="https://evil.example").status == 403


def test_ended_device_hears_nothing_more(listen: Listen, as_patient: Browser, chat: Chat, doctor: Doctor) -> None:
    client = listen(as_patient)
    client.next()
    as_patient.post("/logout")
    say(chat, doctor.user, "Как вы?")
    assert client.wait_closed() == CloseCode.SIGNED_OUT


def test_listening_is_presence(listen: Listen, as_patient: Browser, patient: User) -> None:
    later(seconds=61)
    listen(as_patient).next()
    db.session.remove()
    seen = db.session.get_one(User, patient.id).seen_at
    assert seen is not None
    assert db.session.scalars(db.select(Device.seen_at)).one() == seen


def test_who_did_not_consent_yet_hears_nothing(listen: Listen, clinic: Flask) -> None:
    newcomer = make_user("Новенький", consented=False)
    assert listen(Browser(clinic, newcomer)).wait_closed() == CloseCode.SIGNED_OUT


def test_eleventh_screen_of_one_person_comes_later(
    listen: Listen, as_patient: Browser, patient: User, services: Services
) -> None:
    others = [services.realtime.open(patient.id, 0) for _ in range(10)]
    try:
        assert listen(as_patient).wait_closed() == CloseCode.TRY_AGAIN_LATER
    finally:
        for queue in others:
            services.realtime.close(queue)


def test_socket_of_a_call_says_first_who_leads(listen: Listen, as_doctor: Browser, chat: Chat) -> None:
    """What else it does is asked of a server of its own (tests/sockets/test_calls.py)."""
    words = str(
        listen(as_doctor, f"/consultations/{consultation_in_progress(chat).id}/signal?page=page-0001-0001").next()
    )
    assert '"kind": "welcome"' in words or '"kind":"welcome"' in words
    assert '"leads": true' in words or '"leads":true' in words


def test_socket_asks_as_the_pages_do(listen: Listen, as_patient: Browser, patient: User, chat: Chat) -> None:
    """A document has a new version, which is not accepted yet."""
    outdate(patient)
    assert listen(as_patient).wait_closed() == CloseCode.SIGNED_OUT


def test_socket_tells_of_the_open_consultation_alone(
    listen: Listen, as_patient: Browser, patient: User, doctor: Doctor, chat: Chat
) -> None:
    consultation_in_progress(chat)
    petrov = make_doctor("Петров Пётр")
    other, his, hers = make_chat(patient, petrov, days_left=2), petrov.user, doctor.user
    outdate(patient)
    visitor = listen(as_patient)
    assert visitor.status == 101
    assert "data-device" in (visitor.next() or "")
    say(other, his, "Анализы готовы")
    say(chat, hers, "Слышу вас")
    heard = ""
    while "Слышу вас" not in heard:
        heard += visitor.next() or ""
    assert "Анализы готовы" not in heard
