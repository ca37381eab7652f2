"""A message over the page's socket: the same rules, words and rows as by its form, and who may be there, each time."""

from __future__ import annotations

import json
import re
import sqlite3
import unicodedata
from datetime import timedelta
from threading import Event

import pytest
from browser import Browser
from factories import later, make_chat, make_doctor, make_user, outdate, say
from flask import Flask
from live_socket import Listen
from queries import Queries
from sockets.live import Visitor
from sqlalchemy.exc import OperationalError
from started_consultations import consultation_in_progress

from ibolit.blueprints.live import socket as live
from ibolit.blueprints.live import watch
from ibolit.extensions import db
from ibolit.models import Chat, Device, Doctor, Message, User
from ibolit.services import Services, clock
from ibolit.services.realtime import CloseCode, SocketQueue

ACK = re.compile(r'<i data-ack="([^"]*)" data-status="(\d+)" hidden></i>', re.ASCII)
TOKEN = re.compile(r'(csrf_token"[^>]* value=")[^"]*')
PATIENCE = 30.0  # seconds in which whatever is waited for has happened


def opened(listen: Listen, browser: Browser) -> Visitor:
    visitor = listen(browser)
    assert "data-ready" in str(visitor.next())
    return visitor


def frame(chat: int, text: object, client_id: object = "abcdef123456", **more: object) -> str:
    return json.dumps({"kind": "send", "chat": chat, "text": text, "client_id": client_id} | more)


def answer(visitor: Visitor, said: str) -> tuple[int, str]:
    """The status and the HTML of the acknowledgement; what else comes before it is read over."""
    visitor.say(said)
    while (told := visitor.next()) is not None:
        if found := ACK.match(told):
            assert found[1] == json.loads(said)["client_id"]
            return int(found[2]), told[found.end() :]
    raise AssertionError(f"the socket ended with {visitor.close_code}")


def texts() -> list[str]:
    db.session.remove()
    return list(db.session.scalars(db.select(Message.text).order_by(Message.id)))


def test_message_is_acknowledged_and_shown_to_both(
    listen: Listen, as_patient: Browser, as_doctor: Browser, chat: Chat
) -> None:
    """To its author in the same words as by the form, also on their other screen."""
    phone, desktop, doctor = opened(listen, as_patient), opened(listen, as_patient), opened(listen, as_doctor)
    phone.say(frame(chat.id, "Болит голова"))
    shown, ack = str(phone.next()), str(phone.next())
    assert "Болит голова" in shown
    assert 'data-client-id="abcdef123456"' in shown
    assert ack == '<i data-ack="abcdef123456" data-status="200" hidden></i>'
    assert shown == desktop.next()
    assert "Болит голова" in str(doctor.next())
    assert texts() == ["Болит голова"]


def test_message_quotes_another(listen: Listen, as_patient: Browser, chat: Chat, doctor: Doctor) -> None:
    seq = say(chat, doctor.user, "Где болит?").seq
    assert answer(opened(listen, as_patient), frame(chat.id, "Здесь", quoted=seq)) == (200, "")
    db.session.remove()
    assert db.session.scalars(db.select(Message.quoted_seq).order_by(Message.id)).all() == [None, seq]


@pytest.mark.parametrize("first", ["socket", "form"])
def test_message_that_is_repeated_is_the_same_by_both_ways(
    listen: Listen, as_patient: Browser, chat: Chat, first: str
) -> None:
    """The page hears no answer and goes the other way; the second answer brings the bubble."""
    visitor, form = opened(listen, as_patient), {"text": "Болит", "client_id": "abcdef123456"}
    answers = []
    for way in ("socket", "form") if first == "socket" else ("form", "socket"):
        if way == "socket":
            answers.append(answer(visitor, frame(chat.id, "Болит")))
        else:
            sent = as_patient.post(f"/chats/{chat.id}/messages", form, htmx=True)
            answers.append((sent.status_code, sent.text))
    again = answer(visitor, frame(chat.id, "Болит"))
    assert [status for status, _ in answers] == [200, 200]
    assert again[0] == 200
    assert 'data-client-id="abcdef123456"' in again[1]
    assert answers[1][1].split() == again[1].split()
    assert texts() == ["Болит"]


