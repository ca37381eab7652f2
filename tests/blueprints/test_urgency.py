"""Words of an emergency at every door: asked back once where somebody looks, else stored at once and told after it."""

from __future__ import annotations

import json
import re
from io import BytesIO

import pytest
from browser import Browser
from factories import make_chat, make_doctor, make_user
from flask import Flask
from live_socket import Listen

from ibolit.extensions import db
from ibolit.models import Chat, Doctor, Job, JobKind, Message, Notification, PushSubscription, Role, User
from ibolit.services import clock

URGENT, SUICIDE, CALM = "Сильно давит в груди, трудно дышать", "Не хочу больше жить", "Колено не болит, спасибо"
CARD, ANYWAY, LINES = "Похоже на неотложное состояние", "Всё равно отправить", "tel:88002000122"
ID = "abcdef123456"


def card_of(html: str) -> str:
    """What is seen of the card over the field; nothing where it is hidden."""
    found = re.search(r'<div class="urgent" [^>]*role="alert"( hidden)?>(.*?)</div>', html, re.DOTALL)
    assert found is not None
    return "" if found[1] else found[2]


def stored() -> list[tuple[str, str | None]]:
    db.session.remove()
    return list(db.session.execute(db.select(Message.text, Message.urgent_groups).order_by(Message.id)).tuples())


def is_marked(chat: Chat) -> bool:
    db.session.remove()
    return db.session.get_one(Chat, chat.id).is_urgent


def told() -> list[tuple[str, int]]:
    kinds = db.select(Notification.kind, Notification.user_id).order_by(Notification.id)
    return [(str(kind), user) for kind, user in db.session.execute(kinds).tuples()]


def post(browser: Browser, chat: Chat, text: str, *, htmx: bool = False, **more: str) -> tuple[int, str]:
    answer = browser.post(f"/chats/{chat.id}/messages", {"text": text, "client_id": ID} | more, htmx=htmx)
    return answer.status_code, answer.text


def test_plain_form_is_asked_back_once(as_patient: Browser, chat: Chat) -> None:
    """The page keeps what was typed; the same form with the other button sends it."""
    status, page = post(as_patient, chat, URGENT)
    assert (status, stored(), is_marked(chat)) == (200, [], False)
    card = card_of(page)
    assert CARD in card
    assert ANYWAY in card
    assert 'href="tel:103"' in card
    assert 'href="tel:112"' in card
    assert "Врач может прочитать не сразу" in card
    assert "голос и снимки" in card
    assert ">" + URGENT + "</textarea>" in page
    assert f'name="client_id" value="{ID}"' in page
    assert '<button class="button button--small" type="submit" name="warned" value="1">' in card
    assert post(as_patient, chat, URGENT, warned="1")[0] == 303
    assert stored() == [(URGENT, "chest_pain")]
    assert is_marked(chat)


def test_helplines_stand_there_for_who_speaks_of_suicide_alone(as_patient: Browser, chat: Chat) -> None:
    hidden = r'<p class="urgent__lines" hidden>'
    assert not re.search(hidden, card_of(post(as_patient, chat, SUICIDE)[1]))
    assert LINES in card_of(post(as_patient, chat, SUICIDE)[1])
    assert re.search(hidden, card_of(post(as_patient, chat, URGENT)[1]))


def test_files_of_a_form_that_is_asked_back_stay(as_patient: Browser, chat: Chat) -> None:
    sent: dict[str, object] = {"text": URGENT, "client_id": ID, "files": [(BytesIO("Давление 120".encode()), "a.txt")]}
    page = as_patient.post(f"/chats/{chat.id}/messages", sent).text
    assert CARD in card_of(page)
    assert 'name="uploads"' in page


@pytest.mark.parametrize("text", [CALM, "Боли в груди нет, одышки нет", "В прошлом году был инсульт"])
def test_what_speaks_of_none_goes_unasked(as_patient: Browser, chat: Chat, text: str) -> None:
    assert post(as_patient, chat, text)[0] == 303
    assert stored() == [(text, None)]
    assert not is_marked(chat)


def test_what_comes_from_the_queue_is_stored_at_once(as_patient: Browser, chat: Chat, doctor: Doctor) -> None:
    """htmx's form and the service worker's: its author may be looking elsewhere; the answer has the card after it."""
    status, answer = post(as_patient, chat, URGENT, htmx=True)
    assert status == 200
    assert f'data-client-id="{ID}"' in answer
    assert CARD in answer
    assert "Врач может прочитать не сразу" in answer
    assert stored() == [(URGENT, "chest_pain")]
    assert is_marked(chat)


def test_repeated_it_is_one_mark_and_one_job(as_patient: Browser, chat: Chat) -> None:
    assert post(as_patient, chat, URGENT, htmx=True)[1].split() == post(as_patient, chat, URGENT, htmx=True)[1].split()
    assert stored() == [(URGENT, "chest_pain")]
    assert len(db.session.scalars(db.select(Job).where(Job.kind == JobKind.URGENT_UNOPENED)).all()) == 1