def test_same_id_with_other_words_is_another_message(listen: Listen, as_patient: Browser, chat: Chat) -> None:
    visitor = opened(listen, as_patient)
    for words in ("Болит", "Прошло", "Прошло"):
        assert answer(visitor, frame(chat.id, words))[0] == 200
    assert texts() == ["Болит", "Прошло"]


REFUSED: dict[str, dict[str, object]] = {
    "nothing": {"text": ""},
    "blanks": {"text": " \n\u200b"},
    "too long": {"text": "ж" * 4001},
    "an id that is none": {"client_id": "?<b>"},
    "a quote of nothing": {"quoted": 77},
    "a quote before the first": {"quoted": 0},
    "a quote beyond any row": {"quoted": 2**40},
    "a quote below": {"quoted": -3},
}


@pytest.mark.parametrize("wrong", REFUSED.values(), ids=REFUSED.keys())
def test_refusal_has_the_words_of_the_form(
    listen: Listen, as_patient: Browser, chat: Chat, wrong: dict[str, object]
) -> None:
    """Next to the composer, with what was typed; and the form that comes back is believed."""
    typed: dict[str, object] = {"text": "Болит", "client_id": "abcdef123456"} | wrong
    by_form = as_patient.post(f"/chats/{chat.id}/messages", typed, htmx=True)
    visitor = opened(listen, as_patient)
    visitor.say(json.dumps({"kind": "send", "chat": chat.id} | typed, ensure_ascii=False))
    told = str(visitor.next())
    foot = told.partition("</i>")[2]
    assert f'data-status="{by_form.status_code}"' in told
    assert by_form.status_code == 422
    assert TOKEN.sub(r"\1", foot) == TOKEN.sub(r"\1", by_form.text)
    token = re.search(r'csrf_token"[^>]* value="([^"]+)"', foot)
    assert token is not None
    sent = as_patient.open(
        f"/chats/{chat.id}/messages",
        method="POST",
        data={"text": "Снова", "client_id": "abcdef123457", "csrf_token": token[1]},
    )
    assert sent.status_code == 303
    assert texts() == ["Снова"]


@pytest.mark.parametrize("days_left", [-1, None])
def test_closed_chat_says_what_its_form_says(
    listen: Listen, clinic: Flask, patient: User, days_left: int | None
) -> None:
    chat, browser = make_chat(patient, make_doctor("Петров Пётр", free_days=0), days_left=days_left), None
    browser = Browser(clinic, patient)
    by_form = browser.post(f"/chats/{chat.id}/messages", {"text": "Ещё", "client_id": "abcdef123456"}, htmx=True)
    status, foot = answer(opened(listen, browser), frame(chat.id, "Ещё"))
    assert status == by_form.status_code == 409
    assert TOKEN.sub(r"\1", foot) == TOKEN.sub(r"\1", by_form.text)
    assert "Ещё" in foot
    assert texts() == []


def test_longest_text_comes_whole_however_it_is_written(listen: Listen, as_patient: Browser, chat: Chat) -> None:
    """A phone may write each letter as three signs."""
    visitor = opened(listen, as_patient)
    for number, letter in enumerate("жǻ\U0001f98a"):
        text = unicodedata.normalize("NFD", letter * 4000)
        said = json.dumps(
            {"kind": "send", "chat": chat.id, "text": text, "client_id": f"longest-{number}"}, ensure_ascii=False
        )
        assert len(said) <= live.LONGEST
        assert answer(visitor, said)[0] == 200
    assert [len(text) for text in texts()] == [4000, 4000, 4000]


def test_half_a_letter_is_stored_as_a_sign_that_is_one(listen: Listen, as_patient: Browser, chat: Chat) -> None:
    said = frame(chat.id, "👍 \ud83d!")
    assert answer(opened(listen, as_patient), said)[0] == 200
    assert texts() == ["👍 \ufffd!"]


# Who may be there


def test_foreign_chat_is_answered_as_a_missing_one(
    listen: Listen, as_patient: Browser, clinic: Flask, doctor: Doctor
) -> None:
    foreign = make_chat(make_user("Борис Орлов"), doctor, days_left=2)
    visitor = opened(listen, as_patient)
    for chat_id in (foreign.id, 909090, 0, -1, 10**30):
        assert answer(visitor, frame(chat_id, "Тук-тук")) == (404, "")
    assert texts() == []


def ended(user_id: int) -> None:
    """By another process: no fact comes here."""
    db.session.execute(db.delete(Device).where(Device.user_id == user_id))
    db.session.commit()


def too_old(_user_id: int) -> None:
    later(days=91)


def over(user_id: int) -> None:
    device = db.session.scalars(db.select(Device).where(Device.user_id == user_id)).one()
    device.ends_at = clock.now()
    db.session.commit()


def new_version(user_id: int) -> None:
    outdate(db.session.get_one(User, user_id))


@pytest.mark.parametrize("done", [ended, too_old, over, new_version])
def test_who_may_not_be_there_any_more_is_out_with_the_next_message(
    listen: Listen, as_patient: Browser, patient: User, chat: Chat, done
) -> None:
    """Signed out, too old, a guest whose time is over, or asked for the consent; the form leads away as well."""
    visitor = opened(listen, as_patient)
    done(patient.id)
    visitor.say(frame(chat.id, "Я ещё здесь"))
    assert visitor.next() is None
    assert visitor.close_code == CloseCode.SIGNED_OUT
    form = {"text": "Я ещё здесь", "client_id": "abcdef123456"}
    by_form = as_patient.post(f"/chats/{chat.id}/messages", form)
    assert (by_form.status_code, by_form.location.partition("?")[0]) == (303, asks_first(done))
    assert texts() == []


def asks_first(done) -> str:
    return "/consent" if done is new_version else "/login"


def test_who_is_asked_for_the_consent_hears_nothing_more(as_patient: Browser, patient: User, chat: Chat) -> None:
    """The day of a new version has come while the page was open: its socket ends with the next look at it."""
    assert as_patient.device is not None
    of_all = SocketQueue(patient.id, as_patient.device.id)
    of_one = SocketQueue(patient.id, as_patient.device.id, chat.id)
    assert [watch.look_at_one(of_all), watch.look_at_one(of_one)] == [True, True]
    new_version(patient.id)
    assert [watch.look_at_one(of_all), watch.look_at_one(of_one)] == [False, False]
    consultation_in_progress(db.session.get_one(Chat, chat.id))
    assert [watch.look_at_one(of_all), watch.look_at_one(of_one)] == [False, True]


def test_open_consultation_goes_on_without_the_new_consent(
    listen: Listen, as_patient: Browser, patient: User, chat: Chat
) -> None:
    """What was agreed under the old version is seen to its end, there alone."""
    consultation_in_progress(chat)
    other = make_chat(patient, make_doctor("Петров Пётр"), days_left=2)
    outdate(patient)
    visitor = opened(listen, as_patient)
    assert answer(visitor, frame(other.id, "Не сюда")) == (404, "")
    assert answer(visitor, frame(chat.id, "Слышу вас"))[0] == 200
    assert "Слышу вас" in texts()
    assert "Не сюда" not in texts()


def test_guest_device_writes_into_its_consultation_alone(
    listen: Listen, as_patient: Browser, patient: User, chat: Chat
) -> None:
    consultation = consultation_in_progress(chat)
    other = make_chat(patient, make_doctor("Петров Пётр"), days_left=2)
    assert as_patient.device is not None
    db.session.get_one(Device, as_patient.device.id).restrict_to(consultation.id, consultation.closes_at)
    db.session.commit()
    visitor = opened(listen, as_patient)
    for chat_id in (other.id, 909090):
        assert answer(visitor, frame(chat_id, "Не сюда")) == (404, "")
    assert answer(visitor, frame(chat.id, "Слышу вас"))[0] == 200
    assert "Слышу вас" in texts()
    assert "Не сюда" not in texts()