def test_socket_stores_it_at_once_and_shows_the_card_after_it(
    listen: Listen, as_patient: Browser, as_doctor: Browser, chat: Chat
) -> None:
    phone, desk = listen(as_patient), listen(as_doctor)
    assert "data-ready" in str(phone.next())
    assert "data-ready" in str(desk.next())
    phone.say(json.dumps({"kind": "send", "chat": chat.id, "text": URGENT, "client_id": ID}))
    own, ack, other = str(phone.next()), str(phone.next()), str(desk.next())
    assert 'data-status="200"' in ack
    assert CARD in own
    assert CARD not in other
    assert "Похоже на неотложное" in other
    assert "Срочно" in other
    assert stored() == [(URGENT, "chest_pain")]


@pytest.mark.parametrize("warned", [False, True])
def test_who_has_just_seen_the_card_gets_no_push(
    listen: Listen, as_patient: Browser, chat: Chat, warned: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PushSubscription, "reaches", lambda _id: True)
    phone = listen(as_patient)
    phone.next()
    said = {"kind": "send", "chat": chat.id, "text": URGENT, "client_id": ID, "warned": warned}
    phone.say(json.dumps(said))
    assert 'data-status="200"' in str(phone.next()) + str(phone.next())
    db.session.remove()
    assert (("urgent_sent", chat.patient_id) in told()) is not warned


def test_doctors_words_raise_nothing(as_doctor: Browser, chat: Chat) -> None:
    assert post(as_doctor, chat, "Если давит в груди и трудно дышать, звоните 103")[0] == 303
    assert stored()[0][1] is None
    assert "data-urgent-words" not in as_doctor.get(f"/chats/{chat.id}").text


def test_closed_chat_says_so_first(as_patient: Browser, doctor: Doctor, patient: User) -> None:
    chat = make_chat(patient, doctor, days_left=-1)
    status, page = post(as_patient, chat, URGENT)
    assert status == 409
    assert "Время общения истекло" in page
    assert "Срочно? " in page


def test_answer_takes_the_mark_away_and_the_card(as_patient: Browser, as_doctor: Browser, chat: Chat) -> None:
    post(as_patient, chat, URGENT, htmx=True)
    assert "Срочно" in as_doctor.get("/messages").text
    assert CARD in as_patient.get(f"/chats/{chat.id}").text.partition('class="foot"')[0]
    assert "Похоже на неотложное" in as_doctor.get(f"/chats/{chat.id}").text
    assert post(as_doctor, chat, "Вызывайте 103 сейчас", htmx=True)[0] == 200
    assert not is_marked(chat)
    assert CARD not in as_patient.get(f"/chats/{chat.id}").text.partition('class="foot"')[0]
    assert "Срочно" not in as_doctor.get("/messages").text


def test_patient_sees_no_mark_in_the_list(as_patient: Browser, chat: Chat) -> None:
    post(as_patient, chat, URGENT, htmx=True)
    assert "Срочно" not in as_patient.get("/messages").text


def test_page_brings_the_words_after_the_chat(as_patient: Browser, chat: Chat) -> None:
    """An address by which the kept copy has them as well (sw-page-cache.js keeps all /assets/ of a page)."""
    page = as_patient.get(f"/chats/{chat.id}").text
    (address,) = re.findall(r'data-urgent-words="(/assets/urgent\.[0-9a-f]{12}\.js)"', page)
    assert f'src="{address}"' not in page
    assert "ibolit.urgentWords" in as_patient.get(address).text
    assert "data-urgent-more" not in page


def test_office_reads_whose_message_nobody_opened_and_none_of_its_words(
    clinic: Flask, as_patient: Browser, chat: Chat, doctor: Doctor
) -> None:
    as_operator = Browser(clinic, make_user("Операторова Ольга", Role.OPERATOR))
    names = doctor.user.name, chat.patient.name
    post(as_patient, chat, URGENT, htmx=True)
    assert "Срочное сообщение" not in as_operator.get("/operator").text
    clock.shift(15 * 60 + 1)
    page = as_operator.get("/operator").text
    assert "Срочное сообщение не открыто" in page
    assert all(name in page for name in names)
    assert "груди" not in page
    chat = db.session.get_one(Chat, chat.id)
    chat.update_receipts(chat.doctor.user, delivered_to=1, read_to=1)
    db.session.commit()
    assert "Срочное сообщение" not in as_operator.get("/operator").text


def test_hidden_doctors_page_says_whom_to_call(as_patient: Browser, clinic: Flask) -> None:
    doctor = make_doctor("Вебер Людмила Карловна", tariffs=0)
    page = as_patient.get(f"/doctors/{doctor.id}").text
    assert "Врач сейчас не принимает сообщения" in page
    assert re.search(r'Срочно\? <a href="tel:103">103</a> или <a href="tel:112">112</a>', page)


def test_stranger_neither_reads_nor_marks_it(clinic: Flask, chat: Chat, stranger: User) -> None:
    as_stranger = Browser(clinic, stranger)
    assert post(as_stranger, chat, URGENT)[0] == 404
    assert post(as_stranger, chat, URGENT, htmx=True)[0] == 404
    assert not is_marked(chat)