def test_device_that_became_a_guest_is_confined_at_once(
    listen: Listen, as_patient: Browser, patient: User, chat: Chat
) -> None:
    """Its socket was opened for all."""
    consultation = consultation_in_progress(chat)
    other = make_chat(patient, make_doctor("Петров Пётр"), days_left=2)
    visitor = opened(listen, as_patient)
    assert as_patient.device is not None
    db.session.get_one(Device, as_patient.device.id).restrict_to(consultation.id, consultation.closes_at)
    db.session.commit()
    assert answer(visitor, frame(other.id, "Не сюда")) == (404, "")


def test_stand_in_writes_until_the_minute_of_the_return(listen: Listen, clinic: Flask, chat: Chat) -> None:
    """The socket stays; their place in the chat has ended."""
    colleague = make_doctor("Петров Пётр")
    chat.open_to(colleague.user, clock.now() + timedelta(minutes=1), 0)
    db.session.commit()
    visitor = opened(listen, Browser(clinic, colleague.user))
    assert answer(visitor, frame(chat.id, "Отвечаю за коллегу"))[0] == 200
    later(minutes=1)
    assert answer(visitor, frame(chat.id, "И ещё одно", "abcdef654321")) == (404, "")
    assert texts() == ["Отвечаю за коллегу"]


# What is no message of ours


@pytest.mark.parametrize(
    "said",
    [
        "", "{", "null", "7", '"send"', "[]", "{}", "[" * 9000, "{" * 9000, "1" * 9000, "\x00", "Здравствуйте",
        '{"kind": "send"}', '{"kind": ["send"], "client_id": "abcdef123456"}', '{"kind": "offer", "body": {}}',
        '{"kind": "send", "client_id": 7}', '{"kind": "send", "client_id": ""}',
        '{"kind": "send", "client_id": "' + "a" * 65 + '"}',
    ],
)  # fmt: skip
def test_what_is_not_understood_is_not_answered(listen: Listen, as_patient: Browser, chat: Chat, said: str) -> None:
    visitor = opened(listen, as_patient)
    visitor.say(said)
    assert answer(visitor, frame(chat.id, "Болит"))[0] == 200
    assert texts() == ["Болит"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"chat": "1"}, {"chat": True}, {"chat": None}, {"chat": 1.0}, {"chat": [1]}, {"text": None}, {"text": 5},
        {"text": ["a"]}, {"text": {}}, {"quoted": "1"}, {"quoted": True}, {"quoted": 1.5}, {"quoted": []},
    ],
)  # fmt: skip
def test_wrong_types_are_refused_and_the_socket_stays(
    listen: Listen, as_patient: Browser, chat: Chat, wrong: dict[str, object]
) -> None:
    visitor = opened(listen, as_patient)
    typed = {"kind": "send", "chat": chat.id, "text": "Болит", "client_id": "abcdef123456"}
    assert answer(visitor, json.dumps(typed | wrong)) == (400, "")
    assert answer(visitor, json.dumps(typed))[0] == 200
    assert texts() == ["Болит"]


def test_id_cannot_forge_an_acknowledgement(listen: Listen, as_patient: Browser, chat: Chat) -> None:
    visitor = opened(listen, as_patient)
    visitor.say(frame(chat.id, "Болит", '"><b>\ud800'))
    assert str(visitor.next()).startswith('<i data-ack="&#34;&gt;&lt;b&gt;\ufffd" data-status="422" hidden></i>')


def test_frame_that_is_too_long_ends_the_socket(listen: Listen, as_patient: Browser, chat: Chat) -> None:
    visitor = opened(listen, as_patient)
    visitor.say(frame(chat.id, "a" * live.LONGEST))
    assert visitor.wait_closed() == 1009
    assert texts() == []


# What goes wrong


def test_slow_message_keeps_back_nothing_that_is_delivered(
    listen: Listen,
    as_patient: Browser,
    patient: User,
    chat: Chat,
    services: Services,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    visitor, begun, goes_on, post = opened(listen, as_patient), Event(), Event(), Chat.post

    def slowly(*args, **more):
        begun.set()
        assert goes_on.wait(PATIENCE)
        return post(*args, **more)

    monkeypatch.setattr(Chat, "post", slowly)
    visitor.say(frame(chat.id, "Долго"))
    assert begun.wait(PATIENCE)
    services.realtime.publish(patient.id, "<i>one</i>")
    services.realtime.publish(patient.id, "<i>two</i>")
    assert [visitor.next(), visitor.next()] == ["<i>one</i>", "<i>two</i>"]
    goes_on.set()
    told = [str(visitor.next()), str(visitor.next())]
    assert ["Долго" in told[0], ACK.match(told[1]) is not None] == [True, True]


def test_database_that_is_away_is_told_and_the_socket_stays(
    listen: Listen, as_patient: Browser, chat: Chat, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_args, **_more):
        raise OperationalError("INSERT", None, sqlite3.OperationalError("database is locked"))

    visitor = opened(listen, as_patient)
    with monkeypatch.context() as broken:
        broken.setattr(Chat, "post", away)
        assert answer(visitor, frame(chat.id, "Болит")) == (503, "")
    assert answer(visitor, frame(chat.id, "Болит"))[0] == 200
    assert texts() == ["Болит"]


def test_error_of_ours_ends_the_socket_and_logs_no_words(
    listen: Listen, as_patient: Browser, chat: Chat, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The page goes on by the form."""

    def broken(*_args, **_more):
        raise LookupError("Болит голова")

    monkeypatch.setattr(Chat, "post", broken)
    visitor = opened(listen, as_patient)
    visitor.say(frame(chat.id, "Болит голова"))
    assert visitor.wait_closed() == CloseCode.BROKEN
    assert "LookupError" in caplog.text
    assert "Болит" not in caplog.text
    assert texts() == []


# What it costs


def test_questions_a_message_asks_of_the_database(
    clinic: Flask, as_patient: Browser, chat: Chat, patient: User, doctor: Doctor, services: Services
) -> None:
    """Both look on; the same whatever stands in the chat already."""
    screens = [services.realtime.open(user.id, 0) for user in (patient, doctor.user)]
    assert as_patient.device is not None
    queue, counts = SocketQueue(patient.id, as_patient.device.id), []
    number = 0
    try:
        for rows in (1, 40):
            for _ in range(rows):
                say(chat, doctor.user)
            chat_id = chat.id
            db.session.remove()
            for way in (by_socket, by_form, by_socket, by_form):
                number += 1
                with Queries() as queries:
                    way(clinic, as_patient, queue, chat_id, f"Болит {number}")
                counts.append((way.__name__, len(queries)))
    finally:
        for screen in screens:
            services.realtime.close(screen)
    row_lock = db.engine.dialect.name == "postgresql"  # where whoever may write is not alone
    assert set(counts[2:]) == {("by_socket", MOST_BY_SOCKET + row_lock), ("by_form", MOST_BY_FORM + row_lock)}
    assert len(texts()) == 41 + 8


# One of them for the doctor who looks on: the numbers over their list.
MOST_BY_SOCKET = 6
MOST_BY_FORM = 7


def by_socket(clinic: Flask, browser: Browser, queue: SocketQueue, chat_id: int, text: str) -> None:
    with clinic.test_request_context("/live") as handshake:
        live._hear(queue, handshake, frame(chat_id, text, f"abcdef-{text[-1]}-0001"))
    assert 'data-status="200"' in str(queue.take())


def by_form(clinic: Flask, browser: Browser, queue: SocketQueue, chat_id: int, text: str) -> None:
    headers = {"X-CSRFToken": browser.token(), "HX-Request": "true"}
    form = {"text": text, "client_id": f"abcdef-{text[-1]}-0001"}
    assert browser.open(f"/chats/{chat_id}/messages", method="POST", data=form, headers=headers).status_code == 200
